"""The timeline of a kata's test, and `mqkata explain`, which shows it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.mini import Mini, make_mini

from pytest_mqkata import timeline
from pytest_mqkata.katas.answer import read_files
from pytest_mqkata.katas.kata import Kata
from pytest_mqkata.progress.records import Record, TestRecord
from pytest_mqkata.progress.store import Store, digests, suite_digest
from pytest_mqkata.timeline.recorder import BODY, FIRST, LAST, Recorder, short
from pytest_mqkata.timeline.story import tell
from pytest_mqkata.timeline.wraps import Wraps

pytestmark = pytest.mark.timeout(180)

ANSWER = Path("/somewhere/katas/redis/01/mini.py")
TEST = Path("/somewhere/katas/redis/01/test_mini.py")


def recorder() -> Recorder:
    return Recorder(lambda file: file == str(ANSWER), Path("/somewhere/katas"))


def code(file: Path, source: str, **names: Any) -> dict[str, Any]:
    """What a file of that path defines."""
    exec(compile(textwrap.dedent(source), str(file), "exec"), names)
    return names


# the recorder


def test_the_first_and_the_last_events_are_kept() -> None:
    """With a line that says how many are left out, and bodies that are short; all of it is JSON."""
    made = recorder()
    for number in range(FIRST + LAST + 25):
        made.note("published", f"queue #{number}", b"\xc3\xa4" * 500)
    events = made.events()

    assert len(events) == FIRST + 1 + LAST
    assert events[FIRST] == {"what": timeline.LEFT_OUT, "count": 25}
    assert [event["on"] for event in events if "on" in event] == [
        f"queue #{number}" for number in [*range(FIRST), *range(FIRST + 25, FIRST + 25 + LAST)]
    ]
    assert events[0]["body"] == "ä" * (BODY - 1) + "…"
    assert json.loads(json.dumps(events)) == events


def test_no_event_of_any_thread_is_lost() -> None:
    """They stand in the order of their times."""
    made = recorder()
    start = threading.Barrier(8)

    def note() -> None:
        start.wait()
        for _ in range(500):
            made.note("published")

    threads = [threading.Thread(target=note) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = made.events()

    assert sum(event.get("count", 1) for event in events) == 8 * 500
    times = [event["ms"] for event in events if "ms" in event]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a\r\n\tb\x00c", "a b c"),
        (b"\xff\xfe", "��"),
        (bytearray(b"order"), "order"),
        (memoryview(b"order"), "order"),
        (None, ""),
        (object(), ""),
        ("x" * 41, "x" * 39 + "…"),
    ],
)
def test_a_body_is_shown_in_one_line(body: object, expected: str) -> None:
    """Whatever it holds; what is neither text nor bytes is not looked at."""
    assert short(body) == expected


def test_whose_code_it_was() -> None:
    """That of the innermost frame of the answer or the test, on any thread; else that of the client's owner."""
    made = recorder()
    answer = code(ANSWER, "def call(function):\n    return function()\n")
    test = code(TEST, "def call(function):\n    return function()\n")

    assert answer["call"](made.who) == "answer"
    assert test["call"](made.who) == "test"
    assert test["call"](lambda: answer["call"](made.who)) == "answer"
    assert answer["call"](lambda: test["call"](made.who)) == "test"  # a callback of the test that the answer calls
    assert made.who() == ""
    assert made.who("answer") == "answer"


def test_a_thread_that_the_answer_starts_is_the_answers() -> None:
    """Though only a library's frames are on its stack."""
    made = recorder()
    seen: list[str] = []
    answer = code(
        ANSWER,
        """
        import threading
        def start(target):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        """,
    )
    with made.recording():
        answer["start"](lambda: seen.append(made.who()))
        other = threading.Thread(target=lambda: seen.append(made.who()))
        other.start()
        other.join()

    assert seen == ["answer", ""]


