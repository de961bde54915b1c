"""However a test run ends, its broker ends within the idle time, and nothing else is left."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.processes import Holder, alive, family_of, running, until

from pytest_mqkata.brokers import TITLES

IDLE = 1.0
SLACK = 25.0  # seconds: RabbitMQ's graceful stop on busy cores, and the supervisor's own end

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def hold(own_run: Path, tmp_path: Path) -> Iterator[Callable[..., Holder]]:
    """`hold(fixture)`: a pytest process whose test holds that broker."""
    holders: list[Holder] = []

    def make(fixture: str, **environment: str) -> Holder:
        folder = tmp_path / str(len(holders))
        folder.mkdir()
        holder = Holder(fixture, folder, **{"MQKATA_IDLE": str(IDLE), **environment})
        holders.append(holder)
        holder.wait_until_it_holds()
        return holder

    yield make
    for holder in holders:
        holder.close()


@pytest.mark.parametrize("broker", TITLES)
@pytest.mark.parametrize(
    ("number", "group"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGKILL, False), (signal.SIGKILL, True)],
    ids=["ctrl-c", "sigterm", "sigkill", "sigkill-group"],
)
def test_nothing_outlives_the_idle_time(hold: Callable[..., Holder], broker: str, number: int, group: bool) -> None:
    """Broker, helpers, supervisor and guard are gone soon after the idle time."""
    holder = hold(f"{broker}_server")
    (record,) = [record for record in running() if record.leases]
    family = family_of(record.pid)
    holder.end(number, group=group)

    until(lambda: not alive(family), IDLE + SLACK, f"still there: {alive(family)}")


@pytest.mark.parametrize("fixture", ["rabbitmq_cluster", "nats_cluster", "redis_sentinel"])
def test_nothing_of_a_cluster_outlives_the_idle_time(hold: Callable[..., Holder], fixture: str) -> None:
    """All nodes, and what runs beside them, such as RabbitMQ's epmd."""
    holder = hold(fixture)
    records = [record for record in running() if record.leases]
    family = family_of(records[0].pid)
    assert {record.pid for record in records} <= {process.pid for process in family}
    holder.end(signal.SIGKILL, group=True)

    until(lambda: not alive(family), IDLE + SLACK, f"still there: {alive(family)}")


def test_with_idle_time_zero_a_broker_ends_with_its_run(hold: Callable[..., Holder]) -> None:
    """In CI nothing stays warm."""
    holder = hold("redis_server", MQKATA_IDLE="0")
    (record,) = [record for record in running() if record.leases]
    family = family_of(record.pid)
    holder.end(signal.SIGINT, group=True)

    until(lambda: not alive(family), SLACK, f"still there: {alive(family)}")


def test_a_killed_supervisor_takes_its_brokers_along(hold: Callable[..., Holder]) -> None:
    """The guard ends what the supervisor can no longer end."""
    hold("redis_server", MQKATA_IDLE="600")
    (record,) = [record for record in running() if record.leases]
    supervisor, *others = family_of(record.pid)
    supervisor.kill()

    until(lambda: not alive(others), 10, f"still there: {alive(others)}")


def test_what_a_killed_supervisor_and_guard_left_is_cleared_up_by_the_next_run(hold: Callable[..., Holder]) -> None:
    """Its journal tells the next supervisor what to end."""
    hold("redis_server", MQKATA_IDLE="600")
    (record,) = [record for record in running() if record.leases]
    supervisor, *others = family_of(record.pid)
    brokers = [process for process in others if process.pid != record.pid and "valkey" in process.name()]
    guard = next(process for process in others if "python" in process.name().lower())
    guard.kill()
    supervisor.kill()
    hold("redis_server", MQKATA_IDLE="0")

    until(lambda: not alive(brokers), 10, f"still there: {alive(brokers)}")
