"""`mqkata up`, `down`, `ps` and `logs`."""

from __future__ import annotations

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from pytest_mqkata.brokers import TITLES
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.cli.progress import RichListener
from pytest_mqkata.processes.child import tail
from pytest_mqkata.supervisor.client import ask_all
from pytest_mqkata.supervisor.place import logs_folder
from pytest_mqkata.supervisor.wire import ServerRecord


def bring_up(broker: str, idle: float) -> None:
    """Have a warm server of `broker` that stays up `idle` seconds after its last use."""
    console = Console(highlight=False)
    with RichListener(console) as listener:
        session = Session(listener, idle=idle)
        try:
            record = session.take(broker).record
        finally:
            session.close()
    console.print(f"It stays up {_duration(idle)} after its last use. Now: [bold]pytest katas/{broker}/01[/bold]")
    console.print(f"Log: {record.log}", style="dim", soft_wrap=True)


def take_down(brokers: list[str] | None, force: bool) -> None:
    """End warm servers of `brokers` (None: all); held ones only with `force`."""
    console = Console(highlight=False)
    ended = []
    for broker in brokers or (None,):
        for answer in ask_all(op="down", broker=broker, force=force):
            ended += [ServerRecord.from_json(data) for data in answer]
    for record in ended:
        console.print(f"{record.product or TITLES[record.broker]} {record.version} (PID {record.pid}) has ended.")
    held = [record for record in _running() if record.leases and brokers in (None, [record.broker])]
    if held and not force:
        names = ", ".join(sorted({TITLES[record.broker] for record in held}))
        console.print(f"{names}: in use by a test run, left alone. To end it all the same: mqkata down --force")
    elif not ended:
        console.print("Nothing was running.")


def show_running() -> None:
    """A table of all servers."""
    console = Console(highlight=False)
    records = _running()
    if not records:
        console.print("No broker is running. `mqkata up BROKER` starts one; so does a kata that needs it.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Broker", "Version", "Address", "PID", "State"):
        table.add_column(column, no_wrap=column != "State")
    for record in records:
        address = f"127.0.0.1:{record.ports.get('client', 0)}"
        table.add_row(record.product or TITLES[record.broker], record.version, address, str(record.pid), _state(record))
    console.print(table)


def show_log(broker: str, lines: int, path_only: bool) -> None:
    """The end of the newest log of `broker`."""
    files = sorted(logs_folder().glob(f"{broker}-*.log"), key=lambda file: file.stat().st_mtime)
    if not files:
        typer.echo(f"{TITLES[broker]} has no log yet: it was never started here. `mqkata up {broker}` starts it.")
        raise typer.Exit(3)
    typer.echo(str(files[-1]))
    if not path_only:
        typer.echo(tail(files[-1], lines, most_bytes=max(20_000, lines * 400)))


def _running() -> list[ServerRecord]:
    return [ServerRecord.from_json(data) for answer in ask_all(op="ps") for data in answer]


def _state(record: ServerRecord) -> str:
    if not record.alive:
        return "stopped"
    if record.leases:
        return "in use" if record.leases == 1 else f"in use by {record.leases} runs"
    if record.idle_since:
        return f"warm, ends in {_duration(max(0.0, record.idle - record.idle_since))}"
    return "warm, for the next test"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.3g} h"