def test_faults_are_noted_while_a_test_is_recorded() -> None:
    """And nowhere else; nobody needs to know whether one is."""
    made = recorder()
    timeline.note_fault("cut", "before")
    with made.recording():
        timeline.note_fault("cut", "proxy")
    timeline.note_fault("cut", "after")

    assert [(event["what"], event["on"]) for event in made.events()] == [("fault: cut", "proxy")]


# observing


class Library:
    def send(self, text: str) -> str:
        if text == "bad":
            raise ValueError(text)
        return text.upper()

    def own(self, text: str) -> str:
        return f"my own {text}"

    async def send_later(self, text: str) -> str:
        await asyncio.sleep(0)
        return self.send(text)

    def stream(self) -> Iterator[int]:
        yield from (1, 2)


def test_an_observed_method_does_what_it_did() -> None:
    """Results, exceptions, coroutines and generators stay; an observer that raises disturbs nothing."""

    def raises(*_: object, **__: object) -> None:
        raise RuntimeError("the observer is broken")

    wraps = Wraps()
    for name in ("send", "send_later", "stream"):
        wraps.around(Library, name, before=raises, after=raises, failed=raises)
    try:
        assert Library().send("good") == "GOOD"
        with pytest.raises(ValueError, match="bad"):
            Library().send(text="bad")
        assert inspect.iscoroutinefunction(Library.send_later)
        assert asyncio.run(Library().send_later("good")) == "GOOD"
        assert list(Library().stream()) == [1, 2]
        assert Library.send.__name__ == "send"
    finally:
        wraps.undo()


def test_observers_hear_of_each_call_and_are_gone_afterwards() -> None:
    """What somebody else put in the place of a method stays; a wrapper that was kept is not wrapped again."""
    original = Library.send
    seen: list[object] = []
    wraps = Wraps()
    wraps.around(Library, "send", before=lambda _, text: seen.append(text), failed=lambda error, *_: seen.append(error))
    wraps.around(Library, "no_such_method", before=seen.append)
    kept = Library.send
    Library().send("good")
    with pytest.raises(ValueError, match="bad"):
        Library().send("bad")
    wraps.undo()
    assert seen[:2] == ["good", "bad"]
    assert isinstance(seen[2], ValueError)
    assert Library.send is original

    try:
        Library.send = kept  # type: ignore[method-assign] # as an answer that patches a client, and mends it late
        again = Wraps()
        again.around(Library, "send", before=lambda _, text: seen.append(text))
        Library().send("once")
        assert seen[3:] == ["once"]
        Library.send = Library.own  # type: ignore[method-assign]
        again.undo()
        assert Library().send("good") == "my own good"

        @functools.wraps(kept)
        def patched(self: Library, text: str) -> str:
            return f"patched {text}"

        Library.send = patched  # type: ignore[method-assign] # and as one that never mends it
        third = Wraps()
        third.around(Library, "send", before=lambda _, text: seen.append(text))
        assert Library().send("twice") == "patched twice"
        assert seen[4:] == ["twice"]
        third.undo()
        assert Library.send is patched
    finally:
        Library.send = original  # type: ignore[method-assign]


# the story


def event(what: str, on: str = "", body: str = "", who: str = "answer", ms: float = 1.0) -> dict[str, Any]:
    return {"ms": ms, "who": who, "what": what, "on": on, "body": body}


def test_what_repeats_itself_is_told_once() -> None:
    """An event by its number, a round of several by its first and last; nothing is said of three in a row."""
    published = [event("published", f"orders-0@{number}", f"order {number}") for number in range(20)]
    (line,) = tell(published)
    assert (line.what, line.on, line.body) == ("published ×20", "orders-0@0 … 19", "order 0 … order 19")
    assert line.who == "you"

    assert [line.what for line in tell(published[:3])] == ["published"] * 3

    rounds = [
        one for number in range(6) for one in (event("delivered", f"q #{number}"), event("acked", f"q #{number}"))
    ]
    assert [(line.what, line.on) for line in tell(rounds)] == [
        ("delivered", "q #0"),
        ("acked", "q #0"),
        ("… these 2 lines 4 more times …", ""),
        ("delivered", "q #5"),
        ("acked", "q #5"),
    ]


