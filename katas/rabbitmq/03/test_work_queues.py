"""What the photo studio must be able to rely on."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pika
import psutil
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from pytest_mqkata.testing import Background, eventually, what_came, what_is_raised
from pytest_mqkata.testing_rabbitmq import opened

TTL = 0.3  # seconds until a job is stale
IDLE = 0.5  # seconds without a job after which a worker ends
PATIENCE = 3.0  # the same, where something else ends a right answer's work before
MAX_WAIT = 0.4  # seconds that a batch waits for more jobs
TIMEOUT = 0.6  # seconds that a caller waits, where there is no answer
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # where each example of a wrong answer costs a wait


class Stumble(Exception):
    """What the test's own handlers raise."""


@pytest.fixture
def channel(rabbitmq_server: Any) -> Iterator[BlockingChannel]:
    """A channel on a connection of the test's own, for the answer to work with."""
    with opened(rabbitmq_server.url) as channel:
        yield channel


def stocked(channel: BlockingChannel, queue: str, *jobs: bytes) -> str:
    """The test's own durable queue, which holds these jobs; returns its name."""
    channel.queue_declare(queue, durable=True)
    for job in jobs:
        channel.basic_publish("", queue, job, pika.BasicProperties(delivery_mode=2))
    channel.queue_declare(queue, passive=True)  # the broker answers in turn: by now the jobs are in the queue
    return queue


def numbered(first: int, last: int) -> list[bytes]:
    return [f"photo {number}".encode() for number in range(first, last + 1)]


def drain(channel: BlockingChannel, queue: str) -> list[bytes]:
    """All that is ready in the queue, in the order in which the broker hands it out; it is taken."""
    found: list[bytes] = []
    while True:
        delivery, _, body = channel.basic_get(queue, auto_ack=True)
        if delivery is None or body is None:
            return found
        found.append(body)


def taken(channel: BlockingChannel, queue: str, message: str) -> tuple[Any, bytes]:
    """Properties and body of the next message, acknowledged; `message` says what it means if there is none for 5 s."""

    def one() -> Any:
        delivery, properties, body = channel.basic_get(queue, auto_ack=True)
        return (properties, body) if delivery else None

    found: tuple[Any, bytes] = eventually(one, message=message)
    return found


def declare(kata: ModuleType, channel: BlockingChannel, queue: str, **options: Any) -> str:
    """Have the answer declare a queue, twice, because it must be repeatable; returns the queue's name."""
    for again in ("", " for the second time"):
        result = what_is_raised(lambda: kata.declare_work_queue(channel, queue, **options))
        assert not isinstance(result, Exception), (
            f"declare_work_queue() with {options or 'no options'}{again} {what_came(result)}. The broker wants whole "
            "numbers (a time in milliseconds), and the same arguments whenever a queue is declared."
        )
    return queue


def submit(kata: ModuleType, channel: BlockingChannel, queue: str, job: bytes, **options: Any) -> None:
    """Have the answer submit a job that the broker takes."""
    call = f"submit({job!r}, {', '.join(f'{name}={value}' for name, value in options.items())})"
    result = what_is_raised(lambda: kata.submit(channel, queue, job, **options))
    assert not isinstance(result, Exception), (
        f"{call} {what_came(result)}. Priority is a number; expiration is text: the number of milliseconds, as a str."
    )
    refused = what_is_raised(lambda: channel.queue_declare(queue, passive=True))  # the broker answers in turn
    assert not isinstance(refused, Exception), (
        f"{call} returned, and the broker closed the channel: {refused}. An expiration is whole milliseconds in digits, "
        "without a point or a unit."
    )


def about(server: Any, queue: str) -> dict[str, Any]:
    """What the broker knows of a queue that the answer was to declare."""
    found = {one["name"]: one for one in server.management.get("queues", server.vhost)}
    assert queue in found, (
        f"declare_work_queue() was to declare {queue!r}, and the broker has only {sorted(found) or 'no queues'}. "
        "What is sent to a queue that does not exist is dropped without a word; so are dead letters."
    )
    known: dict[str, Any] = found[queue]
    return known


def must_be_durable_and_shared(server: Any, queue: str) -> None:
    known = about(server, queue)
    assert known["durable"] is True, (
        f"The queue {queue!r} is not durable: after a restart of the broker it is gone, with all that is in it."
    )
    assert not known["exclusive"], f"The queue {queue!r} is exclusive: only the one who declared it can use it."
    assert not known["auto_delete"], (
        f"The queue {queue!r} is auto-delete: with its last worker it goes, and all jobs with it."
    )


# Step 1


