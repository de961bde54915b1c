"""The command `mqkata`, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Done:
    status: int
    out: str
    err: str


def mqkata(*arguments: str, cwd: Path | None = None, columns: int = 120) -> Done:
    """Run the command and wait for its end; it is no terminal, `columns` wide."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_mqkata.cli.app", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
