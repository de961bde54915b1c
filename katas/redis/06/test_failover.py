"""What must go on when a machine dies."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_mqkata.testing import eventually

SLOTS = 16384

# random text hardly ever has braces in it
keys = st.lists(st.sampled_from(["{", "}", "{}", "a", "order", "ż"]) | st.text(max_size=3), max_size=6).map("".join)


def failure(call: Callable[[], Any]) -> BaseException | None:
    """What `call` raised, None if nothing."""
    try:
        call()
    except Exception as error:
        return error
    return None


def what_came(error: BaseException | None) -> str:
    return "returned as if all was well" if error is None else f"raised {type(error).__name__}: {error}"


# Step 1


@pytest.mark.step(1, "slot_of")
def test_slot_property(kata: ModuleType, redis_cluster_nodes: Callable[..., Any]) -> None:
    (node,) = redis_cluster_nodes(1)
    with node.client() as client:

        @settings(max_examples=150, deadline=None)
        @given(keys)
        @example("")
        @example("123456789")
        @example("{a}b")
        @example("x{}y")
        @example("a{b}{c}")
        @example("{{a}}")
        @example("a}{b}")
        @example("}{")
        @example("{a")
        @example("{}{b}")
        @example("{żur}:state")
        def slot_is_the_servers(key: str) -> None:
            wanted = int(client.execute_command("CLUSTER", "KEYSLOT", key))
            found = kata.slot_of(key)
            assert found == wanted, (
                f"slot_of({key!r}) is {found!r}, and the server says {wanted}. Only what is between the first {{ and the "
                "next } is hashed, if there is anything between them; else the whole key. The hash is CRC-16/XMODEM of "
                "the UTF-8 bytes, modulo 16384."
            )

        slot_is_the_servers()


@pytest.mark.step(1, "order_keys")
def test_order_keys_property(kata: ModuleType, redis_cluster_nodes: Callable[..., Any]) -> None:
    (node,) = redis_cluster_nodes(1)
    with node.client() as client:

        @settings(max_examples=100, deadline=None)
        @given(keys, keys)
        @example("", "{}")
        @example("7", "8")
        @example("7", "{7}")
        @example("7", "7}")
        @example("7", "7:state")
        @example("{7", "7")
        @example("}", "{")
        @example("}", "%7D")
        @example("{", "_")
        @example("a", "A")
        @example("a b", "a+b")
        @example("\x00", "")
        def keys_of_two_orders(one: str, other: str) -> None:
            mine, others = kata.order_keys(one), kata.order_keys(other)
            for order_id, names in ((one, mine), (other, others)):
                assert len({*names}) == 3, f"The three keys of order {order_id!r} must be different, and are {names!r}."
                slots = [int(client.execute_command("CLUSTER", "KEYSLOT", name)) for name in names]
                assert len({*slots}) == 1, (
                    f"The keys of order {order_id!r} are {names!r}, and the server finds them in the slots {slots}. One "
                    "MULTI can change them only if they are in one slot: what is in braces must be the same, not empty, "
                    "and must not end before you think."
                )
            shared = {*mine} & {*others}
            assert one == other or not shared, (
                f"Orders {one!r} and {other!r} share the key {shared}: the one would overwrite the other."
            )

        keys_of_two_orders()


@pytest.mark.step(1, "order_keys")
def test_orders_spread(kata: ModuleType, redis_cluster_nodes: Callable[..., Any]) -> None:
    (node,) = redis_cluster_nodes(1)
    with node.client() as client, client.pipeline(transaction=False) as questions:
        for number in range(600):
            questions.execute_command("CLUSTER", "KEYSLOT", kata.order_keys(str(number)).events)
        slots = [int(slot) for slot in questions.execute()]
    assert len({*slots}) > 500, (
        f"600 orders lie in only {len({*slots})} slots (589 are usual). Orders whose keys have the same text in braces all "
        "lie on one master: the tag must be the order's own."
    )
    shares = [sum(1 for slot in slots if slot * 3 // SLOTS == third) for third in range(3)]
    assert min(shares) > 120, f"Of 600 orders three masters with a third of the slots each would get {shares}."


# Step 2


def bare(nodes: list[Any]) -> list[str]:
    """The names of the nodes that know nobody and own nothing."""
    found = []
    for node in nodes:
        with node.client() as client:
            about = client.cluster("INFO")
            if int(about["cluster_known_nodes"]) == 1 and int(about["cluster_slots_assigned"]) == 0:
                found.append(node.name)
    return found


def own_line(client: redis.Redis) -> list[str]:
    """The words of the node's line about itself in CLUSTER NODES: id, address, flags, master …, from the 9th on slots."""
    reply: Any = client.execute_command("CLUSTER", "NODES", NEVER_DECODE=True)
    lines = (reply.decode() if isinstance(reply, bytes) else str(reply)).splitlines()
    (line,) = (line for line in lines if "myself" in line.split()[2])
    return line.split()


