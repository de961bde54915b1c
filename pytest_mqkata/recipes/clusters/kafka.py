"""Three Kafka nodes, each broker and controller, with ids 0, 1 and 2."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_mqkata.recipes import Launch
from pytest_mqkata.recipes.clusters import Member, Plain
from pytest_mqkata.recipes.kafka_metadata import view

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

_SIZE = 3
_TIMEOUT = 1.0  # seconds for one node's answer


class KafkaCluster(Plain):
    title = "Kafka cluster"
    memory = 750
    fresh = False
    start_deadline = 90.0
    heal_deadline = 45.0

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        return [Member(f"kafka{number}") for number in range(_SIZE)]

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """Every broker in every broker's view, a controller, all replicas in sync, the preferred leaders leading or not."""
        everybody = frozenset(range(len(nodes)))
        for number, node in enumerate(nodes):
            try:
                seen = view(node.ports["client"], _TIMEOUT)
            except (OSError, ValueError) as error:
                return f"node {number} does not answer ({error})"
            if missing := everybody - seen.brokers:
                return f"node {number} does not see the brokers {sorted(missing)}"
            if seen.controller < 0:
                return f"node {number} knows no controller"
            for one in seen.partitions:
                if one.leader < 0:
                    return f"node {number}: {one.topic} partition {one.number} has no leader"
                if behind := one.replicas - one.in_sync:
                    return f"node {number}: the replicas {sorted(behind)} of {one.topic} {one.number} are not in sync"
        return None

    def clean(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> None:
        """Delete all topics and groups but Kafka's own, and wait until no node knows them."""
        from kafka.errors import KafkaError

        try:
            with _admin(nodes) as admin:
                topics = [name for name in admin.list_topics() if not name.startswith("__")]
                if topics:
                    admin.delete_topics(topics)
                groups = [str(group["group_id"]) for group in admin.list_groups()]
                if groups:
                    admin.delete_groups(groups)
        except KafkaError as error:
            raise RuntimeError(f"topics and groups could not be deleted: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def _admin(nodes: Sequence[Launch]) -> Iterator[KafkaAdminClient]:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(
        bootstrap_servers=[f"127.0.0.1:{node.ports['internal']}" for node in nodes], request_timeout_ms=10000
    )
    try:
        yield admin
    finally:
        admin.close()


RECIPES = {"cluster": KafkaCluster()}
