"""`mqkata doctor`: does each broker work on this machine, and if not, what mends it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import psutil
from rich.console import Console

from pytest_mqkata.brokers import TITLES, TOOLS
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.cli.progress import RichListener
from pytest_mqkata.errors import MqkataError
from pytest_mqkata.provision.cache import cache_root

_GIB = 1024**3
_NEEDED = 0.8  # GiB that all four brokers and the tools take in the cache
_USES = {"rabbitmq": ("prometheus",)}  # the tools that a broker's katas use


def examine(brokers: list[str]) -> bool:
    """Report on the machine and on each broker. True if all of them work."""
    console = Console(highlight=False)
    _machine(console)
    session = None
    fine = True
    for broker in brokers:
        with RichListener(console) as listener:
            session = Session(listener)
            try:
                fine = _broker(console, session, broker) and fine
            finally:
                session.close()
    for tool in dict.fromkeys(tool for broker in brokers for tool in _USES.get(broker, ())):
        with RichListener(console) as listener:
            fine = _tool(console, Session(listener), tool) and fine
    if fine:
        console.print("[bold]All works here.[/bold] Begin with: pytest katas/redis/01 (or rabbitmq, kafka, nats)")
    else:
        console.print("[bold]The others work without what is missing above.[/bold]")
    return fine


def _machine(console: Console) -> None:
    memory = psutil.virtual_memory()
    console.print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()} ({sys.executable})")
    console.print(
        f"memory: {memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free, {os.cpu_count()} cores"
    )
    root = cache_root()
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / _GIB
    style = "red" if free < _NEEDED else ""
    console.print(f"cache: {root} ({free:.1f} GiB free; all brokers take {_NEEDED} GiB)", style=style, soft_wrap=True)
    packages = []
    for name in ("pytest", "hypothesis", "pika", "kafka-python", "nats-py", "redis"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} [yellow]missing[/yellow]")
    console.print("packages: " + ", ".join(packages))


def _tool(console: Console, session: Session, tool: str) -> bool:
    try:
        found = session.installation(tool)
    except MqkataError as problem:
        console.print(f"[red]✘[/red] {TOOLS[tool]}, for the monitoring katas: {problem}", soft_wrap=True)
        return False
    finally:
        session.close()
    console.print(f"[green]✔[/green] {TOOLS[tool]} {found.version} ({found.source}), for the monitoring katas")
    return True


def _broker(console: Console, session: Session, broker: str) -> bool:
    title = TITLES[broker]
    try:
        lease = session.take(broker)
        begun = time.monotonic()
        module = import_module(f"pytest_mqkata.brokers.{broker}")
        module.round_trip(lease)
        console.print(f"  one message round: {(time.monotonic() - begun) * 1000:.0f} ms")
    except MqkataError as problem:
        console.print(f"[red]✘[/red] {title}: {problem}", soft_wrap=True)
        return False
    except ImportError as error:
        console.print(f"[red]✘[/red] {title}: its Python client is missing ({error.name}).")
        console.print(f"  pip install 'mqkata\\[{broker}]'")
        return False
    except Exception as error:
        console.print(f"[red]✘[/red] {title} started but did not carry a message: {type(error).__name__}: {error}")
        return False
    return True