@pytest.mark.step(2, "create_cluster")
@pytest.mark.timeout(60)
def test_create_cluster(
    kata: ModuleType, redis_cluster_nodes: Callable[..., Any], fault_proxy: Callable[[str], Any]
) -> None:
    nodes = redis_cluster_nodes(6)
    urls = [node.url for node in nodes]
    for wrong in ([], urls[:4], urls[:5], [*urls, "redis://127.0.0.1:1"]):
        error = failure(partial(kata.create_cluster, wrong, 5))
        assert isinstance(error, ValueError), (
            f"create_cluster() with {len(wrong)} nodes {what_came(error)}. It must raise ValueError: three masters and a "
            "replica for each are the least, and a pair needs two."
        )
    untouched = bare(nodes)
    assert len(untouched) == 6, f"After ValueError only these nodes are as bare as before: {untouched}."

    kata.create_cluster(urls, 30)

    masters, replicas = nodes[:3], nodes[3:]
    shares = []
    for node in nodes:
        with node.client() as client:
            about = client.cluster("INFO")
            assert about["cluster_state"] == "ok", (
                f"create_cluster() has returned, and {node.name} says cluster_state:{about['cluster_state']} "
                f"({about['cluster_slots_assigned']} of 16384 slots assigned, {about['cluster_known_nodes']} nodes known). "
                "Ask every node before you return; if a slot is nobody's it never becomes ok."
            )
            role = client.execute_command("ROLE")
            if node in masters:
                assert role[0] == "master", f"Node {nodes.index(node)} must be a master, and says that it is {role}."
                ranges = [[int(slot) for slot in part.split("-")] for part in own_line(client)[8:]]
                shares.append(sum(part[-1] - part[0] + 1 for part in ranges))
            else:
                wanted = masters[replicas.index(node)].port
                assert (role[0], role[2] if len(role) > 2 else None) == ("slave", wanted), (
                    f"Node {nodes.index(node)} must replicate node {masters.index(masters[replicas.index(node)])} (port "
                    f"{wanted}), and its ROLE is {role}. REPLICATE fails as long as the node has not heard of the master; "
                    "CLUSTER MEET only begins the introduction."
                )
                link = client.info("replication")["master_link_status"]
                assert link == "up", (
                    f"create_cluster() has returned, and the link of replica {node.name} to its master is {link}: if the "
                    "master died now, nobody would have its data."
                )
    assert sum(shares) == SLOTS, f"The masters own {shares} slots, together {sum(shares)} of 16384."
    assert max(shares) - min(shares) <= 3, f"The slots must be shared out evenly, and the masters own {shares}."

    silent = []
    for node in nodes:
        proxy = fault_proxy(node.url)
        proxy.block()
        silent.append(proxy.url)
    begun = time.monotonic()
    error = failure(lambda: kata.create_cluster(silent, 1.0))
    took = time.monotonic() - begun
    assert isinstance(error, TimeoutError), (
        f"None of six nodes answers, and create_cluster(…, timeout=1.0) {what_came(error)}. It must raise Python's own "
        "TimeoutError; the one of redis-py is another."
    )
    assert took < 4, f"None of six nodes answers, and create_cluster(…, timeout=1.0) took {took:.1f} s to say so."


@pytest.mark.step(2, "create_cluster", "order_keys")
@pytest.mark.timeout(60)
def test_orders_in_the_cluster(kata: ModuleType, redis_cluster_nodes: Callable[..., Any]) -> None:
    nodes = redis_cluster_nodes(6)
    kata.create_cluster([node.url for node in nodes], 30)
    order = kata.order_keys("{17}")
    with redis.RedisCluster.from_url(nodes[4].url, decode_responses=True) as cluster:
        owner = cluster.get_node_from_key(order.events)
        with redis.Redis(host=owner.host, port=owner.port, decode_responses=True) as client:
            with client.pipeline(transaction=True) as together:
                together.rpush(order.events, "paid")
                together.set(order.state, "paid")
                together.set(order.lock, "till 3", px=60_000)
                error = failure(together.execute)
    assert error is None, f"One MULTI with the three keys of an order on the new cluster: {what_came(error)}."


