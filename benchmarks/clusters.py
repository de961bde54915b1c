"""How long clusters take: to start from nothing, to be taken again, to heal after a node was killed.

python benchmarks/clusters.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
from rich.console import Console
from rich.table import Table

from pytest_mqkata.brokers.cluster import Cluster
from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.session import Quiet, Session
from pytest_mqkata.supervisor.client import ask_all

_SETTLE = 30.0  # seconds that what is prepared in the background may take


@dataclass
class Times:
    """Seconds, one entry for each round.

    Attributes:
        start: from nothing to healthy, the executables being there.
        again: from asking for it to having it, after a test that did it no harm.
        heal: of one killed node, from `heal()` to healthy.
        next: from the end of a test that left a node dead to the next test's healthy cluster.
        memory: megabytes, all nodes together.
    """

    start: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    heal: list[float] = field(default_factory=list)
    next: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


Lease = Callable[[Session], Cluster[Node]]


def _kinds() -> dict[str, Lease]:
    from pytest_mqkata.brokers import kafka_cluster, nats_cluster, rabbitmq_cluster, redis_cluster

    kinds: dict[str, Lease] = {
        "NATS cluster": nats_cluster.lease_cluster,  # type: ignore[dict-item]
        "Redis Cluster": redis_cluster.lease_cluster,  # type: ignore[dict-item]
        "Redis Sentinel": redis_cluster.lease_sentinel,  # type: ignore[dict-item]
        "Kafka cluster": kafka_cluster.lease_cluster,  # type: ignore[dict-item]
        "RabbitMQ cluster": rabbitmq_cluster.lease_cluster,  # type: ignore[dict-item]
    }
    return kinds


def _measure(lease: Lease, rounds: int) -> Times:
    times = Times()
    for _ in range(rounds):
        ask_all(op="down", broker=None, force=True)
        session = Session(Quiet(), idle=60)
        cluster = _timed_lease(times.start, lease, session)
        times.memory.append(sum(psutil.Process(node.pid).memory_info().rss for node in cluster.members) / 1e6)
        cluster.close()
        _settle()
        cluster = _timed_lease(times.again, lease, session)
        cluster.nodes[0].kill()
        begun = time.perf_counter()
        cluster.heal()
        times.heal.append(time.perf_counter() - begun)
        cluster.nodes[1].kill()
        cluster.close()
        _timed_lease(times.next, lease, session).close()
        session.close()
    ask_all(op="down", broker=None, force=True)
    return times


def _timed_lease(times: list[float], lease: Lease, session: Session) -> Cluster[Node]:
    begun = time.perf_counter()
    cluster = lease(session)
    times.append(time.perf_counter() - begun)
    return cluster


def _settle() -> None:
    """Wait until what is made ready in the background is ready."""
    end = time.monotonic() + _SETTLE
    quiet = 0
    while quiet < 10 and time.monotonic() < end:
        records = [record for answer in ask_all(op="ps") for record in answer]
        quiet = quiet + 1 if records and all(record["alive"] and not record["leases"] for record in records) else 0
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    console = Console(highlight=False)
    table = Table(title="Clusters, seconds (median)", title_justify="left")
    for column in ("", "start", "again", "heal a killed node", "next test after a fault", "memory"):
        table.add_column(column, justify="left" if not column else "right")
    for name, lease in _kinds().items():
        with console.status(name):
            times = _measure(lease, rounds)
        shown = [statistics.median(one) for one in (times.start, times.again, times.heal, times.next)]
        table.add_row(name, *(f"{seconds:.2f}" for seconds in shown), f"{statistics.median(times.memory):.0f} MB")
    console.print(table)


if __name__ == "__main__":
    main()
