"""The supervisor: sharing, replacing what is broken, retrying on taken ports, versions side by side."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest
from support.processes import running, until

from pytest_mqkata import provision
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.errors import EnvironmentProblem, ServerExited
from pytest_mqkata.processes.ports import Ports, is_free
from pytest_mqkata.supervisor.client import default_idle
from pytest_mqkata.supervisor.guard import Guard
from pytest_mqkata.supervisor.server import Server

SHARED = ["rabbitmq", "kafka"]
FRESH = ["nats", "redis"]


@pytest.fixture
def session(own_run: Path) -> Iterator[Session]:
    session = Session(idle=60)
    yield session
    session.close()


@pytest.fixture
def another_session(own_run: Path) -> Iterator[Session]:
    session = Session(idle=60)
    yield session
    session.close()


@pytest.mark.parametrize("broker", FRESH)
def test_each_test_takes_a_fresh_server(session: Session, broker: str) -> None:
    """Two leases are two servers; a returned one is never given out again."""
    first, second = session.take(broker), session.take(broker)
    assert first.record.pid != second.record.pid

    first.give()
    assert session.take(broker).record.pid not in {first.record.pid, second.record.pid}


@pytest.mark.parametrize("broker", FRESH)
def test_a_spare_waits_for_the_next_test(session: Session, broker: str) -> None:
    """After the first, a server is taken warm."""
    session.take(broker).give()
    until(lambda: any(not record.leases for record in running()), 10, "no spare was started")

    assert session.take(broker).record.warm


@pytest.mark.timeout(120)
@pytest.mark.parametrize("broker", SHARED)
def test_runs_share_a_warm_server_that_is_replaced_when_it_hangs_or_dies(
    session: Session, another_session: Session, broker: str
) -> None:
    """Two runs get the same node; a paused or killed one is noticed at the next request."""
    first, second = session.take(broker), another_session.take(broker)
    assert first.record.pid == second.record.pid

    os.killpg(first.record.pid, signal.SIGSTOP)
    until(lambda: session.take(broker).record.pid != first.record.pid, 90, "the hung server was not replaced")
    third = session.take(broker)
    assert not psutil.pid_exists(first.record.pid)

    os.killpg(third.record.pid, signal.SIGKILL)
    until(lambda: session.take(broker).record.pid != third.record.pid, 90, "the dead server was not replaced")


@pytest.mark.parametrize("broker", FRESH)
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["hung", "dead"])
def test_a_broken_spare_is_replaced(session: Session, broker: str, number: int) -> None:
    """A spare that hangs or died is not given to a test."""
    session.take(broker).give()
    until(lambda: any(not record.leases for record in running()), 10, "no spare was started")
    spares = [record.pid for record in running() if not record.leases]
    for pid in spares:
        os.killpg(pid, number)

    assert session.take(broker).record.pid not in spares


class StolenPorts(Ports):
    """Draws a port that somebody else has just taken, then free ones."""

    def __init__(self) -> None:
        super().__init__()
        self.thief = socket.socket()
        self.thief.bind(("127.0.0.1", 0))
        self.thief.listen()
        self.draws = 0

    def draw(self, names: Iterable[str]) -> dict[str, int]:
        self.draws += 1
        drawn = super().draw(names)
        if self.draws == 1:
            drawn["client"] = self.thief.getsockname()[1]
        return drawn


@pytest.mark.timeout(120)
@pytest.mark.parametrize("broker", [*FRESH, *SHARED])
def test_a_port_stolen_between_draw_and_bind_does_not_fail_a_start(tmp_path: Path, broker: str) -> None:
    """The start is tried again on other ports."""
    ports = StolenPorts()
    server = _server(broker, tmp_path, ports)
    try:
        server.start()
        assert ports.draws == 2
        assert server.probe() is None
    finally:
        server.remove()
        ports.thief.close()


def test_a_server_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    """The error holds the exit status and the broker's own words."""
    server = _server("redis", tmp_path, Ports(), {"config": "maxmemory lots\n"})
    with pytest.raises(ServerExited, match="exited with status 1 while it was starting") as caught:
        server.start()
    server.remove()

    assert "maxmemory" in caught.value.details


def _server(broker: str, folder: Path, ports: Ports, options: dict[str, str] | None = None) -> Server:
    guard = Guard(folder / "children")
    return Server(
        f"{broker}-1",
        broker,
        provision.find(broker),
        options or {},
        nodes=folder / "nodes",
        logs=folder / "logs",
        ports=ports,
        guard=guard,
    )


def test_two_versions_of_the_code_do_not_fight(own_run: Path, tmp_path: Path) -> None:
    """Each has a supervisor of its own; the newer one asks the older one to end what nobody uses."""
    import pytest_mqkata

    copy = tmp_path / "other"
    shutil.copytree(Path(pytest_mqkata.__file__).parent, copy / "pytest_mqkata")
    (copy / "pytest_mqkata" / "supervisor" / "__init__.py").write_text('"""Another version."""\n')
    session = Session(idle=60)
    held = session.take("redis")
    done = subprocess.run(
        [sys.executable, "-m", "pytest_mqkata.cli.app", "up", "redis", "--idle", "60"],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len([folder for folder in own_run.iterdir() if (folder / "sock").exists()]) == 2

    assert held.control("status").alive
    held.give()
    session.close()
    until(lambda: len({record.pid for record in running() if record.pid == held.record.pid}) == 0, 10, "not retired")


def test_ports_are_free_and_never_given_twice() -> None:
    """Drawn ports differ, and can be bound."""
    ports = Ports()
    drawn = [ports.draw(("a", "b")) for _ in range(50)]
    numbers = [port for pair in drawn for port in pair.values()]

    assert len(set(numbers)) == 100
    assert all(is_free(port) for port in numbers)


@pytest.mark.parametrize(
    ("environment", "expected"), [({}, 1200.0), ({"CI": "true"}, 0.0), ({"MQKATA_IDLE": "7"}, 7.0)]
)
def test_the_idle_time(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: float) -> None:
    """Twenty minutes, none in CI, or what the environment says."""
    for name in ("CI", "MQKATA_IDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert default_idle() == expected


def test_a_wrong_idle_time_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence with the variable's name."""
    monkeypatch.setenv("MQKATA_IDLE", "long")
    with pytest.raises(EnvironmentProblem, match="MQKATA_IDLE is 'long', which is not a number of seconds"):
        default_idle()


@pytest.mark.parametrize("broker", [*FRESH, *SHARED])
def test_with_idle_time_zero_a_broker_stays_for_the_whole_run(own_run: Path, broker: str) -> None:
    """Between two tests nobody holds a server, and yet it is not started again for each."""
    session = Session(idle=0)
    first = session.take(broker)
    first.give()
    time.sleep(0.5)  # several rounds of the supervisor, which would end it now
    assert session.take(broker).record.warm
    session.close()

    until(lambda: not running(), 30, "it was not ended with the run")