# Step 3


def subscribers(node: Any, channel: str) -> tuple[int, int]:
    """How many subscribe to the sharded channel, and how many to the plain channel of that name, on this node."""
    with node.client(socket_timeout=2) as client:
        sharded = client.execute_command("PUBSUB", "SHARDNUMSUB", channel)
        plain = client.execute_command("PUBSUB", "NUMSUB", channel)
    return _count(sharded), _count(plain)


def nobody_listens(node: Any, channel: str) -> bool:
    return subscribers(node, channel) == (0, 0)


def _count(reply: Any) -> int:
    if isinstance(reply, dict):
        return int(next(iter(reply.values())))
    return int(reply[0][1] if isinstance(reply[0], list | tuple) else reply[1])


@pytest.mark.step(3, "publish_sharded", "ShardFeed")
@pytest.mark.timeout(60)
def test_sharded(kata: ModuleType, redis_cluster: Any) -> None:
    nodes = redis_cluster.nodes
    for channel in ("room", "{vip}.1", "zz9"):  # one on each shard
        owner = redis_cluster.owner(channel)
        others = [node for node in nodes[:3] if node is not owner]
        stranger = nodes[3 + nodes.index(others[0])]  # a replica of another shard
        with kata.ShardFeed(others[1].url, channel) as one, kata.ShardFeed(stranger.url, channel) as two:
            found = {node.name: subscribers(node, channel) for node in nodes}
            wanted = {node.name: (2 if node is owner else 0, 0) for node in nodes}
            assert found == wanted, (
                f"Two feeds of the sharded channel {channel!r}, made by way of two nodes that do not own it. Subscribers "
                f"that the nodes count (sharded, plain): {found}; {wanted} are wanted. {owner.name} is the master that owns "
                "the channel's slot; SUBSCRIBE is not SSUBSCRIBE, and the feed must be confirmed before it is returned."
            )
            body = {"order": 7, "dish": "Żur", "to": channel}
            for url in (owner.url, others[0].url, stranger.url):
                receivers = kata.publish_sharded(url, channel, body)
                assert receivers == 2, (
                    f"Two feeds listen to {channel!r}, and publish_sharded() returned {receivers!r}. The number is what the "
                    "owner of the slot answers to SPUBLISH."
                )
                heard = [one.get(5), two.get(5)]
                assert heard == [body, body], f"Of the message {body} on {channel!r} the two feeds got {heard}."
            assert one.get(0.05) is None, "After the last message there was one more."
        eventually(
            partial(nobody_listens, owner, channel),
            3,
            f"Both feeds of {channel!r} were closed, and {owner.name} still counts subscribers.",
        )
        replica = nodes[3 + nodes.index(owner)]
        with kata.ShardFeed(replica.url, channel) as feed:
            kata.publish_sharded(replica.url, channel, {"by": "replica"})
            heard = feed.get(5)
            assert heard == {"by": "replica"}, (
                f"Feed and message of {channel!r} came by way of a replica of the shard; the feed got {heard!r}."
            )


@pytest.mark.step(3, "publish_sharded", "ShardFeed")
@pytest.mark.timeout(60)
def test_new_feed_after_master_death(kata: ModuleType, redis_cluster: Any) -> None:
    channel = "room"
    nodes = redis_cluster.nodes
    owner = redis_cluster.owner(channel)
    alive = [node for node in nodes if node is not owner]
    feeds = []

    def new_feed() -> bool:
        feeds.append(kata.ShardFeed(alive[0].url, channel, timeout=1.0))
        return True

    owner.pause()
    error = failure(new_feed)
    counted = sum(subscribers(node, channel)[0] for node in alive)
    assert error is not None or counted == 1, (
        f"The master that owns {channel!r} answers nothing (it was stopped), and ShardFeed(…) returned as if it was "
        f"subscribed; the other nodes count {counted} subscribers. Only the server's confirmation says that you listen."
    )
    owner.kill()
    try:
        last: list[BaseException | None] = [error]

        def again() -> bool:
            last[0] = failure(new_feed)
            return last[0] is None

        if error is not None:
            eventually(
                again,
                20,
                lambda: (
                    f"The master of {channel!r} died, and its replica took over. 20 s later a new ShardFeed by way of a "
                    f"living node still fails: {what_came(last[0])}."
                ),
                poll=0.1,
            )
        receivers = kata.publish_sharded(alive[1].url, channel, {"order": 8})
        heard = feeds[-1].get(5)
        assert (receivers, heard) == (1, {"order": 8}), (
            f"One feed listens to {channel!r} on the shard's new master: publish_sharded() returned {receivers!r}, and the "
            f"feed got {heard!r}."
        )
    finally:
        for feed in feeds:
            feed.close()


