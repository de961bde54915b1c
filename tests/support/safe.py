"""Publishing with each broker's safe settings, and reading back what is stored, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nats.aio.client import Client as Nats

    from pytest_mqkata.brokers.kafka_cluster import KafkaCluster
    from pytest_mqkata.brokers.nats_cluster import NatsCluster
    from pytest_mqkata.brokers.rabbitmq_cluster import RabbitmqCluster
    from pytest_mqkata.brokers.redis_cluster import RedisCluster, RedisSentinel

_PUBLISH_SECONDS = 45.0  # for one message, through a failover, on a busy machine
_PAUSE = 0.1  # seconds between two tries


class Safe(Protocol):
    """One queue, stream, topic or set of keys on a cluster."""

    def publish(self, message: str) -> None:
        """Return when the message is stored for certain.

        Raises:
            AssertionError: it is not, for as long as any failover may take.
        """

    def stored(self) -> set[str]:
        """All messages that are stored, on a healthy cluster."""


def _persist(attempt: Callable[[], None], message: str, errors: tuple[type[BaseException], ...]) -> None:
    end = time.monotonic() + _PUBLISH_SECONDS
    while True:
        try:
            attempt()
            return
        except errors as error:
            if time.monotonic() > end:
                raise AssertionError(f"{message} was not confirmed in {_PUBLISH_SECONDS:g} s: {error!r}") from error
            time.sleep(_PAUSE)


class SafeRabbitmq:
    """A quorum queue, persistent messages, publisher confirms."""

    def __init__(self, cluster: RabbitmqCluster) -> None:
        self._cluster = cluster
        self._queue = cluster.fresh("orders")
        with cluster.nodes[0].connect() as connection:
            connection.channel().queue_declare(self._queue, durable=True, arguments={"x-queue-type": "quorum"})

    def publish(self, message: str) -> None:
        import pika
        from pika.adapters.utils.connection_workflow import AMQPConnectorException
        from pika.exceptions import AMQPError

        turn = iter(range(10_000))

        def attempt() -> None:
            running = self._cluster.alive
            with running[next(turn) % len(running)].connect(timeout=2) as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                # a paused node takes the message and never confirms it
                connection.call_later(8, connection.close)
                channel.basic_publish(
                    "", self._queue, message.encode(), pika.BasicProperties(delivery_mode=2), mandatory=True
                )

        _persist(attempt, message, (AMQPError, AMQPConnectorException, OSError))

    def stored(self) -> set[str]:
        with self._cluster.nodes[0].connect() as connection:
            channel = connection.channel()
            found = set()
            while (got := channel.basic_get(self._queue))[0] is not None:
                found.add((got[2] or b"").decode())
            return found  # unacknowledged: closing the connection puts them back


class SafeKafka:
    """Three replicas, min.insync.replicas 2, acks=all, an idempotent producer."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._topic = cluster.topic("orders", 2, config={"min.insync.replicas": 2})

    def publish(self, message: str) -> None:
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        def attempt() -> None:
            running = [node.bootstrap_servers for node in self._cluster.alive if node.answers()]
            producer = KafkaProducer(bootstrap_servers=running, delivery_timeout_ms=15000, request_timeout_ms=5000)
            try:
                producer.send(self._topic, message.encode(), key=message.encode()).get(timeout=15)
            finally:
                producer.close(timeout=0.1)

        _persist(attempt, message, (KafkaError, OSError, TimeoutError))

    def stored(self) -> set[str]:
        return {record.value.decode() for record in self._cluster.records(self._topic, timeout=30)}


class SafeNats:
    """A stream with three replicas, acknowledged publishes with message ids."""

    def __init__(self, cluster: NatsCluster) -> None:
        self._cluster = cluster
        self._stream = cluster.fresh("ORDERS").replace("-", "_")
        self._insist(self._make, "the stream")

    def publish(self, message: str) -> None:
        async def once(connection: Nats) -> None:
            await connection.jetstream().publish(
                f"{self._stream}.new", message.encode(), timeout=2, headers={"Nats-Msg-Id": message}
            )

        self._insist(once, message)

    def stored(self) -> set[str]:
        found = set()

        async def read(connection: Nats) -> None:
            stream = connection.jetstream()
            info = await stream.stream_info(self._stream)
            for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
                data = (await stream.get_msg(self._stream, sequence)).data
                found.add((data or b"").decode())

        self._insist(read, "reading")
        return found

    async def _make(self, connection: Nats) -> None:
        stream = connection.jetstream(timeout=10)
        await stream.add_stream(name=self._stream, subjects=[f"{self._stream}.>"], num_replicas=3)

    def _insist(self, use: Callable[[Nats], object], what: str) -> None:
        import nats.errors

        _persist(lambda: self._run(use), what, (nats.errors.Error, OSError, asyncio.TimeoutError))

    def _run(self, use: Callable[[Nats], object]) -> None:
        import nats

        async def quiet(error: Exception) -> None: ...

        async def connected() -> None:
            urls = [node.url for node in self._cluster.alive]
            connection = await nats.connect(
                urls, connect_timeout=1, allow_reconnect=False, max_reconnect_attempts=1, error_cb=quiet
            )
            try:
                await use(connection)  # type: ignore[misc]
            finally:
                await connection.close()

        asyncio.run(connected())


class SafeRedis:
    """Keys that a replica has acknowledged (WAIT), on a cluster or on a master under sentinels."""

    def __init__(self, cluster: RedisCluster | RedisSentinel) -> None:
        self._cluster = cluster
        self._prefix = cluster.fresh("orders")

    def publish(self, message: str) -> None:
        from redis.exceptions import RedisError

        turn = iter(range(10_000))

        def attempt() -> None:
            key = f"{self._prefix}:{next(turn)}:{message}"  # another shard, where this one's only replica is down
            owner = self._cluster.owner(key) if hasattr(self._cluster, "owner") else self._cluster.master()
            with owner.client(socket_timeout=2, single_connection_client=True) as client:
                client.set(key, message)
                if client.wait(1, 1000) < 1:
                    raise OSError("no replica acknowledged it")

        _persist(attempt, message, (RedisError, OSError, LookupError))

    def stored(self) -> set[str]:
        found = set()
        for node in self._cluster.nodes:
            with node.client() as client, contextlib.suppress(ValueError):
                if client.info("replication")["role"] == "master":
                    found |= {str(key).rpartition(":")[2] for key in client.scan_iter(f"{self._prefix}:*")}
        return found
