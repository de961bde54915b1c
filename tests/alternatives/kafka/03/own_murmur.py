"""The hash written out, callbacks in place of waiting for futures one by one, and one client for the whole question.

It shows that a key's partition needs no client at all, and that an acknowledgement may be taken down when it comes: what is
returned is put into the given order at the end.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaError
from kafka.partitioner import Partitioner

_WORD = 0xFFFFFFFF


def _mix(number: int) -> int:
    number = number * 0x5BD1E995 & _WORD
    number ^= number >> 24
    return number * 0x5BD1E995 & _WORD


def _hash(data: bytes) -> int:
    state = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        state = (state * 0x5BD1E995 & _WORD) ^ _mix(int.from_bytes(data[start : start + 4], "little"))
    if rest := data[whole:]:
        state = (state ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & _WORD
    state ^= state >> 13
    state = state * 0x5BD1E995 & _WORD
    return state ^ state >> 15


def partition_for(key, partitions):
    if partitions <= 0:
        raise ValueError("no partitions")
    return (_hash(bytes(key)) & 0x7FFFFFFF) % partitions


def moved_keys(keys, before, after):
    places = {key: {partition_for(key, count) for count in (before, after)} for key in keys}
    return {key for key, some in places.items() if len(some) == 2}


class RegionPartitioner(Partitioner):
    def __init__(self, hot):
        self.hot = list(hot)
        self.turn = itertools.count()

    def partition(self, topic, key, serialized_key, value, serialized_value, cluster):
        count = len(cluster.partitions_for_topic(topic))
        first = len(self.hot)
        if count <= first:
            raise ValueError(f"{count} partitions for {first} hot regions and all the others")
        if serialized_key is None:
            return first + next(self.turn) % (count - first)
        region, _, _ = serialized_key.decode("utf-8", "replace").partition("/")
        if region in self.hot:
            return self.hot.index(region)
        return first + partition_for(serialized_key, count - first)


def _try_for_a_while(servers, work):
    last = None
    for _ in range(30):
        admin = None
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=servers.split(","), request_timeout_ms=3000, bootstrap_timeout_ms=3000
            )
            return work(admin)
        except KafkaError as error:
            last = error
            time.sleep(0.5)
        finally:
            if admin is not None:
                admin.close()
    raise last


def create_replicated(bootstrap_servers, name, partitions, replication_factor, min_in_sync):
    allowed = {1} if replication_factor == 1 else set(range(1, replication_factor))
    if min_in_sync not in allowed:
        raise ValueError(f"{min_in_sync} of {replication_factor} in sync")
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        topic = NewTopic(
            name=name,
            num_partitions=partitions,
            replication_factor=replication_factor,
            topic_configs={"unclean.leader.election.enable": "false", "min.insync.replicas": min_in_sync},
        )
        admin.create_topics([topic])
    finally:
        admin.close()


@dataclass(frozen=True)
class PartitionHealth:
    leader: int | None
    replicas: frozenset[int]
    in_sync: frozenset[int]
    min_in_sync: int

    @property
    def under_replicated(self):
        return bool(self.replicas - self.in_sync)

    @property
    def offline(self):
        return self.leader is None

    @property
    def writable(self):
        return self.leader is not None and len(self.in_sync) >= self.min_in_sync


def health(bootstrap_servers, topic):
    def work(admin):
        (found,) = admin.describe_topics([topic])
        if found["error_code"] == 3:
            raise KeyError(topic)
        settings = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
        least = int(settings["topic"][topic]["min.insync.replicas"]["value"])
        result = {}
        for part in found["partitions"]:
            leader = part["leader_id"]
            result[part["partition_index"]] = PartitionHealth(
                None if leader == -1 else leader, frozenset(part["replica_nodes"]), frozenset(part["isr_nodes"]), least
            )
        return result

    return _try_for_a_while(bootstrap_servers, work)


def send_safely(producer, topic, readings, deadline):
    end = time.monotonic() + deadline
    done: dict[int, tuple[bytes, bytes]] = {}
    settled = threading.Semaphore(0)
    count = 0

    def keep(number, reading):
        def stored(_):
            done[number] = reading
            settled.release()

        return stored

    for number, (key, value) in enumerate(readings):
        try:
            future = producer.send(topic, key=key, value=value)
        except KafkaError:
            continue
        count += 1
        future.add_callback(keep(number, (key, value)))
        future.add_errback(lambda _: settled.release())
    for _ in range(count):
        if not settled.acquire(timeout=max(0.0, end - time.monotonic())):
            break
    return [done[number] for number in sorted(done)]


def restore_leaders(bootstrap_servers, topic):
    def preferred_leads(admin):
        (found,) = admin.describe_topics([topic])
        return {part["partition_index"]: part["replica_nodes"][0] == part["leader_id"] for part in found["partitions"]}

    def work(admin):
        (found,) = admin.describe_topics([topic])
        numbers = [
            part["partition_index"]
            for part in found["partitions"]
            if part["leader_id"] != part["replica_nodes"][0] and part["replica_nodes"][0] in part["isr_nodes"]
        ]
        if not numbers:
            return 0
        admin.elect_leaders(0, {topic: numbers})
        end = time.monotonic() + 5
        while time.monotonic() < end and not all(preferred_leads(admin).values()):
            time.sleep(0.05)
        return len(numbers)

    return _try_for_a_while(bootstrap_servers, work)