# Step 4


class Desk:
    """Publishes order after order in the background."""

    def __init__(self, publisher: Any, stream: str) -> None:
        self._publisher = publisher
        self._stream = stream
        self._stop = threading.Event()
        self.acked: list[tuple[str, str]] = []  # message_id, entry id
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            message_id = f"m{number}"
            try:
                entry = self._publisher.add(self._stream, message_id, {"order": str(number)})
            except BaseException as error:
                self.error = error
                return
            self.acked.append((message_id, entry))
            number += 1
            self._stop.wait(0.005)

    def has(self, count: int, within: float, when: str) -> None:
        eventually(
            lambda: self.error is not None or len(self.acked) >= count,
            within,
            lambda: f"{when}: add() returned for {len(self.acked)} messages, and {count} should have come through.",
        )
        assert self.error is None, (
            f"{when}: after {len(self.acked)} messages add() raised {type(self.error).__name__}: {self.error}. It must go "
            "on with the new master; the sentinels know which it is."
        )

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(20)


def stored(node: Any, stream: str) -> dict[str, list[str]]:
    """message_id -> ids of the entries with it, on this node."""
    found: dict[str, list[str]] = {}
    with node.client() as client:
        for entry, fields in client.xrange(stream):
            found.setdefault(fields.get("message_id", "none at all"), []).append(entry)
    return found


@contextlib.contextmanager
def publisher_of(kata: ModuleType, urls: list[str], service: str, **options: Any) -> Iterator[Any]:
    publisher = kata.Publisher(urls, service, **options)
    try:
        yield publisher
    finally:
        publisher.close()


@pytest.mark.step(4, "Publisher")
@pytest.mark.timeout(90)
@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_publisher_failover(kata: ModuleType, redis_sentinel: Any, fault: str) -> None:
    stream = redis_sentinel.fresh("orders")
    old = redis_sentinel.master()
    happened = f"The master was {'killed' if fault == 'kill' else 'paused (it answers nothing)'}"
    # sentinels whose first attempt fails, as on a busy machine, make the next one 6 s later
    with publisher_of(kata, redis_sentinel.sentinel_urls, redis_sentinel.service, deadline=20) as publisher:
        desk = Desk(publisher, stream)
        try:
            desk.has(10, 10, "With all nodes up")
            getattr(old, fault)()
            before = len(desk.acked)
            desk.has(before + 30, 30, happened)
        finally:
            desk.stop()
        eventually(lambda: redis_sentinel.master() is not old, 10, "The sentinels have chosen a new master.")
        master = redis_sentinel.master()
        found = stored(master, stream)
        lost = [message_id for message_id, _ in desk.acked if message_id not in found]
        assert not lost, (
            f"{happened}. add() had returned for {len(desk.acked)} messages; on the new master these are missing: {lost}. "
            "Return only when a replica has the entry."
        )
        twice = {message_id: entries for message_id, entries in found.items() if len(entries) > 1}
        assert not twice, f"{happened}. On the new master these messages are stored more than once: {twice}."
        other = {
            message_id: (entry, found[message_id][0])
            for message_id, entry in desk.acked
            if [entry] != found[message_id]
        }
        assert not other, f"{happened}. Entry ids that add() returned, and those that the new master has: {other}."

        for message_id, entry in (desk.acked[0], desk.acked[before - 1], desk.acked[-1]):
            again = publisher.add(stream, message_id, {"order": "again"})
            assert again == entry, (
                f"{message_id!r} is stored as {entry}, before or after the failover; adding it once more gave {again!r}."
            )
        counted = sum(len(entries) for entries in stored(master, stream).values())
        assert counted == sum(len(entries) for entries in found.values()), (
            "Three messages were added once more after the failover, and the stream has grown."
        )


