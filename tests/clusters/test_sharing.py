"""Several runs and their clusters: who waits, who gets another one, what is left when a run is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pytest_mqkata.brokers.kafka_cluster import lease_cluster as lease_kafka
from pytest_mqkata.brokers.nats_cluster import lease_cluster as lease_nats
from pytest_mqkata.brokers.redis_cluster import lease_sentinel
from pytest_mqkata.brokers.session import Quiet, Session
from pytest_mqkata.supervisor.client import ask_all
from pytest_mqkata.supervisor.wire import ClusterRecord
from pytest_mqkata.testing import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("own_run")]


class Heard(Quiet):
    """A Listener that writes down what it hears."""

    def __init__(self) -> None:
        self.waited: list[str] = []
        self.records: list[ClusterRecord] = []

    def waiting(self, reason: str) -> None:
        self.waited.append(reason)

    def cluster_ready(self, record: ClusterRecord, seconds: float) -> None:
        self.records.append(record)

    @property
    def notes(self) -> list[str]:
        return [note for record in self.records for note in record.notes]


Sessions = Callable[..., tuple[Session, Heard]]


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    """`sessions(idle=60)`: a run of its own, and what it hears."""
    opened = []

    def open_one(idle: float = 60.0) -> tuple[Session, Heard]:
        heard = Heard()
        session = Session(heard, idle=idle)
        opened.append(session)
        return session, heard

    yield open_one
    for session in opened:
        session.close()


def _nodes() -> list[dict[str, object]]:
    return [record for answer in ask_all(op="ps") for record in answer if record["cluster"]]


@pytest.mark.xdist_group("Kafka cluster")
def test_a_second_run_waits_and_finds_it_healed(sessions: Sessions) -> None:
    """It never gets, and never kills, a node that the first one uses."""
    first, _ = sessions()
    second, heard = sessions()
    cluster = lease_kafka(first)
    kept = {cluster.nodes[0].pid, cluster.nodes[2].pid}
    cluster.nodes[1].kill()
    got = []
    waiter = threading.Thread(target=lambda: got.append(lease_kafka(second)))
    waiter.start()
    eventually(lambda: heard.waited, 10)
    assert f"the Kafka cluster is in use by another run (PID {os.getpid()})" in heard.waited
    assert got == []
    cluster.close()
    waiter.join(60)

    (other,) = got
    assert len(other.alive) == 3
    assert kept < {node.pid for node in other.nodes}
    assert heard.records[0].warm
    other.wait_healthy(1)


def test_fresh_clusters_are_each_runs_own(sessions: Sessions) -> None:
    """Where a cluster costs half a second nobody waits."""
    (first, _), (second, heard) = sessions(), sessions()
    one, other = lease_nats(first), lease_nats(second)

    assert not {node.pid for node in one.nodes} & {node.pid for node in other.nodes}
    assert all("in use" not in reason for reason in heard.waited)


KILLED = """
import os, sys, time
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.brokers.kafka_cluster import lease_cluster

cluster = lease_cluster(Session(idle=60))
cluster.nodes[0].kill()
cluster.nodes[2].pause()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.xdist_group("Kafka cluster")
def test_a_run_that_is_killed_in_the_middle_of_a_fault(sessions: Sessions) -> None:
    """The next one finds a healthy cluster."""
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGKILL)
    session, heard = sessions()
    cluster = lease_kafka(session)

    cluster.wait_healthy(1)
    assert len(cluster.alive) == 3
    assert heard.records[0].warm


@pytest.mark.xdist_group("Kafka cluster")
def test_a_cluster_that_cannot_be_healed_is_replaced(sessions: Sessions) -> None:
    """With a sentence for whoever takes the next one."""
    session, heard = sessions()
    cluster = lease_kafka(session)
    node = cluster.nodes[0]
    node.kill()
    data = node.data_dir
    shutil.rmtree(data)
    data.write_text("this is no folder")
    cluster.close()
    other = lease_kafka(session)

    other.wait_healthy(1)
    assert {node.pid for node in other.nodes}.isdisjoint({node.pid for node in cluster.nodes})
    assert any("could not be healed and was replaced" in note for note in heard.notes)


def test_an_idle_cluster_makes_room(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """All together may take so much memory."""
    monkeypatch.setenv("MQKATA_CLUSTER_MEMORY", "140")
    session, heard = sessions()
    lease = session.take_cluster("nats", keep=False)
    lease.give(untouched=True)
    lease_sentinel(session)

    assert heard.notes == ["the idle NATS cluster was ended: all clusters together may take 140 MB"]
    assert not any(psutil.pid_exists(node.pid) for node in lease.record.nodes)


HOLDING = """
import time
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.brokers.redis_cluster import lease_sentinel

cluster = lease_sentinel(Session(idle=0))
print("ready", flush=True)
time.sleep(600)
"""


def test_a_run_waits_for_room(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another run uses is left alone."""
    monkeypatch.setenv("MQKATA_CLUSTER_MEMORY", "140")
    with subprocess.Popen([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
        session, heard = sessions()
        got = []
        waiter = threading.Thread(target=lambda: got.append(lease_nats(session)))
        waiter.start()
        try:
            reason = f"the clusters of other runs (another run (PID {run.pid})) take 60 MB, a NATS cluster 100 MB more"
            eventually(lambda: [one for one in heard.waited if one.startswith(reason)], 20)
            assert got == []
        finally:
            run.kill()
    waiter.join(30)

    assert len(got) == 1


def test_nodes_can_be_let_fail_by_hand(sessions: Sessions) -> None:
    """Only those that no run holds; a test finds them healed or replaced."""
    session, _ = sessions()
    lease = session.take_cluster("nats", keep=False)
    assert ask_all(op="fault", node="n2", action="kill") == [
        {"busy": f"n2 belongs to a cluster that another run (PID {os.getpid()}) uses"}
    ]
    lease.give(untouched=True)
    (answer,) = ask_all(op="fault", node="n2", action="kill")
    assert answer["node"]["name"] == "n2"
    assert not answer["node"]["alive"]
    assert ask_all(op="fault", node="n9", action="kill") == [None]

    assert len(lease_nats(session).alive) == 3


def test_a_cluster_ends_when_it_is_idle(sessions: Sessions, own_run: Path) -> None:
    """With all of its processes and folders."""
    session, _ = sessions(idle=0.5)
    cluster = lease_nats(session)
    pids = [node.pid for node in cluster.nodes]
    folders = [node.folder for node in cluster.nodes]
    cluster.close()
    time.sleep(0.1)
    session.close()
    eventually(lambda: not _nodes(), 20)

    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not any(folder.exists() for folder in folders)


def test_down_ends_clusters_too(sessions: Sessions) -> None:
    """Those in use only by force."""
    session, _ = sessions()
    cluster = lease_nats(session)
    eventually(lambda: len(_nodes()) == 6, 20)  # the next test's is being made ready
    ask_all(op="down", broker="nats", force=False)
    assert all(node.alive for node in cluster.nodes)
    supervisor = psutil.Process(cluster.nodes[0].pid).parent()
    assert supervisor
    ask_all(op="down", broker="nats", force=True)
    assert not any(psutil.pid_exists(int(str(node["pid"]))) for node in _nodes())

    session.close()
    supervisor.wait(20)  # nothing is left to look after, whatever the idle time
