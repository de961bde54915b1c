"""Progress on a terminal, or as plain lines where there is none."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pytest_mqkata.brokers import TITLES
from pytest_mqkata.supervisor.wire import ClusterRecord, ServerRecord


class RichListener:
    """A broker session's Listener that draws a bar for what is being fetched and a spinner for what starts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._text = ""

    def __enter__(self) -> RichListener:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def progress(self, text: str, done: int | None = None, total: int | None = None) -> None:
        if text != self._text:
            self._text = text
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(text, total=total)
            if not self._console.is_terminal:
                self._console.print(text)
        if self._task is not None and done is not None:
            self._progress.update(self._task, completed=done, total=total)

    def starting(self, title: str, version: str) -> None:
        self.progress(f"starting {title} {version} …")

    def waiting(self, reason: str) -> None:
        self.progress(f"waiting: {reason}")

    def ready(self, record: ServerRecord, seconds: float) -> None:
        self._done()
        state = "was warm" if record.warm else f"started in {record.seconds:.1f} s"
        title = record.product or TITLES[record.broker]
        address = f"127.0.0.1:{record.ports.get('client', 0)}"
        self._console.print(f"[green]✔[/green] {title} {record.version} ({record.source}) {state}: {address}")

    def cluster_ready(self, record: ClusterRecord, seconds: float) -> None:
        self._done()
        state = "was warm" if record.warm else f"started in {record.seconds:.1f} s"
        node = record.nodes[0]
        self._console.print(f"[green]✔[/green] {record.title} {node.version} ({node.source}) {state}:", soft_wrap=True)
        for one in record.nodes:
            self._console.print(f"  {one.name:<20} 127.0.0.1:{one.ports.get('client', 0)}  PID {one.pid}")
        for note in record.notes:
            self._console.print(note, style="dim")

    def _done(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