@pytest.mark.step(4, "Publisher")
@pytest.mark.timeout(60)
def test_first_sentinel_down(kata: ModuleType, redis_sentinel: Any) -> None:
    stream = redis_sentinel.fresh("orders")
    urls, service = redis_sentinel.sentinel_urls, redis_sentinel.service
    entries = []
    for fault in ("pause", "kill"):
        getattr(redis_sentinel.sentinels[0], fault)()
        happened = "silent" if fault == "pause" else "dead"
        with publisher_of(kata, urls, service, deadline=8) as publisher:
            try:
                entries.append(publisher.add(stream, "m1", {"order": "1", "dish": "Żur"}))
            except Exception as problem:
                pytest.fail(
                    f"The first sentinel is {happened}, the two others answer, and add() {what_came(problem)}. Give each "
                    "sentinel a short time, and go on to the next."
                )
    with redis_sentinel.master().client() as client:
        found = client.xrange(stream)
    assert entries[0] == entries[1], (
        f"Two Publishers added the same message_id, one after the other: the first got {entries[0]!r}, the second "
        f"{entries[1]!r}. What was stored must be remembered on the server: the program may have started anew."
    )
    assert found == [(entries[0], {"message_id": "m1", "order": "1", "dish": "Żur"})], (
        f"The stream must hold one entry, {entries[0]}, with the fields and the message_id; it holds {found}."
    )

    begun = time.monotonic()
    with publisher_of(kata, urls[:1], service, deadline=1.0) as publisher:
        error = failure(lambda: publisher.add(stream, "m2", {"order": "2"}))
    took = time.monotonic() - begun
    assert isinstance(error, kata.GaveUp), f"The only sentinel given is dead, and add() {what_came(error)}, not GaveUp."
    assert 0.9 < took < 6, (
        f"The only sentinel given is dead, and add() with a deadline of 1 s gave up after {took:.1f} s."
    )


@pytest.mark.step(4, "Publisher")
@pytest.mark.timeout(60)
def test_publisher_needs_replica(kata: ModuleType, redis_sentinel: Any) -> None:
    stream = redis_sentinel.fresh("orders")
    master = redis_sentinel.master()
    replicas = [node for node in redis_sentinel.nodes if node is not master]
    with publisher_of(kata, redis_sentinel.sentinel_urls, redis_sentinel.service, deadline=2.5) as publisher:
        publisher.add(stream, "m1", {"order": "1"})
        for node in replicas:
            node.pause()
        begun = time.monotonic()
        error = failure(lambda: publisher.add(stream, "m2", {"order": "2"}))
        took = time.monotonic() - begun
        assert isinstance(error, kata.GaveUp), (
            f"Both replicas are paused, and add() with min_replicas=1 {what_came(error)}. Only the master can have the "
            "entry, so add() must raise GaveUp at its deadline. (WAIT tells how many replicas have the last write of its "
            "own connection; after a retry that has written nothing it has nothing to wait for.)"
        )
        assert 2 < took < 7, f"add() with a deadline of 2.5 s gave up after {took:.1f} s."
        for node in replicas:
            node.resume()
        got: list[str] = []

        def comes_through() -> bool:
            problem = failure(lambda: got.append(publisher.add(stream, "m2", {"order": "2"})))
            assert problem is None or isinstance(problem, kata.GaveUp), (
                f"The replicas are back, and add() {what_came(problem)}."
            )
            return problem is None

        eventually(comes_through, 15, "The replicas are back, and add() still gives up.")
    found = stored(master, stream)
    assert found.get("m2") == got, (
        f"m2 was tried again and again while no replica answered, and once more afterwards: add() returned {got}, and the "
        f"master has the entries {found.get('m2')} with this message_id. It must be stored once, with the id returned."
    )


# Step 5