def test_faults_and_what_is_left_out_are_always_told() -> None:
    """Each for itself."""
    events = [event("fault: cut", "proxy", who="test")] * 5 + [{"what": timeline.LEFT_OUT, "count": 1}]
    lines = tell(events)
    assert [line.what for line in lines] == ["fault: cut"] * 5 + ["… 1 event left out …"]
    assert all(line.fault for line in lines[:5])


# real brokers


RABBITMQ = """
import pika


def publish(url, queue):
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue)
        channel.basic_publish("", queue, b"an order")
        try:
            channel.basic_publish("", "nowhere", b"astray", mandatory=True)
        except pika.exceptions.UnroutableError:
            pass


def take(connection, queue):
    channel = connection.channel()
    method, _, _ = channel.basic_get(queue)
    channel.basic_ack(method.delivery_tag)
    channel.basic_get(queue)


def wait(connection):
    try:
        connection.process_data_events(time_limit=5)
    except pika.exceptions.AMQPError:
        pass
"""

RABBITMQ_TEST = """
import pika
import pytest


@pytest.mark.step(1, "publish")
def test_publish(kata, rabbitmq_server, fault_proxy):
    queue = rabbitmq_server.fresh("orders")
    kata.publish(rabbitmq_server.url, queue)
    proxy = fault_proxy(rabbitmq_server.url)
    connection = pika.BlockingConnection(pika.URLParameters(proxy.url))
    kata.take(connection, queue)
    assert rabbitmq_server.ready(queue) == 0
    proxy.cut()
    kata.wait(connection)
    pytest.fail("on purpose", pytrace=False)
"""

KAFKA = """
from contextlib import closing

from kafka import KafkaConsumer, KafkaProducer


def publish(servers, topic):
    with closing(KafkaProducer(bootstrap_servers=servers)) as producer:
        producer.send(topic, b"an order", key=b"ada").get(timeout=10)


def take(servers, topic, group):
    consumer = KafkaConsumer(
        topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    with closing(consumer):
        next(consumer)
        consumer.commit()
"""

KAFKA_TEST = """
import pytest


@pytest.mark.step(1, "publish")
def test_publish(kata, kafka_server):
    topic = kafka_server.topic("orders")
    kata.publish(kafka_server.url, topic)
    kata.take(kafka_server.url, topic, kafka_server.name("packing"))
    assert len(kafka_server.records(topic)) == 1
    pytest.fail("on purpose", pytrace=False)
"""

NATS = """
import nats


async def run(url):
    connection = await nats.connect(url)
    stream = connection.jetstream()
    await stream.add_stream(name="ORDERS", subjects=["orders.*"])
    await stream.publish("orders.new", b"an order")
    subscription = await stream.pull_subscribe("orders.*", durable="packing")
    (message,) = await subscription.fetch(1, timeout=5)
    await message.nak()
    (message,) = await subscription.fetch(1, timeout=5)
    await message.ack()
    await connection.flush()
    return connection
"""

NATS_TEST = """
import asyncio

import nats
import pytest


@pytest.mark.step(1, "run")
async def test_run(kata, nats_server):
    connection = await kata.run(nats_server.url)
    await asyncio.to_thread(nats_server.restart)
    async with asyncio.timeout(10):
        while connection.stats["reconnects"] == 0:
            await asyncio.sleep(0.01)
    await connection.close()
    pytest.fail("on purpose", pytrace=False)
"""

REDIS = """
import redis.asyncio


def send(client, value):
    return client.xadd("orders", {"order": value})


def take(client, entry):
    client.xgroup_create("orders", "packing", "0")
    client.xreadgroup("packing", "ann", {"orders": ">"}, count=1)
    client.xack("orders", "packing", entry)


def keep(client, value):
    client.set("n", value)


async def push(url):
    async with redis.asyncio.Redis.from_url(url) as client:
        return await client.pipeline().rpush("list", 7).lpop("list").execute()
"""

