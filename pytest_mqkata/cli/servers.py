"""`mqkata up`, `down`, `ps` and `logs`."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import psutil
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from pytest_mqkata.brokers import TITLES, TOOLS, title_of
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.cli.progress import RichListener
from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.processes.child import tail
from pytest_mqkata.supervisor.client import ask_all
from pytest_mqkata.supervisor.place import logs_folder
from pytest_mqkata.supervisor.wire import ServerRecord

FAULTS = {
    "kill": "its process was killed (SIGKILL); nothing was flushed",
    "stop": "it was stopped gracefully",
    "pause": "it is paused (SIGSTOP): its connections stay open, it answers nothing",
    "resume": "it goes on (SIGCONT)",
    "start": "it runs again, on the same ports and data",
}
"""What can be done to a node, and what then holds."""

_PAGES = {
    "management": "Management UI (user and password guest): http://127.0.0.1:{port}",
    "prometheus": "Metrics: http://127.0.0.1:{port}/metrics",
    "monitoring": "Monitoring: http://127.0.0.1:{port}",
}
"""What a browser can look at, by the name of the port."""


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
    for name, page in _PAGES.items():
        if port := record.ports.get(name):
            console.print(page.format(port=port), soft_wrap=True)
    console.print(f"Log: {record.log}", style="dim", soft_wrap=True)


def bring_up_cluster(broker: str, kind: str, idle: float) -> None:
    """Have a warm cluster of `broker` that stays up `idle` seconds after its last use."""
    console = Console(highlight=False)
    with RichListener(console) as listener:
        session = Session(listener, idle=idle)
        try:
            lease = session.take_cluster(broker, kind, keep=False)
            name = lease.record.nodes[-1].name
            lease.give(untouched=True)
        finally:
            session.close()
    console.print(
        f"It stays up {_duration(idle)} after its last use. Let a node fail: [bold]mqkata fault kill {name}[/]"
    )


def do_fault(action: str, node: str) -> None:
    """Kill, stop, pause, resume or start a node of a warm cluster that no run holds."""
    console = Console(highlight=False)
    answers = [answer for answer in ask_all(op="fault", node=node, action=action) if answer]
    if not answers:
        names = [record.name for record in _running() if record.cluster]
        known = (
            f"There are: {', '.join(names)}." if names else "No cluster runs: mqkata up BROKER --cluster starts one."
        )
        raise EnvironmentProblem(f"There is no node {node!r}. {known}")
    if "busy" in answers[0]:
        raise EnvironmentProblem(
            f"The node was left alone: {answers[0]['busy']}, and a test must be alone with its cluster.",
            mend=["wait until that run is over: mqkata ps"],
        )
    record = ServerRecord.from_json(answers[0]["node"])
    console.print(f"{record.name}: {FAULTS[action]}.", soft_wrap=True)


def take_down(brokers: list[str] | None, force: bool) -> None:
    """End warm servers of `brokers` (None: all); held ones only with `force`."""
    console = Console(highlight=False)
    ended = []
    for broker in brokers or (None,):
        for answer in ask_all(op="down", broker=broker, force=force):
            ended += [ServerRecord.from_json(data) for data in answer]
    for group in _grouped(ended):
        first = group[0]
        if first.cluster:
            console.print(f"{first.cluster_title} {first.version} ({', '.join(one.name for one in group)}) has ended.")
        else:
            console.print(f"{first.product or title_of(first.broker)} {first.version} (PID {first.pid}) has ended.")
    held = [record for record in _running() if record.leases and brokers in (None, [record.broker])]
    if held and not force:
        names = ", ".join(sorted({title_of(record.broker) for record in held}))
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
        table.add_column(column, no_wrap=True)
    for group in _grouped(records):
        first = group[0]
        if first.cluster:
            table.add_row(first.cluster_title, first.version, "", "", _state(first))
        for record in group:
            address = f"127.0.0.1:{record.ports.get('client', 0)}"
            pid = str(record.pid or "")
            if record.cluster:
                table.add_row(f"  {record.name}", "", address, pid, _condition(record))
            else:
                product = record.product or title_of(record.broker)
                table.add_row(product, record.version, address, pid, _condition(record) or _state(record))
    console.print(table)


def show_log(broker: str, lines: int, path_only: bool) -> None:
    """The end of the newest log of a broker, or of the log of a node that runs."""
    files = [Path(record.log) for record in _running() if record.cluster and record.name == broker]
    if not files and broker not in {**TITLES, **TOOLS}:
        names = sorted({record.name for record in _running() if record.cluster})
        raise EnvironmentProblem(
            f"There is no broker and no node {broker!r}. The brokers are: {', '.join(TITLES)}. "
            f"The nodes that run: {', '.join(names) or 'none'}."
        )
    files = files or sorted(logs_folder().glob(f"{broker}-*.log"), key=lambda file: file.stat().st_mtime)
    if not files:
        starter = f"`mqkata up {broker}` starts it" if broker in TITLES else "The katas that need it start it"
        typer.echo(f"{title_of(broker)} has no log yet: it was never started here. {starter}.")
        raise typer.Exit(3)
    typer.echo(str(files[-1]))
    if not path_only:
        typer.echo(tail(files[-1], lines, most_bytes=max(20_000, lines * 400)))


def _running() -> list[ServerRecord]:
    return [ServerRecord.from_json(data) for answer in ask_all(op="ps") for data in answer]


def _state(record: ServerRecord) -> str:
    if record.leases:
        return "in use" if record.leases == 1 else f"in use by {record.leases} runs"
    if record.idle_since:
        return f"warm, ends in {_duration(max(0.0, record.idle - record.idle_since))}"
    return "warm, for the next test"


def _condition(record: ServerRecord) -> str:
    """What is not as it should be with a process; "" if nothing."""
    if not record.alive:
        return "down"
    return "paused" if _paused(record.pid) else ""


def _grouped(records: list[ServerRecord]) -> list[list[ServerRecord]]:
    """Nodes of one cluster together, servers each alone."""
    return [list(group) for _, group in itertools.groupby(records, key=lambda one: one.cluster or one.id)]


def _paused(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.3g} h"
