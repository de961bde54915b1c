"""One Kafka node in KRaft mode, broker and controller in one process.

Options of an order:
    config: mapping of server.properties settings that win over ours.

A node has six listeners: CLIENT for tests and learners, INTERNAL for the plugin's own clients, and FAULTY0 to FAULTY3,
whose advertised ports are not the node's but those of fault proxies: a Kafka client reconnects to the advertised
address, so a proxy that is not advertised is bypassed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from base64 import urlsafe_b64encode
from pathlib import Path

from pytest_mqkata.provision.kafka import CLUSTER_ID, JVM_OPTIONS, LOG4J, archive_options
from pytest_mqkata.recipes import Launch, Order

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
            _format(Path(order.installation.paths["template"]), data)
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
            details={"data": str(data)},
            stop_grace=15.0,
        )

    def probe(self, launch: Launch) -> str | None:
        port = launch.ports["client"]  # what a test will connect to
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_PROBE_SECONDS).close()
        except OSError as error:
            return f"it does not listen on 127.0.0.1:{port} ({error})"
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        milliseconds = int(_PROBE_SECONDS * 1000)
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=f"127.0.0.1:{port}",
                request_timeout_ms=milliseconds,
                bootstrap_timeout_ms=milliseconds,
            )
            try:
                cluster = admin.describe_cluster()
            finally:
                admin.close()
        except (KafkaError, OSError, ValueError) as error:
            return f"metadata request: {type(error).__name__}: {error}"
        if not cluster.get("brokers"):
            return "its metadata lists no broker yet"
        if cluster.get("controller_id", -1) in (None, -1):
            return "its metadata names no controller yet"
        return None


def _format(template: Path, data: Path) -> None:
    """A formatted storage folder of the node's own, without starting Kafka's storage tool."""
    shutil.copytree(template, data)
    directory_id = urlsafe_b64encode(b"\x01" + secrets.token_bytes(15)).decode().rstrip("=")
    (data / "meta.properties").write_text(
        f"version=1\ncluster.id={CLUSTER_ID}\nnode.id=0\ndirectory.id={directory_id}\n"
    )


def _settings(order: Order, data: Path) -> dict[str, object]:
    ports = order.ports
    faulty = range(PROXIES)
    listeners = [("CLIENT", ports["client"]), ("INTERNAL", ports["internal"])]
    advertised = [*listeners, *((f"FAULTY{number}", ports[f"proxied{number}"]) for number in faulty)]
    bound = [*listeners, *((f"FAULTY{number}", ports[f"faulty{number}"]) for number in faulty)]
    names = [name for name, _ in bound] + ["CONTROLLER"]
    return {
        "process.roles": "broker,controller",
        "node.id": 0,
        "controller.quorum.voters": f"0@127.0.0.1:{ports['controller']}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INTERNAL",
        "listeners": ",".join(
            f"{name}://127.0.0.1:{port}" for name, port in [*bound, ("CONTROLLER", ports["controller"])]
        ),
        "advertised.listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in advertised),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
        **{f"listener.name.faulty{number}.num.network.threads": 1 for number in faulty},
        "log.dirs": data,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,  # else each first join of a group waits 3 s
        "group.min.session.timeout.ms": 1000,  # a test's consumer may be declared dead after a second
        "auto.create.topics.enable": "false",  # a typo is an error, not a new topic
        "log.cleaner.dedupe.buffer.size": 16777216,
        # a private node may be killed, and must register again at once; a warm one may starve on a busy machine
        "broker.session.timeout.ms": 3000 if "config" in order.options else 30000,
        "broker.heartbeat.interval.ms": 500 if "config" in order.options else 2000,
    }


RECIPE = KafkaRecipe()