REDIS_TEST = """
import os

import pytest
from hypothesis import given, strategies as st


@pytest.fixture
def client(redis_server):
    with redis_server.client() as client:
        yield client


@pytest.mark.step(1, "send")
def test_stream(kata, redis_server, client, fault_proxy):
    entry = kata.send(client, 7)
    kata.take(client, entry)
    client.llen("nothing")  # a look at what is there is no part of the story
    proxy = fault_proxy(redis_server.url)
    proxy.refuse()
    pytest.fail("on purpose", pytrace=False)


@pytest.mark.step(1, "keep")
def test_passes(kata, client):
    kata.keep(client, 1)


@pytest.mark.step(1, "push")
async def test_pipeline(kata, redis_server):
    assert await kata.push(redis_server.url) == [1, b"7"]


@pytest.mark.step(2, "keep")
def test_examples(kata, client):
    client.set("before", 1)

    @given(st.integers(0, 1000))
    def kept(value):
        kata.keep(client, value)
        assert value < 10, "on purpose"

    kept()
"""

CONFTEST = '''
"""Which methods of client libraries are wrapped when a test runs, and when all is over."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from pytest_mqkata.timeline.wraps import is_wrapper

CLASSES = (
    ("pika.connection", "Connection"),
    ("pika.adapters.blocking_connection", "BlockingConnection"),
    ("kafka.producer.kafka", "KafkaProducer"),
    ("kafka.consumer.group", "KafkaConsumer"),
    ("kafka.coordinator.consumer", "ConsumerCoordinator"),
    ("kafka.admin._topics", "TopicAdminMixin"),
    ("kafka.net.connection", "KafkaConnection"),
    ("nats.aio.client", "Client"),
    ("redis.connection", "AbstractConnection"),
    ("redis.connection", "Connection"),
    ("redis.asyncio.connection", "AbstractConnection"),
    ("redis.asyncio.connection", "Connection"),
    ("hypothesis.core", "StateForActualGivenExecution"),
    ("threading", "Thread"),
)
seen = {"during": [], "after": []}


def wrapped():
    found = []
    for module, name in CLASSES:
        kind = getattr(sys.modules.get(module), name, None)
        for attribute, value in vars(kind or object).items():
            if is_wrapper(value):
                found.append(f"{module}.{name}.{attribute}")
    return found


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pyfunc_call(pyfuncitem):
    seen["during"] = sorted({*seen["during"], *wrapped()})
    return (yield)


def pytest_sessionfinish(session):
    seen["after"] = wrapped()
    (Path(__file__).parent / "wrapped.json").write_text(json.dumps(seen))


if os.environ.get("BROKEN_OBSERVER"):
    from pytest_mqkata.timeline.recorder import Recorder

    def note(*_, **__):
        raise RuntimeError("the observer is broken")

    Recorder.note = note
'''

KATAS = {
    "rabbitmq": (RABBITMQ, RABBITMQ_TEST),
    "kafka": (KAFKA, KAFKA_TEST),
    "nats": (NATS, NATS_TEST),
    "redis": (REDIS, REDIS_TEST),
}


def make_project(root: Path) -> Mini:
    """A mini project with a kata for each broker, whose tests fail on purpose when they have done their work."""
    made = make_mini(root)
    for file in made.kata.iterdir():
        file.unlink()
    for broker, (answer, test) in KATAS.items():
        folder = root / "katas" / broker / "01"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mini.py").write_text(answer)
        (folder / "test_mini.py").write_text(test)
        (folder / "README.md").write_text(f"# {broker} 01 · Mini\n\n### Step 1 · Send\n### Step 2 · Keep\n")
    (root / "conftest.py").write_text(CONFTEST)
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Mini:
    """The project, each kata run once."""
    made = make_project(tmp_path_factory.mktemp("timeline") / "project")
    run = made.pytest("katas", "--all-steps")
    assert run.output.count("on purpose") >= len(KATAS), run.output
    return made


