"""The commands for authors of katas."""

from __future__ import annotations

import typer

app = typer.Typer()
