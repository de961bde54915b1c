"""One Kafka node in KRaft mode, broker and controller in one process.

Options of an order:
    config: mapping of server.properties settings that win over ours.

A node has six listeners: CLIENT for tests and learners, INTERNAL for the plugin's own clients, and FAULTY0 to FAULTY3,
whose advertised ports are not the node's but those of fault proxies: a Kafka client reconnects to the advertised
address, so a proxy that is not advertised is bypassed. A node of a cluster (an order with peers) has CLIENT and
INTERNAL alone.
"""

from __future__ import annotations

import os
import secrets
import shutil
from base64 import urlsafe_b64encode
from pathlib import Path

from pytest_mqkata.provision.kafka import CLUSTER_ID, JVM_OPTIONS, LOG4J, archive_options
from pytest_mqkata.recipes import Launch, Order
from pytest_mqkata.recipes.kafka_metadata import view

PROXIES = 4
"""How many tests can use a fault proxy on the same node at the same time."""

_PROBE_SECONDS = 2.0


class KafkaRecipe:
    title = "Apache Kafka"
    port_names = (
        "client",
        "internal",
        "controller",
        *(f"faulty{number}" for number in range(PROXIES)),
        *(f"proxied{number}" for number in range(PROXIES)),
    )
    start_deadline = 60.0
    spares = 0
    shared = True
    port_taken = r"Address already in use|BindException"

    def prepare(self, order: Order) -> Launch:
        data = order.folder / "data"
        if not order.again:
            _format(Path(order.installation.paths["template"]), data, order.index)
        (order.folder / "log4j2.properties").write_text(LOG4J)
        properties = order.folder / "server.properties"
        settings = {**_settings(order, data), **order.options.get("config", {})}
        properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        paths = order.installation.paths
        argv = [
            paths["java"],
            *JVM_OPTIONS,
            *archive_options(paths["java_version"], paths["archive"]),
            f"-Dlog4j2.configurationFile={order.folder / 'log4j2.properties'}",
            "-cp",
            paths["class_path"],
            "kafka.Kafka",
            str(properties),
        ]
        return Launch(
            argv=argv,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            log=order.log,
            ports=dict(order.ports),
            details={"data": str(data), "id": str(order.index)},
            stop_grace=15.0,
        )

    def probe(self, launch: Launch) -> str | None:
        port = launch.ports["client"]  # what a test will connect to
        try:
            seen = view(port, _PROBE_SECONDS)
        except (OSError, ValueError) as error:
            return f"no answer to a metadata request on 127.0.0.1:{port} ({error})"
        if int(launch.details["id"]) not in seen.brokers:
            return "its metadata does not list itself yet"
        if seen.controller < 0:
            return "its metadata names no controller yet"
        return None


def _format(template: Path, data: Path, node: int) -> None:
    """A formatted storage folder of the node's own, without starting Kafka's storage tool."""
    shutil.copytree(template, data)
    directory_id = urlsafe_b64encode(b"\x01" + secrets.token_bytes(15)).decode().rstrip("=")
    (data / "meta.properties").write_text(
        f"version=1\ncluster.id={CLUSTER_ID}\nnode.id={node}\ndirectory.id={directory_id}\n"
    )


def _settings(order: Order, data: Path) -> dict[str, object]:
    bound, advertised = _listeners(order)
    controllers = [peer.ports["controller"] for peer in order.peers] or [order.ports["controller"]]
    copies = min(3, len(controllers))
    killable = bool(order.peers) or "config" in order.options
    return {
        "process.roles": "broker,controller",
        "node.id": order.index,
        "controller.quorum.voters": ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers)),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INTERNAL",
        "listeners": _joined({**bound, "CONTROLLER": order.ports["controller"]}),
        "advertised.listeners": _joined(advertised),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in (*bound, "CONTROLLER")),
        **{f"listener.name.{name.lower()}.num.network.threads": 1 for name in bound if name.startswith("FAULTY")},
        "log.dirs": data,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": max(1, copies - 1),
        "share.coordinator.state.topic.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": max(1, copies - 1),
        "group.initial.rebalance.delay.ms": 0,  # else each first join of a group waits 3 s
        "group.min.session.timeout.ms": 1000,  # a test's consumer may be declared dead after a second
        "auto.create.topics.enable": "false",  # a typo is an error, not a new topic
        "log.cleaner.dedupe.buffer.size": 16777216,
        # a node that may be killed must register again at once; a warm shared one may starve on a busy machine
        "broker.session.timeout.ms": 3000 if killable else 30000,
        "broker.heartbeat.interval.ms": 500 if killable else 2000,
        **(_CLUSTER_SETTINGS if order.peers else {}),
    }


_CLUSTER_SETTINGS = {
    "replica.lag.time.max.ms": 3000,  # a paused follower leaves the ISR in seconds, not in 30
    "controller.quorum.election.timeout.ms": 1000,
    "controller.quorum.fetch.timeout.ms": 2000,
    # a topic that must not lose acknowledged records has to say so itself
    "unclean.leader.election.enable": "true",
    "auto.leader.rebalance.enable": "false",  # who leads is for the test to say
}


def _listeners(order: Order) -> tuple[dict[str, int], dict[str, int]]:
    """The ports that listeners bind, and those that they advertise, by name."""
    ports = order.ports
    own = {"CLIENT": ports["client"], "INTERNAL": ports["internal"]}
    faulty = () if order.peers else range(PROXIES)
    bound = {**own, **{f"FAULTY{number}": ports[f"faulty{number}"] for number in faulty}}
    return bound, {**own, **{f"FAULTY{number}": ports[f"proxied{number}"] for number in faulty}}


def _joined(listeners: dict[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())


RECIPE = KafkaRecipe()
