"""What a pytest run shows while brokers are found and started."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_mqkata.brokers import TITLES

if TYPE_CHECKING:
    from pytest_mqkata.brokers.session import Listener
    from pytest_mqkata.supervisor.wire import ClusterRecord, ServerRecord

brokers_key = pytest.StashKey[dict[str, str]]()
"""On the config: the line that says what ran: name, version, backend, address, warm or cold.

By "kafka" for a server, by "kafka " and the cluster's title for a cluster.
"""


def listener(config: pytest.Config) -> Listener:
    """Shows progress on the terminal of a run that has one; in a pytest-xdist worker nothing can be shown."""
    return _TerminalListener(config)


class _TerminalListener:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._lines = config.stash.setdefault(brokers_key, {})
        self._last = ""

    def progress(self, text: str, done: int | None = None, total: int | None = None) -> None:
        amount = f" {done}/{total}" if done is not None and total else ""
        interactive = sys.__stdout__ is not None and sys.__stdout__.isatty()
        if interactive or text != self._last:
            self._show(f"{text}{amount}", over=interactive and text == self._last)
        self._last = text

    def starting(self, title: str, version: str) -> None:
        self._show(f"starting {title} {version} …")

    def ready(self, record: ServerRecord, seconds: float) -> None:
        address = f"127.0.0.1:{record.ports.get('client', 0)}"
        state = "warm" if record.warm else f"cold start, {record.seconds:.1f} s"
        title = record.product or TITLES[record.broker]
        line = f"{title} {record.version} · native ({record.source}) · {address} · {state}"
        if record.broker not in self._lines:
            self._lines[record.broker] = line
            self._show(line)

    def cluster_ready(self, record: ClusterRecord, seconds: float) -> None:
        node = record.nodes[0]
        ports = ", ".join(str(one.ports.get("client", 0)) for one in record.nodes)
        state = "warm" if record.warm else f"cold start, {record.seconds:.1f} s"
        line = f"{record.title} {node.version} · native ({node.source}) · 127.0.0.1: {ports} · {state}"
        for note in record.notes:
            self._show(note)
        name = f"{node.broker} {record.title}"
        if name not in self._lines:
            self._lines[name] = line
            self._show(line)

    def waiting(self, reason: str) -> None:
        self._show(f"waiting: {reason}")

    def _show(self, text: str, *, over: bool = False) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if reporter is None or hasattr(self._config, "workerinput"):
            return
        if capture is not None:
            capture.suspend_global_capture()
        try:
            if over:
                reporter.rewrite(f"  {text}", erase=True)
            else:
                reporter.ensure_newline()
                reporter.write(f"  {text}", light=True)
                reporter.line("")
        finally:
            if capture is not None:
                capture.resume_global_capture()