def recorded(made: Mini, broker: str, test: str) -> list[dict[str, Any]]:
    """The timeline of a test in the last run of a kata."""
    record = Store(made.root).last_run(f"{broker}/01")
    assert record is not None
    (found,) = [one for one in record.tests if one.test == test]
    return found.timeline


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["who"], event["what"]) for event in events]


def test_rabbitmq(project: Mini) -> None:
    """In the order of the wire: a confirm after its message, a return before its confirm, an ack after the delivery."""
    events = recorded(project, "rabbitmq", "test_publish")
    assert told(events) == [
        ("answer", "connected"),
        ("answer", "declared"),
        ("answer", "published"),
        ("answer", "confirmed"),
        ("answer", "published"),
        ("answer", "returned"),
        ("answer", "confirmed"),
        ("answer", "closed"),
        ("test", "connected"),
        ("answer", "requested"),
        ("answer", "delivered"),
        ("answer", "acked"),
        ("answer", "requested"),
        ("answer", "empty"),
        ("test", "fault: cut"),
        ("answer", "connection lost"),
    ]
    assert events[2]["body"] == events[10]["body"] == "an order"
    assert events[10]["on"] == events[11]["on"]
    assert events[5]["on"].startswith("nowhere: NO_ROUTE")


def test_kafka(project: Mini) -> None:
    """Offsets tell which record was confirmed, delivered and committed."""
    events = [event for event in recorded(project, "kafka", "test_publish") if event["what"] != "empty"]
    # a member that joins before it knows the topic is assigned its partitions twice
    assigned = [event for event in events if event["what"] == "assigned"]
    events = [event for event in events if event not in assigned[:-1]]
    assert told(events) == [
        ("test", "created"),
        ("answer", "connected"),
        ("answer", "published"),
        ("answer", "confirmed"),
        ("answer", "closed"),
        ("answer", "connected"),
        ("answer", "subscribed"),
        ("answer", "assigned"),
        ("answer", "delivered"),
        ("answer", "committed"),
        ("answer", "closed"),
    ]
    topic = events[0]["on"].removeprefix("topic ")
    assert events[2]["on"] == f"{topic} key ada"
    assert events[3]["on"] == events[8]["on"] == f"{topic}-0@0"
    assert events[9]["on"] == f"{topic}-0@1"


def test_nats(project: Mini) -> None:
    """Stored, refused, delivered again; and a node that was restarted by the test on another thread."""
    events = recorded(project, "nats", "test_run")
    assert told(events)[:10] == [
        ("answer", "connected"),
        ("answer", "created"),
        ("answer", "published"),
        ("answer", "confirmed"),
        ("answer", "created"),
        ("answer", "requested"),
        ("answer", "delivered"),
        ("answer", "nacked"),
        ("answer", "requested"),
        ("answer", "redelivered"),
    ]
    assert events[3]["on"] == events[6]["on"] == events[9]["on"] == "ORDERS #1"
    rest = [what for _, what in told(events)[10:]]
    assert rest[:2] == ["acked", "fault: stopped"]
    assert set(rest) == {"acked", "fault: stopped", "connection lost", "fault: started", "connected", "closed"}
    assert rest.index("connection lost") < rest.index("connected") < rest.index("closed")


def test_redis(project: Mini) -> None:
    """Entries by their ids; the test's looks at what is there are left out."""
    events = [event for event in recorded(project, "redis", "test_stream") if event["what"] != "connected"]
    assert told(events) == [
        ("answer", "published"),
        ("answer", "confirmed"),
        ("answer", "requested"),  # XGROUP CREATE
        ("answer", "replied"),
        ("answer", "requested"),
        ("answer", "delivered"),
        ("answer", "acked"),
        ("test", "fault: new connections refused"),
    ]
    assert events[0]["body"] == "order 7"
    assert events[1]["on"] == events[5]["on"]
    assert events[6]["on"] == f"{events[1]['on']}, group packing"


