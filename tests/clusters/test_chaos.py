"""Random sequences of faults: afterwards each cluster is healthy, and has all that it confirmed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from support.safe import Safe, SafeKafka, SafeNats, SafeRabbitmq, SafeRedis

SEQUENCES = 100
SECONDS = float(os.environ.get("MQKATA_CHAOS_SECONDS", "30"))
"""After which no further sequence is begun; `make soak` sets it so high that all hundred run."""

pytestmark = [pytest.mark.timeout(SECONDS + 400), pytest.mark.xdist_group("chaos")]


def _machine(cluster: Any, safe: Callable[[Any], Safe], ends: float, counts: dict[str, int]) -> type:
    class Chaos(RuleBasedStateMachine):
        """One node fails at a time; the next only when the cluster is whole again."""

        def __init__(self) -> None:
            super().__init__()
            self.idle = time.monotonic() > ends
            self.failed: int | None = None
            self.paused = False
            self.confirmed: set[str] = set()
            if not self.idle:
                self.queue = safe(cluster)

        @rule()
        def publish(self) -> None:
            if not self.idle:
                message = f"m{len(self.confirmed)}"
                self.queue.publish(message)
                self.confirmed.add(message)

        @precondition(lambda self: self.failed is None)
        @rule(node=st.integers(0, len(cluster.nodes) - 1), fault=st.sampled_from(["kill", "stop", "pause"]))
        def fail(self, node: int, fault: str) -> None:
            if not self.idle:
                getattr(cluster.nodes[node], fault)()
                counts[fault] = counts.get(fault, 0) + 1
                self.paused = fault == "pause"
            self.failed = node

        @precondition(lambda self: self.failed is not None)
        @rule()
        def come_back(self) -> None:
            assert self.failed is not None
            if not self.idle:
                node = cluster.nodes[self.failed]
                node.resume() if self.paused else node.start()
                cluster.heal()
            self.failed = None

        def teardown(self) -> None:
            if self.idle:
                return
            cluster.heal()
            cluster.wait_healthy(1)
            lost = self.confirmed - self.queue.stored()
            assert not lost, f"{sorted(lost)} were confirmed and are gone."
            counts["sequences"] = counts.get("sequences", 0) + 1

    return Chaos


@pytest.mark.parametrize(
    ("fixture", "safe"),
    [
        ("nats_cluster", SafeNats),
        ("redis_cluster", SafeRedis),
        ("redis_sentinel", SafeRedis),
        ("kafka_cluster", SafeKafka),
        ("rabbitmq_cluster", SafeRabbitmq),
    ],
)
def test_nothing_confirmed_is_lost(
    request: pytest.FixtureRequest, fixture: str, safe: Callable[[Any], Safe], record_property: Callable[..., None]
) -> None:
    """Kill, stop and pause in any order, publishing before, during and after."""
    cluster = request.getfixturevalue(fixture)
    counts: dict[str, int] = {}
    machine = _machine(cluster, safe, time.monotonic() + SECONDS, counts)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=8,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )

    print(f"{fixture}: {counts}")
    record_property("chaos", counts)
    assert counts["sequences"] >= 2, f"only {counts} in {SECONDS:g} s"
