"""With the library's own cluster and sentinel clients, and with WATCH and MULTI, said by hand, in place of a script.

It shows that the library finds a shard's node and the present master by itself, and that "stored once" needs no script: a
watched note says whether the entry is there, and EXEC refuses when somebody else was quicker.
"""

from __future__ import annotations

import json
import time
from base64 import b32encode
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel


class OrderKeys(NamedTuple):
    events: str
    state: str
    lock: str


class Quorum(NamedTuple):
    known: int
    reachable: int
    needed: int
    can_fail_over: bool


class GaveUp(TimeoutError):
    pass


def slot_of(key):
    return key_slot(key.encode("utf-8"))


def order_keys(order_id):
    tag = b32encode(b"#" + order_id.encode("utf-8")).decode()
    return OrderKeys("events:{%s}" % tag, "state:{%s}" % tag, "lock:{%s}" % tag)


def create_cluster(nodes, timeout=30.0):
    count = len(nodes)
    if count < 6 or count % 2 == 1:
        raise ValueError(count)
    until = time.monotonic() + timeout
    clients = [
        redis.Redis.from_url(url, decode_responses=True, socket_timeout=timeout, socket_connect_timeout=timeout)
        for url in nodes
    ]
    try:
        half = count // 2
        for client in clients[1:]:
            first = clients[0].connection_pool.connection_kwargs
            client.execute_command("CLUSTER", "MEET", first["host"], first["port"])
        names = [client.execute_command("CLUSTER", "MYID") for client in clients]
        todo = set(range(half, count))
        bounds = [round(number * 16384 / half) for number in range(half + 1)]
        for number in range(half):
            clients[number].execute_command("CLUSTER", "ADDSLOTS", *range(bounds[number], bounds[number + 1]))
        while True:
            for number in list(todo):
                try:
                    clients[number].execute_command("CLUSTER", "REPLICATE", names[number - half])
                    todo.discard(number)
                except redis.ResponseError:
                    pass
            if not todo and all(_fine(client) for client in clients):
                return
            if time.monotonic() > until:
                raise TimeoutError("the cluster is not complete")
            time.sleep(0.05)
    except redis.TimeoutError as error:
        raise TimeoutError(str(error)) from None
    finally:
        for client in clients:
            client.close()


def _fine(client):
    if client.cluster("INFO")["cluster_state"] != "ok":
        return False
    return client.info("replication").get("master_link_status", "up") == "up"


def publish_sharded(url, channel, body):
    with RedisCluster.from_url(url, decode_responses=True) as cluster:
        return cluster.spublish(channel, json.dumps(body, ensure_ascii=False))


class ShardFeed:
    def __init__(self, url, channel, timeout=5.0):
        until = time.monotonic() + timeout
        with RedisCluster.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout) as cluster:
            node = cluster.nodes_manager.get_node_from_slot(key_slot(channel.encode()))
        self.client = redis.Redis(
            host=node.host,
            port=node.port,
            decode_responses=True,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
        self.feed = self.client.pubsub()
        try:
            self.feed.ssubscribe(channel)
            while not self._confirmed(until):
                pass
        except BaseException:
            self.close()
            raise

    def _confirmed(self, until):
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("not confirmed")
        item = self.feed.get_message(timeout=left)
        return bool(item) and item["type"] == "ssubscribe"

    def get(self, timeout):
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            item = self.feed.get_message(ignore_subscribe_messages=True, timeout=left)
            if item:
                return json.loads(item["data"])
        return None

    def close(self):
        self.feed.close()
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class Publisher:
    def __init__(self, sentinels, service, *, min_replicas=1, deadline=30.0):
        self.quick = {"socket_timeout": 0.4, "socket_connect_timeout": 0.4, "retry": Retry(NoBackoff(), 0)}
        places = [redis.connection.parse_url(url) for url in sentinels]
        self.sentinel = Sentinel([(place["host"], place["port"]) for place in places], sentinel_kwargs=self.quick)
        self.service, self.min_replicas, self.deadline = service, min_replicas, deadline

    def add(self, stream, message_id, fields):
        until = time.monotonic() + self.deadline
        while time.monotonic() < until:
            try:
                host, port = self.sentinel.discover_master(self.service)
                options = {**self.quick, "socket_timeout": 1.0, "decode_responses": True}
                with redis.Redis(host=host, port=port, single_connection_client=True, **options) as master:
                    entry = self.once(master, stream, message_id, fields)
                    if entry:
                        return entry
            except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, MasterNotFoundError):
                pass
            time.sleep(0.02)
        raise GaveUp(message_id)

    def once(self, master, stream, message_id, fields):
        say = master.execute_command  # all on one connection: WATCH, MULTI and WAIT belong to it
        note = f"{stream}/{message_id}"
        say("WATCH", note, stream)
        entry = say("GET", note)
        last = None if entry else say("XREVRANGE", stream, "+", "-", "COUNT", 1)
        say("MULTI")
        if entry is None:
            # an id of our own choice, above the last one
            ms, _, number = (last[0][0] if last else "0-0").partition("-")
            now = int(time.time() * 1000)
            entry = f"{now}-0" if now > int(ms) else f"{ms}-{int(number) + 1}"
            words = [word for pair in {**fields, "message_id": message_id}.items() for word in pair]
            say("XADD", stream, entry, *words)
        say("SET", note, entry)
        if say("EXEC") is None:
            return None  # somebody else was quicker
        return entry if say("WAIT", self.min_replicas, 400) >= self.min_replicas else None

    def close(self):
        for client in self.sentinel.sentinels:
            client.close()


def quorum(sentinels, service):
    answers: list[dict[str, Any]] = []
    for url in sentinels:
        client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=0.8, socket_connect_timeout=0.8)
        try:
            answers.append(client.sentinel_master(service))
        except redis.RedisError:
            pass
        finally:
            client.close()
    if not answers:
        return Quorum(0, 0, 0, False)
    known = 1 + max(answer["num-other-sentinels"] for answer in answers)
    needed = max(answer["quorum"] for answer in answers)
    up = len(answers)
    return Quorum(known, up, needed, up >= needed and 2 * up > known)