def test_only_the_reported_example_is_told(project: Mini) -> None:
    """What came before the examples, then the shrunk one."""
    events = recorded(project, "redis", "test_examples")
    marks = [place for place, one in enumerate(events) if one["what"] == "example begins"]
    assert len(marks) == 1
    assert ("test", "requested") in told(events[: marks[0]])
    assert [one.get("body") for one in events[marks[0] :] if one["what"] == "requested"] == ["10"]


def test_the_libraries_are_as_they_were_afterwards(project: Mini) -> None:
    """Nothing stays wrapped, and while tests ran something was."""
    seen = json.loads((project.root / "wrapped.json").read_text())
    assert {name.partition(".")[0] for name in seen["during"]} >= {"pika", "kafka", "nats", "redis", "threading"}
    assert seen["after"] == []


def test_workers_send_the_timeline_along(project: Mini) -> None:
    """Under pytest-xdist the controller writes the history."""
    before = told(recorded(project, "redis", "test_stream"))
    run = project.pytest("katas/redis/01", "-n", "2", "--step", "1")
    assert "on purpose" in run.output
    assert told(recorded(project, "redis", "test_stream")) == before


def test_a_broken_observer_changes_nothing(project: Mini) -> None:
    """The test fails for its own reason, and has no timeline."""
    project.environment["BROKEN_OBSERVER"] = "1"
    try:
        run = project.pytest("katas/redis/01", "--step", "1")
    finally:
        del project.environment["BROKEN_OBSERVER"]
    assert "on purpose" in run.output
    assert "the observer is broken" not in run.output
    assert recorded(project, "redis", "test_stream") == []


def test_passed_tests_carry_no_timeline(project: Mini) -> None:
    """It is for failures."""
    assert recorded(project, "redis", "test_passes") == []


def test_a_pipeline_keeps_its_commands(project: Mini) -> None:
    """The asyncio client gives them away one by one, and only once."""
    record = Store(project.root).record("redis/01", 1)
    assert record is not None
    assert [one.headline for one in record.tests if one.test == "test_pipeline"] == [""]


# mqkata explain