@pytest.mark.step(1, "declare_work_queue", "submit")
def test_step1_rush_jobs_first(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = declare(kata, channel, rabbitmq_server.fresh("resize"), max_priority=5)
    must_be_durable_and_shared(rabbitmq_server, queue)
    kind = about(rabbitmq_server, queue)["type"]
    assert kind == "classic", (
        f"The queue is of type {kind}; a classic queue is asked for (others know less of priorities)."
    )
    for job, priority in ((b"album", 0), (b"pass A", 5), (b"poster", 1), (b"wedding", 3), (b"pass B", 5)):
        submit(kata, channel, queue, job, priority=priority)
    order = drain(channel, queue)
    assert order == [b"pass A", b"pass B", b"wedding", b"poster", b"album"], (
        "These waited, in this order: album (priority 0), pass A (5), poster (1), wedding (3), pass B (5). The broker "
        f"handed out {order}. The highest priority must go first, and within one priority the job that came first. Both "
        "sides have a part in it: the queue must be declared with priorities, and the job must carry its own."
    )


@pytest.mark.step(1, "declare_work_queue", "submit")
def test_step1_plain_queue(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = declare(kata, channel, rabbitmq_server.fresh("resize"))
    must_be_durable_and_shared(rabbitmq_server, queue)
    submit(kata, channel, queue, b"album")
    submit(kata, channel, queue, b"pass", priority=5)
    properties, first = taken(channel, queue, f"Two jobs were submitted to {queue}, and none of them is there.")
    assert [first, *drain(channel, queue)] == [b"album", b"pass"], (
        "The queue was declared without max_priority, so whoever comes first is served first. 'album' was submitted, then "
        f"'pass' with priority 5, and the first that was handed out is {first!r}. A queue pays for priorities, so it has "
        "them only when they are asked for."
    )
    assert properties.delivery_mode == 2, (
        f"The job has delivery_mode {properties.delivery_mode!r}, so a restart of the broker drops it, also from a "
        "durable queue. 2 (persistent) has it kept on disk."
    )
    assert properties.expiration is None, (
        f"A job that was submitted without a ttl has the expiration {properties.expiration!r}; it must never expire."
    )


@pytest.mark.step(1, "declare_work_queue", "submit")
def test_step1_any_priorities_are_a_stable_sort(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel
) -> None:
    queues = {
        highest: declare(kata, channel, rabbitmq_server.fresh(f"up to {highest}"), max_priority=highest)
        for highest in (1, 3, 9)
    }

    @settings(max_examples=12)
    @given(
        st.sampled_from(sorted(queues)).flatmap(
            lambda highest: st.tuples(st.just(highest), st.lists(st.integers(0, highest), max_size=8))
        )
    )
    @example((1, [0, 1, 0, 1]))
    @example((3, [2, 3, 7]))  # above the maximum counts as the maximum
    @example((9, [9, 5, 0, 5, 9, 1]))
    def a_stable_sort(highest_and_priorities: tuple[int, list[int]]) -> None:
        highest, priorities = highest_and_priorities
        jobs = [(f"{number}: {priority}".encode(), priority) for number, priority in enumerate(priorities)]
        for job, priority in jobs:
            submit(kata, channel, queues[highest], job, priority=priority)
        order = drain(channel, queues[highest])
        wanted = [job for job, priority in sorted(jobs, key=lambda job: -min(job[1], highest))]
        assert order == wanted, (
            f"With max_priority={highest} jobs of these priorities waited, in this order: {priorities}. They must be "
            f"handed out as {wanted} (number of arrival: priority), and came as {order}."
        )

    a_stable_sort()


# Step 2


@pytest.mark.step(2, "declare_work_queue", "submit", "deaths")
@pytest.mark.parametrize("whose", ["job", "queue"])
def test_step2_stale_jobs_die(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel, whose: str) -> None:
    dead = rabbitmq_server.fresh("dead")
    options = {"message_ttl": TTL} if whose == "queue" else {}
    queue = declare(kata, channel, rabbitmq_server.fresh("preview"), dead_letter_queue=dead, **options)
    must_be_durable_and_shared(rabbitmq_server, dead)
    begun = time.monotonic()
    submit(kata, channel, queue, b"preview", **({"ttl": TTL} if whose == "job" else {}))
    eventually(
        lambda: rabbitmq_server.ready(queue) != 1,
        3,
        f"The {whose}'s ttl is {TTL} s, and long after that the job is still ready in its queue: it does not die.",
    )
    lived = time.monotonic() - begun
    assert lived > TTL * 0.95, (
        f"The {whose}'s ttl is {TTL} s, and the job was gone after {lived:.3f} s. The broker counts in milliseconds: "
        f"{TTL} s are {TTL * 1000:.0f} of them."
    )
    assert rabbitmq_server.ready(queue) == 0, (
        f"With the {whose}'s ttl of {TTL} s not the job has died, but the queue itself is gone. (x-expires is for queues "
        "that nobody uses; for messages it is x-message-ttl.)"
    )
    eventually(
        lambda: rabbitmq_server.ready(dead) == 1,
        3,
        "The job has expired, and it is not in the dead-letter queue: it is lost. A dead message is published to the "
        "queue's dead-letter exchange, with its old routing key unless the queue says otherwise; the default exchange "
        "would put it back into the queue that it died in.",
    )
    _, properties, body = channel.basic_get(dead, auto_ack=True)
    assert properties is not None
    found = what_is_raised(lambda: kata.deaths(properties))
    wanted = [kata.Death(queue, "expired", 1)]
    assert body == b"preview", f"The job was b'preview', and the dead letter is {body!r}."
    assert found == wanted, (
        f"The dead letter's x-death is {(properties.headers or {}).get('x-death')}; deaths() {what_came(found)}, not "
        f"{wanted}."
    )
    limits = {name for name in about(rabbitmq_server, dead)["arguments"] if name in ("x-message-ttl", "x-expires")}
    assert not limits, (
        f"The dead-letter queue has {', '.join(limits)} itself: what was set aside for somebody to look at is soon gone."
    )


@pytest.mark.step(2, "declare_work_queue", "submit")
def test_step2_each_queue_has_its_own_dead_letters(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel
) -> None:
    queues = {rabbitmq_server.fresh(stem): rabbitmq_server.fresh(f"dead {stem}") for stem in ("preview", "print")}
    for queue, dead in queues.items():
        declare(kata, channel, queue, dead_letter_queue=dead)
    for queue in queues:
        submit(kata, channel, queue, f"from {queue}".encode(), ttl=0)
    for queue, dead in queues.items():
        eventually(
            partial(rabbitmq_server.ready, dead),
            3,
            f"A job with ttl=0 was submitted to {queue}, where no worker waits, and it is not in the dead-letter "
            "queue: 0 means at once, and only None means never.",
        )
    found = {dead: drain(channel, dead) for dead in queues.values()}
    wanted = {dead: [f"from {queue}".encode()] for queue, dead in queues.items()}
    assert found == wanted, (
        "Two work queues have a dead-letter queue each, and in each a job died. The dead-letter queues hold "
        f"{found}, and should hold {wanted}: one exchange for all of them must tell them apart by a routing key."
    )


@pytest.mark.step(2, "submit")
def test_step2_time_to_live_in_milliseconds(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("preview"))
    for seconds in (90, 4.1, 86400.5):
        submit(kata, channel, queue, b"preview", ttl=seconds)
        properties, _ = taken(
            channel, queue, f"A job with ttl={seconds} was submitted, and at once there was none in the queue."
        )
        expiration = properties.expiration
        assert expiration is not None, f"A job was submitted with ttl={seconds}, and it carries no expiration."
        assert abs(int(expiration) - seconds * 1000) <= 1, (
            f"A job was submitted with ttl={seconds} (seconds), and its expiration is {expiration!r} (milliseconds); it "
            f"should be {round(seconds * 1000)}."
        )


@pytest.mark.step(2, "deaths")
def test_step2_the_latest_death_comes_first(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    for properties in (pika.BasicProperties(), pika.BasicProperties(headers={"studio": "Köln"})):
        found = what_is_raised(partial(kata.deaths, properties))
        assert found == [], (
            f"A message with the headers {properties.headers} never died, and deaths() {what_came(found)}, not []."
        )
    preview, resize, parked = (rabbitmq_server.fresh(stem) for stem in ("preview", "resize", "parked"))
    for queue, following in ((preview, resize), (resize, parked), (parked, resize)):
        arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": following}
        channel.queue_declare(queue, durable=True, arguments=arguments)
    channel.basic_publish("", preview, b"photo", pika.BasicProperties(expiration="0"))
    for queue in (resize, parked, resize):
        arrived = partial(lambda name: rabbitmq_server.ready(name) == 1, queue)
        eventually(arrived, message="The test's own message did not come.")
        delivery, _, _ = channel.basic_get(queue)
        assert delivery is not None
        channel.basic_reject(delivery.delivery_tag, requeue=False)
    dead, _ = taken(channel, parked, "The test's own message did not come.")
    noted = (dead.headers or {}).get("x-death") or []
    found = what_is_raised(lambda: kata.deaths(dead))
    wanted = [kata.Death(entry["queue"], entry["reason"], entry["count"]) for entry in noted]
    assert wanted[:1] == [kata.Death(resize, "rejected", 2)], f"The broker wrote another x-death than usual: {noted}."
    assert found == wanted, (
        f"A message expired in {preview}, was rejected in {resize}, in {parked}, and in {resize} once more. Its "
        f"x-death has one entry for each queue and reason, the latest death first; deaths() {what_came(found)}, "
        f"not {wanted}."
    )


# Step 3


def failing(plan: dict[bytes, str], reject: type[Exception], seen: list[bytes]) -> Callable[[bytes], None]:
    """A handler that fails by plan: "bad" is hopeless, "flaky" fails the first time, "poison" each time."""

    def handle(job: bytes) -> None:
        seen.append(job)
        times = seen.count(job)
        if times > 4:
            pytest.fail(
                f"work() handed out {job!r} ({plan[job]}) for the {times}th time. A job that fails every time must "
                "not go round for ever: it is requeued the first time, and after that it is a dead letter."
            )
        if plan[job] == "bad":
            raise reject(f"{job!r} is no picture")
        if plan[job] == "poison" or (plan[job] == "flaky" and times == 1):
            raise Stumble(f"out of memory at {job!r}")

    return handle


@pytest.mark.step(3, "declare_work_queue", "submit", "work", "deaths")
def test_step3_hopeless_jobs_are_set_aside(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    dead = rabbitmq_server.fresh("dead")
    queue = declare(kata, channel, rabbitmq_server.fresh("resize"), dead_letter_queue=dead)
    plan = {b"photo": "ok", b"text file": "bad", b"huge photo": "flaky", b"broken photo": "poison"}
    for job in plan:
        submit(kata, channel, queue, job)
    seen: list[bytes] = []
    handle = failing(plan, kata.Reject, seen)
    report = what_is_raised(lambda: kata.work(channel, queue, handle, limit=6, idle_timeout=PATIENCE))
    times = Counter(seen)
    assert isinstance(report, kata.WorkReport), (
        f"Some of the jobs failed (handle() saw {seen}), and work() {what_came(report)}. One failing job is no reason to "
        "stop: settle it, and go on; a WorkReport is returned at the end."
    )
    assert times[b"text file"] == 1, (
        f"The handler raised Reject for 'text file', which can never succeed, and saw it {times[b'text file']} times. It "
        "must be a dead letter at once."
    )
    assert (times[b"huge photo"], times[b"broken photo"]) == (2, 2), (
        f"'huge photo' failed once, 'broken photo' each time; the handler saw them {times[b'huge photo']} and "
        f"{times[b'broken photo']} times. Each must be tried a second time, and not a third."
    )
    eventually(
        lambda: rabbitmq_server.ready(dead) == 2,
        3,
        lambda: (
            "'text file' and 'broken photo' are hopeless; after six deliveries both must be dead. "
            f"{rabbitmq_server.ready(dead)} jobs are in the dead-letter queue, {rabbitmq_server.ready(queue)} back in the "
            "work queue. A job that failed for the second time is rejected without requeue, or it goes round for ever; one "
            "that is acknowledged is gone."
        ),
    )
    dead_letters = [taken(channel, dead, "The dead letters are gone.") for _ in range(2)]
    found = {body: kata.deaths(properties) for properties, body in dead_letters}
    died = [kata.Death(queue, "rejected", 1)]
    assert found == {b"text file": died, b"broken photo": died}, (
        f"'text file' and 'broken photo' are hopeless, and were rejected; the dead letters and their deaths are {found}."
    )
    assert report == kata.WorkReport(2, 2, 2), (
        f"Two jobs were done, two were requeued once, two were rejected in the end; work() returned {report}."
    )
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert left == 0, (
        f"All four jobs are settled, and after the channel was closed {left} of them are ready again: not all were "
        "acknowledged."
    )


@pytest.mark.step(3, "declare_work_queue", "submit", "work")
@pytest.mark.timeout(40)  # an answer that does not look at `limit` yet waits for a second in each example
def test_step3_done_and_dead_are_all(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    @settings(max_examples=10, phases=NO_SHRINKING)
    @given(st.lists(st.sampled_from(["ok", "bad", "flaky", "poison"]), min_size=1, max_size=8), st.integers(1, 4))
    @example(["ok", "ok", "bad"], 3)
    @example(["flaky", "poison"], 1)
    @example(["poison", "ok", "flaky", "bad", "ok", "poison"], 4)
    def done_and_dead_are_all(kinds: list[str], prefetch: int) -> None:
        dead = rabbitmq_server.fresh("dead")
        queue = declare(kata, channel, rabbitmq_server.fresh("resize"), dead_letter_queue=dead)
        plan = {f"{number} {kind}".encode(): kind for number, kind in enumerate(kinds)}
        for job in plan:
            submit(kata, channel, queue, job)
        count = Counter(kinds)
        wanted = kata.WorkReport(
            done=count["ok"] + count["flaky"],
            requeued=count["flaky"] + count["poison"],
            rejected=count["bad"] + count["poison"],
        )
        seen: list[bytes] = []
        handle = failing(plan, kata.Reject, seen)
        limit = wanted.done + wanted.requeued + wanted.rejected
        with opened(rabbitmq_server.url) as own:
            report = what_is_raised(
                lambda: kata.work(own, queue, handle, prefetch=prefetch, limit=limit, idle_timeout=1)
            )
        settled_twice = (
            " (An unknown delivery tag is one that was settled before: twice, or along with others, by multiple.)"
            if isinstance(report, ChannelClosedByBroker)
            else ""
        )
        assert report == wanted, (
            f"Jobs {[job.decode() for job in plan]} with prefetch={prefetch}: work() {what_came(report)}, not {wanted}; "
            f"handle() saw {seen}.{settled_twice}"
        )
        hopeless = sorted(job for job, kind in plan.items() if kind in ("bad", "poison"))
        eventually(
            lambda: rabbitmq_server.ready(dead) == len(hopeless) and rabbitmq_server.ready(queue) == 0,
            3,
            lambda: (
                f"Jobs {[job.decode() for job in plan]} with prefetch={prefetch}: {len(hopeless)} of them are hopeless; "
                f"{rabbitmq_server.ready(dead)} are in the dead-letter queue, {rabbitmq_server.ready(queue)} back in the "
                "work queue, which should be empty."
            ),
        )
        found = sorted(drain(channel, dead))
        assert found == hopeless, f"{hopeless} are hopeless; the dead-letter queue holds {found}."

    done_and_dead_are_all()


@pytest.mark.step(3, "work")
def test_step3_another_worker_had_it_before(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("resize"), b"photo")
    with opened(rabbitmq_server.url) as another:
        delivery, _, _ = another.basic_get(queue)
        assert delivery is not None, "The test's own message is not there."
        another.basic_nack(delivery.delivery_tag, requeue=True)
        eventually(lambda: rabbitmq_server.ready(queue) == 1, message="The test's own message did not come back.")
    handle = failing({b"photo": "poison"}, kata.Reject, [])
    report = what_is_raised(lambda: kata.work(channel, queue, handle, limit=1, idle_timeout=1))
    assert report == kata.WorkReport(0, 0, 1), (
        f"A job was delivered to another worker before, which gave it back; now it fails here, and work() "
        f"{what_came(report)}. It must be rejected: no worker knows what another one has seen, but the broker does, and "
        "says it with each delivery."
    )


# Step 4


@pytest.mark.step(4, "work")
def test_step4_prefetch_is_fair(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("resize"), *numbered(1, 10))
    release, returned, leave = threading.Event(), threading.Event(), threading.Event()

    def slow(job: bytes) -> None:
        release.wait(15)

    def slow_worker() -> object:
        with opened(rabbitmq_server.url) as own:
            report = what_is_raised(lambda: kata.work(own, queue, slow, prefetch=3, limit=1, idle_timeout=PATIENCE))
            returned.set()
            leave.wait(15)  # with its channel open
            return report

    worker = Background(slow_worker)
    try:
        seven = (
            "10 jobs wait, and a worker with prefetch=3 works on its first one: it must hold 3, and 7 must be ready."
        )

        def why() -> str:
            ready = rabbitmq_server.ready(queue)
            if ready > 7:
                return (
                    f"{seven} {ready} are: it does not fetch ahead as far as it was told. What is done with prefetch?"
                )
            return (
                f"{seven} {ready} are. Unless a prefetch is set before the consumer begins, the broker gives one worker all "
                "there is, and the others get nothing."
            )

        for _ in range(3):  # and it must stay so
            eventually(lambda: rabbitmq_server.ready(queue) == 7, message=why)
        seen: list[bytes] = []
        report = kata.work(channel, queue, seen.append, prefetch=3, limit=7, idle_timeout=PATIENCE)
        assert (len(seen), report) == (7, kata.WorkReport(7, 0, 0)), (
            f"{seven} A second worker could have those 7, and got {len(seen)}; its report is {report}."
        )
        release.set()
        assert returned.wait(5), (
            "The slow worker has done its first job, its limit is 1, and 5 s later work() has not returned."
        )
        eventually(
            lambda: rabbitmq_server.ready(queue) == 2,
            message=lambda: (
                "The slow worker held 3 jobs, has done one, and work() has returned because of limit=1. The other "
                f"two must be ready, and {rabbitmq_server.ready(queue)} are, while its channel is open: give back "
                "what was fetched and not handled."
            ),
        )
    finally:
        release.set()
        leave.set()
        worker.wait(5)
    assert worker.result == kata.WorkReport(1, 0, 0), f"The slow worker did one job; work() {what_came(worker.result)}."


@pytest.mark.step(4, "work")
def test_step4_the_limit_counts_every_delivery(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel
) -> None:
    jobs = dict(zip(numbered(1, 5), ["bad", "flaky", "ok", "ok", "ok"], strict=True))
    queue = stocked(channel, rabbitmq_server.fresh("resize"), *jobs)
    seen: list[bytes] = []
    handle = failing(jobs, kata.Reject, seen)
    report = what_is_raised(lambda: kata.work(channel, queue, handle, prefetch=4, limit=3, idle_timeout=PATIENCE))
    assert report == kata.WorkReport(1, 1, 1), (
        "With limit=3 three deliveries must be settled: here one rejected, one requeued, one done. handle() saw "
        f"{seen}, and work() {what_came(report)}."
    )
    eventually(
        lambda: rabbitmq_server.ready(queue) == 3,
        message=lambda: (
            "5 jobs waited; one is dead, one done, and work() has returned because of its limit. 3 must be ready "
            f"while the channel is open, and {rabbitmq_server.ready(queue)} are: give back what was fetched and not "
            "handled, and cancel the consumer."
        ),
    )


@pytest.mark.step(4, "work")
def test_step4_ends_when_it_is_quiet(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("resize"), b"huge photo")
    seen: list[tuple[float, bytes]] = []

    def handle(job: bytes) -> None:
        seen.append((time.monotonic(), job))
        if job == b"huge photo":
            with opened(rabbitmq_server.url) as studio:
                stocked(studio, queue, b"photo")
            time.sleep(IDLE * 1.1)  # this is how long the work takes

    report = what_is_raised(lambda: kata.work(channel, queue, handle, idle_timeout=IDLE))
    ended = time.monotonic()
    jobs = [job for _, job in seen]
    assert jobs == [b"huge photo", b"photo"], (
        f"The first job took {IDLE * 1.1:.2f} s, the second waited meanwhile, and idle_timeout is {IDLE} s; handle() saw "
        f"{jobs}. It was never quiet: the time begins anew with each job, and a job that waits is no quiet."
    )
    assert report == kata.WorkReport(2, 0, 0), f"Two jobs were done, and work() {what_came(report)}."
    waited = ended - seen[-1][0]
    assert waited > IDLE * 0.95, (
        f"work() ended {waited:.2f} s after its last job, and it should wait {IDLE} s for another one. An empty queue is "
        "no reason to go."
    )
    assert waited < IDLE + 3, f"No job came any more; idle_timeout is {IDLE} s, and work() ended after {waited:.1f} s."
    stocked(channel, queue, b"late photo")
    eventually(
        lambda: rabbitmq_server.ready(queue) == 1,
        2,
        "A job came after work() had returned, and it is not ready: the consumer that was left behind on the open "
        "channel has taken it, and nobody will handle it. Cancel the consumer.",
    )


# Step 5


def settles_at(server: Any, queue: str, wanted: int) -> int | None:
    """How many messages are ready, after 2 s at most."""
    with contextlib.suppress(AssertionError):
        eventually(lambda: server.ready(queue) == wanted, 2)
    found: int | None = server.ready(queue)
    return found


@pytest.mark.step(5, "work_in_batches")
def test_step5_batches(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    jobs = numbered(1, 23)
    queue = stocked(channel, rabbitmq_server.fresh("statistics"), *jobs)
    channel.basic_qos(prefetch_count=1)  # as work() may have left it
    batches: list[list[bytes]] = []
    begun = time.monotonic()
    count = what_is_raised(
        lambda: kata.work_in_batches(
            channel,
            queue,
            lambda batch: batches.append(list(batch)),
            batch_size=10,
            max_wait=MAX_WAIT,
            idle_timeout=IDLE,
        )
    )
    took = time.monotonic() - begun
    sizes = [len(batch) for batch in batches]
    why = (
        "Batches of one mean that the broker sends no more before it has an acknowledgement: the prefetch must be as large "
        "as a batch, and all jobs of a batch must be acknowledged."
        if 1 in sizes
        else f"A batch must be handed over when it is full, or when its first job has waited for max_wait={MAX_WAIT} s; the "
        "last 3 must come as well, though nothing follows."
    )
    assert sizes == [10, 10, 3], (
        f"23 jobs wait, and a batch is 10 of them; handle_batch() got batches of {sizes}, in {took:.1f} s, and "
        f"work_in_batches() {what_came(count)}. {why}"
    )
    assert [job for batch in batches for job in batch] == jobs, f"The jobs came in another order: {batches}."
    assert count == 23, f"23 jobs were handled, and work_in_batches() {what_came(count)}."
    stocked(channel, queue, b"late photo")
    left = settles_at(rabbitmq_server, queue, 1)
    assert left == 1, (
        "A job came after work_in_batches() had returned, and it is not ready: the consumer that was left behind on "
        "the open channel has taken it, and nobody will handle it. Cancel the consumer."
    )
    assert took < 4, f"23 jobs waited, with max_wait={MAX_WAIT} and idle_timeout={IDLE}; it took {took:.1f} s."
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert left == 1, (
        f"All 23 jobs were handled, a new one waits, and after the channel was closed {left} are ready: acknowledge "
        "the whole batch when handle_batch() has returned."
    )


@pytest.mark.step(5, "work_in_batches")
def test_step5_a_failing_batch_goes_back(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    jobs = numbered(1, 12)
    queue = stocked(channel, rabbitmq_server.fresh("statistics"), *jobs)
    stumble = Stumble("the database is locked")
    batches: list[list[bytes]] = []
    held: list[int] = []

    def handle_batch(batch: list[bytes]) -> None:
        batches.append(list(batch))
        held.append(12 - rabbitmq_server.ready(queue))
        if len(batches) == 2:
            raise stumble
        if len(batches) > 2:
            pytest.fail("handle_batch() raised, and it was called once more. The error must end the work.")

    raised = what_is_raised(
        lambda: kata.work_in_batches(
            channel, queue, handle_batch, batch_size=5, max_wait=PATIENCE, idle_timeout=PATIENCE
        )
    )
    assert raised is stumble, (
        f"handle_batch() raised {stumble!r} for the second batch, and work_in_batches() {what_came(raised)}. The caller "
        "must see the handler's own error."
    )
    seven = (
        "12 jobs waited, 5 a batch; the second batch failed. 7 must be ready while the channel is open: the 5 of "
        "that batch, and 2 that were not handed over."
    )
    ready = settles_at(rabbitmq_server, queue, 7)
    if ready != 7:
        channel.close()
        afterwards = settles_at(rabbitmq_server, queue, 7)
        assert afterwards == 7, (
            f"{seven} {ready} are, and {afterwards} after the channel was closed. Acknowledge a batch when "
            "handle_batch() has returned, not before; and when it raises, requeue all of it."
        )
        pytest.fail(
            f"{seven} {ready} are, and 7 only after the channel was closed: until then nobody else can have them. "
            "Give the batch back when handle_batch() raises, and cancel the consumer."
        )
    left = sorted(drain(channel, queue))
    assert left == sorted(jobs[5:]), f"The second batch was {batches[1]}, and it failed; in the queue are now {left}."
    channel.close()
    left_over = rabbitmq_server.ready(queue)
    assert left_over == 0, (
        f"The first batch was handled, and after the channel was closed {left_over} of its jobs are ready again: a later "
        "batch's failure must not undo it."
    )
    assert held[0] <= 5, (
        f"12 jobs waited, 5 a batch, and during the first batch work_in_batches() held {held[0]} jobs. What it holds beyond "
        "its batch no other worker can have: set a prefetch."
    )


@pytest.mark.step(5, "work_in_batches")
def test_step5_the_first_job_does_not_wait_longer(
    kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel
) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("statistics"))
    handed_over, enough = threading.Event(), Stumble("this batch is all the test needs")
    first_came: list[float] = []
    first_handed: list[float] = []

    def trickle() -> None:
        """A job every tenth of a second, for four seconds, or until a batch was handed over."""
        with opened(rabbitmq_server.url) as studio:
            time.sleep(MAX_WAIT / 2)  # the worker has been waiting for a while
            for job in numbered(1, 40):
                first_came.append(time.monotonic())
                stocked(studio, queue, job)
                if handed_over.wait(0.1):
                    return

    def handle_batch(batch: list[bytes]) -> None:
        first_handed.append(time.monotonic())
        handed_over.set()
        raise enough

    studio = Background(trickle)
    raised = what_is_raised(
        lambda: kata.work_in_batches(
            channel, queue, handle_batch, batch_size=1000, max_wait=MAX_WAIT, idle_timeout=PATIENCE
        )
    )
    handed_over.set()
    assert studio.wait(10), "The test's own publisher does not end."
    assert first_handed, f"Jobs came every 0.1 s for 4 s, and handle_batch() was never called; {what_came(raised)}."
    waited = first_handed[0] - first_came[0]
    assert waited < MAX_WAIT + 2, (
        f"Jobs come every 0.1 s, a batch is 1000 of them, and max_wait is {MAX_WAIT} s. The first job waited "
        f"{waited:.1f} s until its batch was handed over: the time counts from the first job of a batch, it does not begin "
        "anew with each."
    )
    assert waited > MAX_WAIT * 0.95, (
        f"A batch is 1000 jobs, and max_wait is {MAX_WAIT} s. The batch was handed over {waited:.2f} s after its "
        "first job was sent, though more jobs were on their way: it is to be collected until it is full, or max_wait "
        "is over."
    )


# Step 6


def ask(channel: BlockingChannel, queue: str, body: bytes, reply_to: str | None, correlation_id: str | None) -> None:
    """The test's own client: one request."""
    channel.basic_publish("", queue, body, pika.BasicProperties(reply_to=reply_to, correlation_id=correlation_id))


def price(request: bytes) -> bytes:
    """The function that is served."""
    if request == b"poster":
        raise ValueError("unbekannte Größe: poster")
    return b"price of " + request if request else b""


@pytest.mark.step(6, "serve_rpc")
def test_step6_answers(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("prices"))
    with opened(rabbitmq_server.url) as page:
        replies = page.queue_declare("", exclusive=True).method.queue
        ask(page, queue, b"10x15", replies, "c-1")
        ask(page, queue, b"poster", replies, "c-2")
        ask(page, queue, b"20x30", rabbitmq_server.fresh("gone"), "c-3")  # its caller does not wait any more
        ask(page, queue, b"13x18", replies, "c-4")
        page.queue_declare(queue, passive=True)  # the broker answers in turn: by now they are there
        count = what_is_raised(lambda: kata.serve_rpc(channel, queue, price, limit=4, idle_timeout=PATIENCE))
        assert not isinstance(count, Exception), (
            f"Four requests waited: for the second the function raises, the third one's reply_to is gone. serve_rpc() "
            f"{what_came(count)}. Neither is a reason to stop."
        )
        answers: dict[Any, tuple[bytes, Any]] = {}
        for number in (1, 2, 4):
            properties, body = taken(
                page,
                replies,
                f"Three callers wait for an answer, and only {number - 1} answers came: {answers}. Each request must be "
                "answered through the default exchange, with its reply_to as routing key.",
            )
            answers[properties.correlation_id] = (body, properties.type)
    assert set(answers) == {"c-1", "c-2", "c-4"}, (
        f"The requests had the correlation_ids c-1, c-2 and c-4; the answers have {list(answers)}. Without it a caller "
        "cannot know which of its questions was answered."
    )
    good = {name: answers[name] for name in ("c-1", "c-4")}
    assert {name: body for name, (body, _) in good.items()} == {"c-1": b"price of 10x15", "c-4": b"price of 13x18"}, (
        f"The answers to c-1 (10x15) and c-4 (13x18) are {good}."
    )
    assert all(kind != "error" for _, kind in good.values()), (
        f"These answers are no errors, and have type error: {good}."
    )
    body, kind = answers["c-2"]
    assert kind == "error", (
        f"For c-2 the function raised, and the answer {body!r} has the type {kind!r}. The caller takes it for a price, "
        'unless the property type says "error".'
    )
    assert body == "unbekannte Größe: poster".encode(), (
        f"For c-2 the function raised ValueError('unbekannte Größe: poster'); the answer is {body!r}. It must be "
        "str(error) in UTF-8."
    )
    assert count in (3, 4), f"Four requests were answered, one of them for nobody, and serve_rpc() returned {count!r}."
    channel.close()
    left = rabbitmq_server.ready(queue)
    assert left == 0, (
        f"All requests were answered, and after the channel was closed {left} are ready again, and will be answered once "
        "more. Acknowledge a request when it was answered."
    )


@pytest.mark.step(6, "serve_rpc")
def test_step6_without_an_address(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    dead = stocked(channel, rabbitmq_server.fresh("dead"))
    queue = rabbitmq_server.fresh("prices")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
    channel.queue_declare(queue, durable=True, arguments=arguments)
    asked: list[bytes] = []

    def function(request: bytes) -> bytes:
        asked.append(request)
        return b"price"

    def serve() -> object:
        return kata.serve_rpc(channel, queue, function, idle_timeout=IDLE)

    with opened(rabbitmq_server.url) as page:
        replies = page.queue_declare("", exclusive=True).method.queue
        ask(page, queue, b"no address", None, "c-1")
        ask(page, queue, b"10x15", replies, "c-2")
        server = Background(serve)
        ended = server.wait(IDLE + 5)
        if not ended:
            page.queue_delete(queue)  # which ends its consumer
        assert ended, (
            "A request without reply_to came, then a good one, then nothing; idle_timeout is "
            f"{IDLE} s, and 5 s later serve_rpc() has not returned. If the first one is requeued, it comes again at "
            "once, and for ever."
        )
        count = server.result
        assert asked == [b"10x15"], (
            "Of two requests the first has no reply_to, so there is nobody to answer to; the function was called with "
            f"{asked}, and serve_rpc() {what_came(count)}. Reject it without calling the function, and go on."
        )
        assert count == 1, f"Of two requests one could be answered, and serve_rpc() {what_came(count)}."
        ask(page, queue, b"20x30", replies, "c-3")
        eventually(
            lambda: rabbitmq_server.ready(queue) == 1,
            2,
            "A request came after serve_rpc() had returned, and it is not ready: the consumer that was left behind "
            "on the open channel has taken it, and nobody will answer. Cancel the consumer.",
        )
    eventually(
        lambda: rabbitmq_server.ready(dead) == 1,
        3,
        lambda: (
            f"The request without reply_to must be rejected, so that it becomes a dead letter; "
            f"{rabbitmq_server.ready(dead)} are in the dead-letter queue, {rabbitmq_server.ready(queue)} in the request "
            "queue. Acknowledged, it would be "
            "gone without a trace; requeued, it would come again for ever."
        ),
    )


@pytest.mark.step(6, "serve_rpc")
def test_step6_one_request_at_a_time(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("prices"))
    release, leave = threading.Event(), threading.Event()
    asked: list[bytes] = []

    def slow(request: bytes) -> bytes:
        asked.append(request)
        release.wait(15)
        return b"price"

    def serve() -> object:
        with opened(rabbitmq_server.url) as own:
            count = what_is_raised(lambda: kata.serve_rpc(own, queue, slow, limit=2, idle_timeout=PATIENCE))
            leave.wait(15)  # with its channel open
            return count

    replies = channel.queue_declare("", exclusive=True).method.queue
    for number in range(1, 5):
        ask(channel, queue, f"request {number}".encode(), replies, f"c-{number}")
    channel.queue_declare(queue, passive=True)
    server = Background(serve)
    try:
        eventually(lambda: asked, message="4 requests wait, and serve_rpc() does not call the function.")
        for _ in range(3):  # and it must stay so
            eventually(
                lambda: rabbitmq_server.ready(queue) == 3,
                message=lambda: (
                    "4 requests waited, the server works on one of them: 3 must be ready, and "
                    f"{rabbitmq_server.ready(queue)} are. What it hoards no other server can have, and does not "
                    "expire when its caller has given up."
                ),
            )
        release.set()
        for _ in range(2):
            taken(channel, replies, "The server's limit is 2, and it has not answered so many.")
        eventually(
            lambda: rabbitmq_server.ready(queue) == 2,
            message=lambda: (
                "4 requests waited, and the server's limit is 2. While its channel is open 2 must be ready for another "
                f"server, and {rabbitmq_server.ready(queue)} are."
            ),
        )
    finally:
        release.set()
        leave.set()
        server.wait(5)
    assert server.result == 2, f"Two requests were answered, and serve_rpc() {what_came(server.result)}."


# Step 7


@contextlib.contextmanager
def serving(kata: ModuleType, url: str, queue: str, function: Callable[[bytes], bytes], limit: int) -> Iterator[None]:
    """The answer's own server in a thread, until it has had so many requests."""

    def serve() -> object:
        with opened(url) as own:
            return kata.serve_rpc(own, queue, function, limit=limit, idle_timeout=PATIENCE)

    server = Background(serve)
    try:
        yield
    finally:
        server.wait(8)
    assert server.result == limit, f"{limit} requests were made; serve_rpc() {what_came(server.result)}."


def connections_to(server: Any) -> int:
    """How many connections this process has to the broker."""
    links = psutil.Process().net_connections(kind="tcp")
    return sum(bool(link.raddr) and link.raddr.port == server.port and link.status == "ESTABLISHED" for link in links)


def advice(answer: object) -> str:
    """What an error of the broker's means."""
    if isinstance(answer, ChannelClosedByBroker):
        return (
            " Direct replies belong to a channel: begin to consume amq.rabbitmq.reply-to once, before the first "
            "request, and publish the requests on the same channel."
        )
    return ""


def asked(client: Any, request: bytes, timeout: float) -> object:
    """The answer, or what call() raised."""
    return what_is_raised(lambda: client.call(request, timeout))


@pytest.mark.step(7, "serve_rpc", "RpcClient")
def test_step7_ask_and_get_an_answer(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("prices"))
    with serving(kata, rabbitmq_server.url, queue, price, 4):
        with kata.RpcClient(rabbitmq_server.url, queue) as client:
            for request, wanted in ((b"10x15", b"price of 10x15"), (b"", b""), (b"13x18", b"price of 13x18")):
                answer = asked(client, request, 5)
                assert answer == wanted, (
                    f"The server answers {request!r} with {wanted!r}, and call() {what_came(answer)}. One client must be "
                    f"able to make many calls, each answered by the body of the reply.{advice(answer)}"
                )
            answer = asked(client, b"poster", 5)
            assert isinstance(answer, kata.RpcError), (
                f"The function raised for 'poster', and the reply has the type 'error'; call() {what_came(answer)}. "
                "It must raise RpcError."
            )
            assert str(answer) == "unbekannte Größe: poster", (
                f"The function raised ValueError('unbekannte Größe: poster'); the text of call()'s RpcError is {answer}."
            )
        client.close()  # a second time


@pytest.mark.step(7, "RpcClient")
def test_step7_late_answers(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = stocked(channel, rabbitmq_server.fresh("prices"))

    listening = threading.Event()

    def slow_server() -> object:
        """The test's own: it answers the first request when the second one has come, and others' as well."""
        with opened(rabbitmq_server.url) as own:
            listening.set()
            first, _ = taken(own, queue, "no request came from the first call()")
            second, _ = taken(own, queue, "no request came from the second call()")
            for to, correlation_id, answer in (
                (first, first.correlation_id, b"late answer to the first call"),
                (second, None, b"answer without a correlation_id"),
                (second, "?", b"answer to nobody's call"),
            ):
                own.basic_publish("", to.reply_to, answer, pika.BasicProperties(correlation_id=correlation_id))
            time.sleep(0.2)  # this is how long the work takes; whoever takes a wrong answer has it by now
            reply = pika.BasicProperties(correlation_id=second.correlation_id)
            own.basic_publish("", second.reply_to, b"answer to the second call", reply)
            return first, second

    server = Background(slow_server)
    with kata.RpcClient(rabbitmq_server.url, queue) as client:
        assert listening.wait(5), "The test's own server does not begin."
        begun = time.monotonic()
        answer = asked(client, b"first", TIMEOUT)
        waited = time.monotonic() - begun
        assert isinstance(answer, TimeoutError), (
            f"The server did not answer, and after {waited:.1f} s call() with a timeout of {TIMEOUT} s {what_came(answer)}. "
            "It must raise TimeoutError."
        )
        assert TIMEOUT * 0.95 < waited < TIMEOUT + 3, (
            f"call() with a timeout of {TIMEOUT} s raised TimeoutError after {waited:.2f} s."
        )
        answer = asked(client, b"second", 5)
    assert server.wait(10), "The test's own server does not end."
    assert isinstance(server.result, tuple), (
        f"Two calls were made while a server was there to take the requests: {server.result}. Each call must publish "
        "one, which lives as long as its caller waits (its expiration is milliseconds, as text) and names a reply_to."
    )
    first, second = server.result
    early = (
        " A wait for events ends as soon as anything arrives; go on until the time is over."
        if isinstance(answer, TimeoutError)
        else ""
    )
    assert answer == b"answer to the second call", (
        "The first call timed out, and its answer came while the client waited for the second one; the second call() "
        f"{what_came(answer)}. Give each request a correlation_id of its own (here: {first.correlation_id!r} and "
        f"{second.correlation_id!r}), and ignore every answer that does not carry it.{early}"
    )
    for properties, timeout in ((first, TIMEOUT), (second, 5)):
        expiration = properties.expiration
        assert expiration is not None, (
            f"call() waits {timeout} s, and its request has no expiration: it would be served long after its caller has "
            "given up."
        )
        assert timeout * 500 <= int(expiration) <= timeout * 1000 + 1, (
            f"call() waits {timeout} s, and its request expires after {expiration} ms."
        )


@pytest.mark.step(7, "serve_rpc", "RpcClient")
def test_step7_nobody_is_there(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    queue = rabbitmq_server.fresh("prices")
    served: list[bytes] = []

    def function(request: bytes) -> bytes:
        served.append(request)
        return price(request)

    rabbitmq_server.ready(queue)  # opens the connection that it asks over
    before = connections_to(rabbitmq_server)
    with kata.RpcClient(rabbitmq_server.url, queue) as client:
        begun = time.monotonic()
        answer = asked(client, b"10x15", 5)
        waited = time.monotonic() - begun
        assert isinstance(answer, kata.RpcError), (
            f"There is no queue {queue!r}, and call() {what_came(answer)} after {waited:.1f} s. The broker drops what no "
            "queue takes, and says nothing, unless the message is mandatory; RpcError must be raised at once."
        )
        assert waited < 3, f"There is no queue {queue!r}, and it took call() {waited:.1f} s to say so."

        stocked(channel, queue)
        answer = asked(client, b"no server", 0.3)
        assert isinstance(answer, TimeoutError), (
            f"The queue has come, but there is no server; call() with a timeout of 0.3 s {what_came(answer)}. It "
            "must raise TimeoutError."
        )
        eventually(
            lambda: rabbitmq_server.ready(queue) == 0,
            3,
            "The caller has given up, and its request still waits in the queue: the next server will do work that nobody "
            "wants. A request may expire, like a job.",
        )
        with serving(kata, rabbitmq_server.url, queue, function, 1):
            answer = asked(client, b"13x18", 5)
        assert answer == b"price of 13x18", (
            f"Now there is a server, and call() {what_came(answer)}. A client must be usable after a call that failed."
        )
    eventually(
        lambda: connections_to(rabbitmq_server) <= before,
        3,
        "The client was closed (it is a context manager), and its connection to the broker is still open.",
    )
    assert served == [b"13x18"], f"One request came while a server was there; the function was called with {served}."


@pytest.mark.step(7, "RpcClient")
@pytest.mark.timeout(40)
def test_step7_answers_match_requests(kata: ModuleType, rabbitmq_server: Any, channel: BlockingChannel) -> None:
    replies = st.sampled_from(["answer A", "answer B", "old answer to A", "old answer to B"])

    @settings(max_examples=8, phases=NO_SHRINKING)
    @given(st.lists(st.lists(replies, max_size=4), min_size=1, max_size=3))
    @example([["answer B", "answer A"]])
    @example([[], ["old answer to A", "answer B", "old answer to B"]])
    @example([["answer A", "answer A"], ["answer B"], []])  # each answer comes twice
    def answers_match_requests(rounds: list[list[str]]) -> None:
        queue = stocked(channel, rabbitmq_server.fresh("prices"))

        def page(name: str) -> Callable[[], object]:
            def calls() -> object:
                with kata.RpcClient(rabbitmq_server.url, queue) as client:
                    return [asked(client, f"{name}{number}".encode(), 6) for number in range(len(rounds))]

            return calls

        pages = {name: Background(page(name)) for name in "AB"}
        requests: dict[bytes, Any] = {}

        def reply(name: str, number: int) -> None:
            about = requests.get(f"{name}{number}".encode())
            if about is not None:
                properties = pika.BasicProperties(correlation_id=about.correlation_id)
                channel.basic_publish("", about.reply_to, f"to {name}{number}".encode(), properties)

        for number, order in enumerate(rounds):
            while not {f"A{number}".encode(), f"B{number}".encode()} <= set(requests):
                properties, body = taken(
                    channel,
                    queue,
                    f"Two clients make {len(rounds)} calls each, in turn; in turn {number} only {sorted(requests)} came.",
                )
                requests[body] = properties
            for one in [*order, *({"answer A", "answer B"} - set(order))]:
                reply(one[-1], number - 1 if one.startswith("old") else number)
        for name, calls in pages.items():
            wanted = [f"to {name}{number}".encode() for number in range(len(rounds))]
            assert calls.wait(8), f"Client {name} has all its answers, and call() does not return."
            assert calls.result == wanted, (
                f"Two clients, A and B, make {len(rounds)} calls each; the server sent, in each turn, {rounds}, then "
                f"what was missing. Client {name}'s answers are {calls.result}, and should be {wanted}. Each client "
                "needs an address of its own, each call a correlation_id of its own."
            )

    answers_match_requests()
