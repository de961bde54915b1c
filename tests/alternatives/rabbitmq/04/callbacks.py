"""Callbacks and the standard library.

pika calls back for each message while its loop runs; the loop is asked to run until the time of quiet has passed. Nodes are
tried in random order, so that not every program begins with the same one; the API is asked with urllib; the key's partition
is a CRC, which is no secret and need not be one.
"""

from __future__ import annotations

import base64
import json
import random
import time
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

Ctl = Callable[..., str]
"""ctl("cluster_status", "--formatter", "json") runs rabbitmqctl on one node; returns stdout, raises on failure."""


class ClusterUnavailable(ConnectionError):
    """No node took the connection in time."""


def members(management_url: str) -> dict[str, bool]:
    parts = urlsplit(management_url)
    request = urllib.request.Request(f"http://{parts.hostname}:{parts.port}/api/nodes")
    login = f"{parts.username}:{parts.password}".encode()
    request.add_header("Authorization", "Basic " + base64.b64encode(login).decode())
    with urllib.request.urlopen(request, timeout=10) as reply:
        found = {}
        for node in json.load(reply):
            found[node["name"]] = node["running"]
        return found


def connect_any(urls: Sequence[str], *, timeout: float = 10.0) -> BlockingConnection:
    end = time.monotonic() + timeout
    nodes = list(urls)
    last: BaseException | None = None
    while time.monotonic() < end:
        random.shuffle(nodes)
        for url in nodes:
            parameters = pika.URLParameters(url)
            parameters.socket_timeout = 1.5
            parameters.stack_timeout = 2
            try:
                return BlockingConnection(parameters)
            except Exception as error:
                last = error
            if time.monotonic() > end:
                break
        time.sleep(0.2)
    raise ClusterUnavailable(f"no node answered: {last!r}") from last


def join(ctl: Ctl, seed: str) -> None:
    status = json.loads(ctl("cluster_status", "--formatter", "json"))
    if seed not in status["disk_nodes"] + status.get("ram_nodes", []):
        for command in (["stop_app"], ["reset"], ["join_cluster", seed], ["start_app"]):
            ctl(*command)


def remove(ctl: Ctl, node: str) -> None:
    status = json.loads(ctl("cluster_status", "--formatter", "json"))
    if node in status["running_nodes"]:
        raise RuntimeError(f"{node} is running: stop it first")
    if node in status["disk_nodes"]:
        ctl("forget_cluster_node", node)


def declare_partitions(channel: BlockingChannel, name: str, count: int) -> list[str]:
    queues = []
    for number in range(count):
        queue = f"{name}.{number}"
        channel.queue_declare(
            queue=queue,
            durable=True,
            auto_delete=False,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-queue-leader-locator": "balanced",
                "x-quorum-initial-group-size": 3,
            },
        )
        queues.append(queue)
    return queues


def send(channel: BlockingChannel, name: str, count: int, key: str, body: bytes) -> str:
    queue = f"{name}.{zlib.crc32(key.encode('utf-8')) % count}"
    channel.basic_publish(exchange="", routing_key=queue, body=body, properties=pika.BasicProperties(delivery_mode=2))
    return queue


class _Failed(Exception):
    """handle() raised: its own error goes to the caller, not one of pika's."""


def follow(
    urls: Sequence[str],
    queue: str,
    handle: Callable[[bytes], None],
    *,
    idle_timeout: float,
    reconnect_timeout: float = 30.0,
) -> int:
    acked = 0
    quiet_since = time.monotonic()

    def on_message(channel: BlockingChannel, method: object, properties: object, body: bytes) -> None:
        nonlocal acked, quiet_since
        try:
            handle(body)
        except Exception as error:
            raise _Failed from error
        channel.basic_ack(method.delivery_tag)  # type: ignore[attr-defined]
        acked += 1
        quiet_since = time.monotonic()

    while True:
        connection = connect_any(urls, timeout=reconnect_timeout)
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=1)
            channel.basic_consume(queue, on_message)
            quiet_since = time.monotonic()
            while (left := quiet_since + idle_timeout - time.monotonic()) > 0:
                connection.process_data_events(time_limit=min(left, 0.1))
                if not channel.is_open or not channel.consumer_tags:
                    raise pika.exceptions.ChannelClosed(0, "the consumer is gone")
            return acked
        except _Failed as error:
            assert error.__cause__
            raise error.__cause__ from None
        except pika.exceptions.AMQPError:
            time.sleep(0.2)
        finally:
            try:
                connection.close()
            except Exception:
                pass