def explain(made: Mini, *arguments: str, width: int = 80, cwd: Path | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_mqkata.cli.app", "explain", *arguments],
        cwd=cwd or made.root,
        env={**os.environ, "COLUMNS": str(width), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def add(mini: Mini) -> Callable[..., Record]:
    """Write down a run of the mini project's kata as it is now."""
    kata = Kata(mini.root, "redis", "01")
    store = Store(mini.root)

    def run(*tests: TestRecord, **fields: Any) -> Record:
        files = store.keep(read_files(kata.folder))
        settings = {"brokers": ["Redis 9 · native"], "files": files, "suite": suite_digest(kata), **fields}
        return store.add(Record("run", kata.id, time.time(), tests=list(tests), **settings))

    return run


def red(step: int = 2, **fields: Any) -> TestRecord:
    settings: dict[str, Any] = {
        "headline": "The key n does not hold 7: nothing was stored.",
        "where": "katas/redis/01/mini.py:18",
        "lines": ["", "the test: katas/redis/01/test_mini.py:25 in test_step2_store", "    kata.store(client, 7)"],
        **fields,
    }
    return TestRecord("test", step, "red", **settings)


def test_a_failure_is_explained(mini: Mini, add: Callable[..., Record]) -> None:
    """Step, sentence, place, evidence, timeline, what runs it again, and last what to do."""
    events = [
        event("connected", "port 1", who="test", ms=0.5),
        *(event("published", "orders", f"order {number}", ms=number) for number in range(20)),
        event("fault: cut", "proxy at port 2", who="test", ms=30),
        event("connection lost", "port 2", "StreamLostError", ms=31.5),
        {"what": timeline.LEFT_OUT, "count": 7},
    ]
    lines = [*red().lines, "", "what the broker held:", "    1 clients", "    0 keys"]
    add(red(lines=lines, timeline=events, replay="pytest katas/redis/01 --step 2 --hypothesis-seed=7"), red(3))
    status, out = explain(mini)

    assert status == 1
    shown = out.splitlines()
    assert shown[1] == "Redis 9 · native"
    assert "Step 2 · Store" in shown
    assert "✘ The key n does not hold 7: nothing was stored." in shown
    assert "  katas/redis/01/mini.py:18" in shown
    assert "    0 keys" in shown
    assert any(
        line.split()[:4] == ["0.0", "you", "published", "×20"] and "order 0 … order 19" in line for line in shown
    )
    assert any("test  ── FAULT CUT: proxy at port 2 ──" in line for line in shown)
    assert "… 7 events left out …" in out
    assert "Failed too: step 3" in shown
    assert "The same examples again: pytest katas/redis/01 --step 2 --hypothesis-seed=7" in shown
    assert shown[-1] == "Next: mqkata hint redis/01 --step 2"
    assert max(map(len, shown)) <= 80
    assert "changed since" not in out


def test_long_lines_are_broken_but_no_places(mini: Mini, add: Callable[..., Record]) -> None:
    """At 80 columns a sentence goes on in the next line; a terminal finds a path only where it is whole."""
    place = f"the test: katas/redis/01/{'a' * 60}/test_mini.py:25 in test_step2_store"
    add(red(headline="word " * 40, where=f"{'b' * 90}.py:3", lines=[place, "    call(" + "x, " * 40 + ")"]))
    _, out = explain(mini)

    assert place in out.splitlines()
    assert f"  {'b' * 90}.py:3" in out.splitlines()
    assert "    call(" + "x, " * 40 + ")" in out.splitlines()
    assert sum(line.startswith(("✘ word", "  word")) for line in out.splitlines()) == 3
    assert "The same step again: pytest katas/redis/01 --step 2" in out


@pytest.mark.parametrize(
    ("colour", "status", "last"),
    [
        ("amber", 2, "Next: mend that, then pytest katas/redis/01"),
        ("grey", 3, "Next: mqkata doctor redis"),
    ],
)
def test_other_colours(mini: Mini, add: Callable[..., Record], colour: str, status: int, last: str) -> None:
    """The exit status is the run's; the last line says what helps."""
    add(TestRecord("test", 1, colour, "something"))
    shown = explain(mini)
    assert shown[0] == status
    assert shown[1].splitlines()[-1] == last


def test_green_runs_have_nothing_to_explain(mini: Mini, add: Callable[..., Record]) -> None:
    """What comes next depends on whether all steps are green."""
    add(TestRecord("test", 1, "green"), whole=False)
    status, out = explain(mini, "redis/01", cwd=mini.kata)
    assert status == 0
    assert "Nothing failed: passed 1." in out
    assert out.splitlines()[-1].startswith("Next: pytest katas/redis/01 ")

    add(*(TestRecord("test", step, "green") for step in (1, 2, 3)))
    status, out = explain(mini)
    assert status == 0
    assert "Nothing failed: all 3 steps passed." in out
    assert "mqkata diff redis/01" in out.splitlines()[-1]

    add(TestRecord("test", 1, "green"), whole=False, interrupted=True)
    assert "interrupted" in explain(mini)[1]


def test_a_change_since_the_run_is_told(mini: Mini, add: Callable[..., Record]) -> None:
    """Of the answer, and of the tests."""
    add(red())
    mini.answer.write_text(mini.answer.read_text() + "\n# a change\n")
    assert "Your answer has changed since that run." in explain(mini)[1]
    assert digests(read_files(mini.kata)) != {}


def test_no_run_yet(mini: Mini) -> None:
    """One sentence."""
    status, out = explain(mini, "redis/01")
    assert status == 0
    assert out == "redis/01 was not run yet. Next: pytest katas/redis/01\n"


def test_its_help_has_an_example(mini: Mini) -> None:
    """As every command's."""
    status, out = explain(mini, "--help")
    assert status == 0
    assert "Example: mqkata explain kafka/01" in out