@pytest.mark.step(5, "quorum")
@pytest.mark.timeout(60)
def test_quorum(kata: ModuleType, redis_sentinel: Any) -> None:
    urls, service = redis_sentinel.sentinel_urls, redis_sentinel.service
    sentinels = redis_sentinel.sentinels

    def expect(urls: list[str], wanted: tuple[int, int, int, bool], situation: str) -> None:
        begun = time.monotonic()
        found = kata.quorum(urls, service)
        took = time.monotonic() - begun
        assert tuple(found) == wanted, (
            f"{situation}: quorum() gave {tuple(found)}, and (known, reachable, needed, can_fail_over) is {wanted}. The "
            "group counts all its sentinels, dead ones too; to fail over takes the quorum AND a majority of the group."
        )
        assert took < 2 * len(urls) + 1, (
            f"{situation}: quorum() took {took:.1f} s; a second for each that is silent will do."
        )

    def set_quorum(number: int, *alive: Any) -> None:
        for sentinel in alive:
            with redis.Redis.from_url(sentinel.url, socket_timeout=5) as client:
                client.execute_command("SENTINEL", "SET", service, "quorum", number)

    expect(urls, (3, 3, 2, True), "Three sentinels, quorum 2, all up")
    expect(urls[1:2], (3, 1, 2, False), "Three sentinels, quorum 2, and only one of the URLs given")
    sentinels[0].kill()
    expect(urls, (3, 2, 2, True), "Three sentinels, quorum 2, one of them dead")
    try:
        set_quorum(3, *sentinels[1:])
        expect(urls, (3, 2, 3, False), "Three sentinels, quorum set to 3, one of them dead")
        sentinels[1].pause()
        set_quorum(1, sentinels[2])
        expect(
            urls, (3, 1, 1, False), "Three sentinels, quorum set to 1, one dead and one paused: one vote is no majority"
        )
        expect(urls[:2], (0, 0, 0, False), "Of the two sentinels whose URLs are given one is dead and one paused")
    finally:
        sentinels[1].resume()
        set_quorum(2, *sentinels[1:])


# Step 6


def refusal(client: redis.Redis) -> str | None:
    """Why the server refuses a write, None if it takes it."""
    try:
        client.set("till", "open")
    except redis.ResponseError as error:
        return str(error)
    return None


@pytest.mark.step(6, "node.conf")
@pytest.mark.timeout(60)
def test_node_conf(kata_dir: Path, redis_server_factory: Callable[..., Any]) -> None:
    config = kata_dir / "node.conf"
    quick = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    master = redis_server_factory(config, *quick)
    replicas = [redis_server_factory(config, *quick, "--replicaof", f"127.0.0.1 {master.port}") for _ in range(2)]
    with master.client() as client:

        def lags() -> list[int]:
            """Seconds since the report of each replica that is online."""
            about = client.info("replication")
            slaves = [about[f"slave{number}"] for number in range(int(about["connected_slaves"]))]
            return [int(slave["lag"]) for slave in slaves if slave["state"] == "online"]

        eventually(
            lambda: len(lags()) == 2 and max(lags()) <= 1 and refusal(client) is None,
            15,
            lambda: (
                f"Two replicas should be online (reports {lags()} s ago), and the master should take writes; it "
                f"says {refusal(client) or 'OK'}."
            ),
        )
        with replicas[0].client() as reader:
            said = refusal(reader)
        assert said is not None, (
            f"A write to a replica must be refused (READONLY), and the answer was {said or 'OK'}: it would be lost."
        )

        replicas[0].pause()
        allowed = int(client.config_get("min-replicas-max-lag")["min-replicas-max-lag"])
        end = time.monotonic() + 15
        while max(lags()) <= min(allowed, 5) + 1 and time.monotonic() < end:
            said = refusal(client)
            assert said is None, (
                f"One of two replicas is silent, the other one reports, and the master refuses writes: {said}. One replica "
                "is enough to go on."
            )
            time.sleep(0.05)
        said = refusal(client)
        assert said is None, (
            f"One of two replicas is silent for longer than the configuration allows ({allowed} s), the other one reports, "
            f"and the master refuses writes: {said}. One replica is enough to go on."
        )

        replicas[1].pause()
        eventually(
            lambda: refusal(client),
            8,
            lambda: (
                f"Both replicas are silent, the last reports were {lags()} s ago, and the master still takes writes. It may "
                "be the one that was cut off. How many replicas must have reported, how many seconds ago?"
            ),
        )
        said = refusal(client)
        assert "NOREPLICAS" in str(said), f"The master refuses writes, but for another reason: {said}."

        replicas[1].resume()
        eventually(
            lambda: refusal(client) is None,
            10,
            lambda: f"One replica is back, and the master still refuses writes: {refusal(client)}.",
        )
