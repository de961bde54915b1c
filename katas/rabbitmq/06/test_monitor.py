"""What the eyes of the invoice service must see."""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import math
import re
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from pytest_mqkata.testing import eventually, what_came, what_is_raised

TARGET = "rabbitmq:15692"
ABOUT_QUEUES = ("QueueBacklog", "QueueWithoutConsumers", "UnackedPileUp", "ConsumersFallBehind")
ABOUT_BROKERS = ("BrokerDown", "ResourceAlarm", "UnroutableMessages")
ALERTS = (*ABOUT_BROKERS, *ABOUT_QUEUES)
NewChannel = Callable[[], BlockingChannel]
PER_QUEUE_PANELS = ("Queue depth", "Unacknowledged", "Consumers")
RATE_PANELS = ("Publish rate", "Ack rate", "Unroutable rate")


@pytest.fixture
def new_channel(rabbitmq_server: Any) -> Iterator[NewChannel]:
    """Opens channels, each on a connection of the test's own; all are closed at its end."""
    with contextlib.ExitStack() as connections:
        yield lambda: connections.enter_context(rabbitmq_server.connect()).channel()


@pytest.fixture
def head_start(
    request: pytest.FixtureRequest, kata_dir: Path, rabbitmq_server: Any, prometheus_server: Callable[..., Any]
) -> None:
    """Prometheus scrapes nothing in its first five seconds; if steps follow that wait for it, it is started early."""
    here = [item for item in request.session.items if item.path == request.path]
    ahead = {mark.args[0] for item in here for mark in item.iter_markers("step")} & {7, 8}
    lines = (kata_dir / "prometheus.yml").read_text(encoding="utf-8", errors="replace").splitlines()
    if ahead and any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        # what is wrong with it, or that there is no Prometheus, is for step 5 to say
        with contextlib.suppress(Exception, pytest.skip.Exception, pytest.fail.Exception):
            start(prometheus_server, kata_dir, rabbitmq_server)


def publish(channel: BlockingChannel, queue: str, count: int) -> None:
    for number in range(count):
        channel.basic_publish("", queue, f"invoice {number}".encode())


def hold(channel: BlockingChannel, queue: str, prefetch: int) -> None:
    """A consumer that takes `prefetch` messages and acknowledges none of them."""
    channel.basic_qos(prefetch_count=prefetch)
    channel.basic_consume(queue, lambda *_: None)


# Step 1


@pytest.mark.step(1, "queue_stats")
@pytest.mark.timeout(30)
@pytest.mark.usefixtures("head_start")
def test_step1_what_queues_are_doing(kata: ModuleType, rabbitmq_server: Any, new_channel: NewChannel) -> None:
    """One queue at rest, one that was never used, one whose consumer acknowledges nothing, and one that works."""
    queues = resting, idle, filling, passing = [
        rabbitmq_server.fresh(name) for name in ("resting", "idle", "filling", "passing")
    ]
    channel, worker = new_channel(), new_channel()
    for queue in queues:
        channel.queue_declare(queue)
    new = kata.queue_stats(rabbitmq_server.management_url, rabbitmq_server.vhost)
    assert isinstance(new, dict), f"queue_stats() returned {new!r}; it must return a dict of QueueStats by queue name."
    assert set(new) == set(queues), f"The vhost has the queues {queues}, and queue_stats() gave {list(new)}."
    publish(channel, resting, 20)
    hold(channel, resting, 4)
    worker.basic_consume(filling, lambda *_: None)
    worker.basic_consume(passing, lambda link, delivery, *_: link.basic_ack(delivery.delivery_tag))
    expected = kata.QueueStats(ready=16, unacked=4, consumers=1, publish_rate=0.0, ack_rate=0.0)
    seen: dict[str, Any] = {}

    def look() -> None:
        for queue in (filling, passing):
            publish(channel, queue, 2)
        for link in (channel, worker):
            link.connection.process_data_events(0)
        seen.update(kata.queue_stats(rabbitmq_server.management_url, rabbitmq_server.vhost))

    def at_rest() -> bool:
        look()
        return bool(seen[resting] == expected)

    eventually(
        at_rest,
        10,
        lambda: (
            "20 messages were published, one consumer holds 4 of them, and nothing has happened since: the queue's "
            f"stats should come to be {expected}, and queue_stats() gives {seen.get(resting)}."
        ),
        poll=0.05,
    )
    assert seen[idle] == kata.QueueStats(0, 0, 0, 0.0, 0.0), (
        f"Nothing was ever sent to the queue {idle}, and queue_stats() gives {seen[idle]} for it."
    )

    def moving() -> bool:
        look()
        return all(
            rate > 0 for rate in (seen[filling].publish_rate, seen[passing].publish_rate, seen[passing].ack_rate)
        )

    eventually(
        moving,
        10,
        lambda: (
            "Messages are published to two queues all the time, both have a consumer, that of the second acknowledges; "
            f"queue_stats() gives {seen[filling]} for the first and {seen[passing]} for the second. The API has the "
            'rates in "message_stats".'
        ),
        poll=0.05,
    )
    assert seen[filling].ack_rate == 0, (
        f"The consumer of {filling} acknowledges nothing, and queue_stats() gives {seen[filling]} for it. What was "
        "delivered is not done."
    )


@pytest.mark.step(1, "queue_stats")
def test_step1_any_name(kata: ModuleType, rabbitmq_server: Any) -> None:
    """No quotes and backslashes: RabbitMQ 3.10 writes them into its metrics as they are, and nobody could scrape it."""
    management = rabbitmq_server.management
    vhost = f"{rabbitmq_server.fresh('a/b')} %2F ä?#&"
    management.put("vhosts", vhost)
    try:
        management.put("permissions", vhost, "guest", body={"configure": ".*", "write": ".*", "read": ".*"})
        declared: set[str] = set()

        @settings(max_examples=6)
        @given(st.sets(st.text("/%ä,; ?#&+=€🐇.'", min_size=1, max_size=12), min_size=1, max_size=3))
        @example({"/ % ä ,"})
        @example({"%2F", "..", "?page=1&name=x"})
        def every_queue_is_there(names: set[str]) -> None:
            for name in names - declared:
                management.put("queues", vhost, f"q{name}", body={})
            declared.update(names)
            stats = kata.queue_stats(rabbitmq_server.management_url, vhost)
            missing = {f"q{name}" for name in declared} - set(stats)
            assert not missing, f"The vhost {vhost!r} has the queues {sorted(missing)}, and queue_stats() has not."

        every_queue_is_there()
    finally:
        management.delete("vhosts", vhost)


@pytest.mark.step(1, "queue_stats")
def test_step1_an_error_is_no_answer(kata: ModuleType, rabbitmq_server: Any) -> None:
    raised = what_is_raised(lambda: kata.queue_stats(rabbitmq_server.management_url, rabbitmq_server.fresh("no-vhost")))
    assert isinstance(raised, Exception), (
        f"There is no such vhost: the API answers 404, and queue_stats() {what_came(raised)}. A monitor that cannot see "
        "must not say that all is quiet: raise."
    )


# Step 2


@dataclass(frozen=True)
class Line:
    """What the test expects of a sample; equal to another one also if both values are NaN."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: str

    @classmethod
    def of(cls, name: str, labels: Mapping[str, str], value: float) -> Line:
        return cls(name, tuple(sorted(labels.items())), repr(float(value)))

    def __repr__(self) -> str:
        return f"{self.name}{{{', '.join(f'{key}={value!r}' for key, value in self.labels)}}} {self.value}"


def parsed(kata: ModuleType, page: str) -> list[Line]:
    """What parse_metrics makes of a page."""
    samples = kata.parse_metrics(page)
    assert isinstance(samples, list), f"parse_metrics() returned {samples!r}; it must return a list of Sample."
    for sample in samples:
        assert isinstance(sample, kata.Sample), f"parse_metrics() returned {sample!r} among its samples; not a Sample."
        assert isinstance(sample.value, float), f"The value of {sample} is no float."
    return [Line.of(sample.name, sample.labels, sample.value) for sample in samples]


@pytest.mark.step(2, "parse_metrics")
def test_step2_one_of_each(kata: ModuleType) -> None:
    page = (
        "# HELP depth Messages in the queue.\n# TYPE depth gauge\n"
        'depth{vhost="/",queue="a b"} 7\n'
        'depth{vhost="/",queue="",} 0 1395066363000\n\n'
        "# a comment\n   # depth 8\n"
        "erlang:uptime_seconds 1.5e3\n"
        "big +Inf\nsmall -Inf\nodd NaN\n"
        'spaced{ a = "1" , b = "2" }\t4\t-5\n'
        "last 1"
    )
    expected = [
        Line.of("depth", {"vhost": "/", "queue": "a b"}, 7),
        Line.of("depth", {"vhost": "/", "queue": ""}, 0),
        Line.of("erlang:uptime_seconds", {}, 1500),
        Line.of("big", {}, math.inf),
        Line.of("small", {}, -math.inf),
        Line.of("odd", {}, math.nan),
        Line.of("spaced", {"a": "1", "b": "2"}, 4),
        Line.of("last", {}, 1),
    ]
    got = parsed(kata, page)
    for number, (one, other) in enumerate(itertools.zip_longest(got, expected), 1):
        assert one == other, (
            f"Sample number {number} of this page should be {other}, and parse_metrics() has {one}:\n{page}"
        )


@pytest.mark.step(2, "parse_metrics")
def test_step2_any_label_value(kata: ModuleType) -> None:
    values = st.floats(width=32) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])

    @settings(max_examples=60)
    @given(st.lists(st.tuples(st.text(max_size=8), st.text('\\"\n{}=,# n\u2028\x0b', max_size=6), values), max_size=4))
    @example([('say "hi"', "C:\\new\\\\", 1.0)])
    @example([("two\nlines", '} 3 {a="b",', 2.0)])
    @example([("\\n", "\\\\n", 3.0)])
    @example([("", "# no comment", math.nan)])
    @example([("a\u2028b\x85c", "\x0b\x0c\r", 4.0)])
    def round_trip(series: list[tuple[str, str, float]]) -> None:
        page = rendered(series)
        expected = [Line.of("depth", {"queue": queue, "note": note}, value) for queue, note, value in series]
        got = parsed(kata, page)
        assert Counter(got) == Counter(expected), (
            f"parse_metrics() reads {got} from this page, which says {expected}:\n{page}"
        )

    round_trip()


def rendered(series: Sequence[tuple[str, str, float]]) -> str:
    """A page as Prometheus' own client library writes it."""

    class Collector:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            family = GaugeMetricFamily("depth", "Messages in the queue.", labels=["queue", "note"])
            for queue, note, value in series:
                family.add_metric([queue, note], value)
            yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return str(generate_latest(registry).decode())


@pytest.mark.step(2, "parse_metrics")
def test_step2_the_real_page(kata: ModuleType, rabbitmq_server: Any, new_channel: NewChannel) -> None:
    queue = rabbitmq_server.fresh("invoices")
    channel = new_channel()
    channel.queue_declare(queue)
    page = eventually(
        lambda: page_with(rabbitmq_server, queue), 10, "the broker's page of metrics does not show the queue"
    )
    expected = Counter(
        Line.of(sample.name.removesuffix("_total"), sample.labels, sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    )
    lines = parsed(kata, page)
    # the library calls every counter …_total, also where the page does not
    got = Counter(Line(line.name.removesuffix("_total"), line.labels, line.value) for line in lines)
    missing, invented = expected - got, got - expected
    assert got == expected, (
        f"RabbitMQ's page /metrics/per-object has {expected.total()} samples, and parse_metrics() finds {got.total()}. "
        f"It misses {next(iter(missing), 'none')}, and has {next(iter(invented), 'none')} that is not there."
    )


def page_with(broker: Any, queue: str) -> str:
    """The broker's metrics of each object; "" as long as the queue is not among them."""
    with urllib.request.urlopen(f"{broker.prometheus_url}/metrics/per-object", timeout=5) as reply:
        page: str = reply.read().decode()
    return page if queue in page else ""


# Step 3


@pytest.mark.step(3, "Rates")
def test_step3_rates(kata: ModuleType) -> None:
    rates = kata.Rates()
    first = rates.observe(100.0, {"published": 500, "acked": 400})
    assert first == {}, (
        f"At the first look there is nothing to compare with, and observe() returned {first!r}, not {{}}."
    )
    second = rates.observe(110.0, {"published": 600, "acked": 400})
    assert second == {"published": pytest.approx(10.0), "acked": 0.0}, (
        f"published went from 500 to 600 in 10 s, acked stayed at 400, and observe() returned {second!r}."
    )
    fresh = kata.Rates().observe(120.0, {"published": 700})
    assert fresh == {}, f"A second Rates has seen nothing yet, and its first observe() returned {fresh!r}."
    third = rates.observe(112.0, {"published": 603, "acked": 500, "returned": 7})
    assert third == {"published": pytest.approx(1.5), "acked": pytest.approx(50.0)}, (
        "published went from 600 to 603 in 2 s, acked from 400 to 500, and returned was not there before, so it has no "
        f"rate; observe() returned {third!r}."
    )


@pytest.mark.step(3, "Rates")
def test_step3_a_counter_starts_again(kata: ModuleType) -> None:
    rates = kata.Rates()
    rates.observe(0.0, {"published": 1000, "acked": 10})
    got = rates.observe(10.0, {"published": 30, "acked": 0})
    assert got == {"published": pytest.approx(3.0), "acked": 0.0}, (
        "The broker was restarted: published fell from 1000 to 30 within 10 s, acked from 10 to 0. Since the restart 30 "
        f"were published, 3 a second, and none acked; observe() returned {got!r}."
    )


@pytest.mark.step(3, "Rates")
def test_step3_a_counter_goes_and_comes_back(kata: ModuleType) -> None:
    rates = kata.Rates()
    rates.observe(0.0, {"a": 5, "b": 5})
    without = rates.observe(1.0, {"a": 6})
    assert without == {"a": pytest.approx(1.0)}, f"b was not read this time, and observe() returned {without!r}."
    back = rates.observe(2.0, {"a": 7, "b": 500})
    assert back == {"a": pytest.approx(1.0)}, (
        f"b was not there at the previous call, so nobody knows when it came to 500; observe() returned {back!r}."
    )


@pytest.mark.step(3, "Rates")
def test_step3_the_caller_s_dict(kata: ModuleType) -> None:
    rates, counters = kata.Rates(), {"published": 1}
    rates.observe(0.0, counters)
    counters["published"] = 5
    got = rates.observe(2.0, counters)
    assert got == {"published": pytest.approx(2.0)}, (
        f"A caller that fills the same dict again went from 1 to 5 in 2 s, and observe() returned {got!r}. Keep what the "
        "counters were, not the caller's dict."
    )


@pytest.mark.step(3, "Rates")
@pytest.mark.parametrize("at", [50.0, 40.0], ids=["no time passed", "the clock went back"])
def test_step3_no_time_passed(kata: ModuleType, at: float) -> None:
    rates = kata.Rates()
    rates.observe(50.0, {"published": 1})
    got = what_is_raised(lambda: rates.observe(at, {"published": 3}))
    assert got == {}, f"The counters were read at 50 s and then at {at:g} s, and observe() {what_came(got)}, not {{}}."


@pytest.mark.step(3, "Rates")
@given(st.lists(st.tuples(st.floats(0.1, 100), st.integers(0, 50), st.booleans()), min_size=1, max_size=12))
@example([(10.0, 5, False), (10.0, 7, True), (5.0, 0, False)])
@example([(1.0, 0, True)])
def test_step3_rates_add_up(kata: ModuleType, readings: list[tuple[float, int, bool]]) -> None:
    """(seconds since the last reading, how many were counted, whether it began with a restart) …"""
    rates, at, counter, total, added = kata.Rates(), 0.0, 100, 0.0, 0
    rates.observe(at, {"n": counter})
    for seconds, count, restarted in readings:
        restarted = restarted and count < counter  # a reset that nobody can see counts as growth
        at, counter = at + seconds, (0 if restarted else counter) + count
        rate = rates.observe(at, {"n": counter}).get("n")
        assert rate is not None, f"The counter was there before, {seconds:g} s ago, and observe() gave no rate for it."
        assert rate >= 0, f"A rate is never negative, and observe() gave {rate} when the counter came to {counter}."
        total, added = total + rate * seconds, added + count
    assert total == pytest.approx(added, abs=1e-6), (
        f"{added} were counted in all, over these readings (seconds, counted, restarted): {readings}. The rates times their "
        f"seconds add up to {total:g}."
    )


# Step 4


@pytest.mark.step(4, "time_to_drain")
@pytest.mark.parametrize(
    ("stats", "expected", "why"),
    [
        ((100, 0, 1, 2.0, 12.0), 10.0, "100 are left, and each second 10 more go than come"),
        ((60, 40, 1, 2.0, 12.0), 10.0, "60 wait and 40 are being worked on: 100 are left, 10 go a second"),
        ((0, 40, 1, 0.0, 4.0), 10.0, "nothing waits, but 40 are not acknowledged yet"),
        ((0, 0, 0, 0.0, 0.0), 0.0, "it is empty"),
        ((0, 0, 3, 9.0, 9.0), 0.0, "it is empty, though messages pass through"),
        ((5, 0, 0, 0.0, 0.0), math.inf, "nobody works on it"),
        ((5, 0, 1, 7.0, 7.0), math.inf, "as many come as go"),
        ((5, 0, 1, 8.0, 7.0), math.inf, "it grows"),
    ],
    ids=["shrinks", "unacked counts", "only unacked", "empty", "passing through", "nobody", "balance", "grows"],
)
def test_step4_drain(kata: ModuleType, stats: tuple[Any, ...], expected: float, why: str) -> None:
    queue = kata.QueueStats(*stats)
    got = what_is_raised(lambda: kata.time_to_drain(queue))
    assert got == pytest.approx(expected), (
        f"For {queue} it takes {expected} s: {why}. time_to_drain() {what_came(got)}."
    )


# Step 5


@pytest.mark.step(5, "alerts.yml")
def test_step5_the_rules_are_valid(kata_dir: Path, promtool: Callable[..., Any]) -> None:
    checked = promtool("check", "rules", kata_dir / "alerts.yml")
    if checked.returncode:
        pytest.fail(f"promtool, Prometheus' own tool, does not take alerts.yml: {failure(checked, kata_dir)}")
    groups = read_yaml(kata_dir / "alerts.yml").get("groups") or ()
    rules = [rule for group in groups for rule in group.get("rules") or () if "alert" in rule]
    missing = [name for name in ALERTS if name not in {rule["alert"] for rule in rules}]
    assert not missing, f"alerts.yml has no alert with the name {', '.join(missing)}."
    for rule in rules:
        assert (rule.get("labels") or {}).get("severity"), (
            f"The alert {rule['alert']} has no label severity: is it worth waking somebody up?"
        )
        assert (rule.get("annotations") or {}).get("summary"), (
            f"The alert {rule['alert']} has no annotation summary: who is woken up wants to know what is wrong."
        )


@pytest.mark.step(5, "prometheus.yml")
def test_step5_the_configuration_is_valid(kata_dir: Path, promtool: Callable[..., Any]) -> None:
    checked = promtool("check", "config", kata_dir / "prometheus.yml")
    if checked.returncode:
        pytest.fail(f"promtool, Prometheus' own tool, does not take prometheus.yml: {failure(checked, kata_dir)}")
    config = read_yaml(kata_dir / "prometheus.yml")
    jobs = {job.get("job_name"): job for job in config.get("scrape_configs") or ()}
    assert "rabbitmq" in jobs, f'prometheus.yml has the jobs {list(jobs) or "none"}; the broker\'s must be "rabbitmq".'
    assert TARGET in json.dumps(jobs["rabbitmq"]), (
        f"The job rabbitmq scrapes something else than {TARGET}. That name stands for the broker; write it so."
    )
    loaded = {
        Path(found).resolve()
        for pattern in config.get("rule_files") or ()
        for found in glob.glob(str(kata_dir / pattern))  # noqa: PTH207 - an absolute pattern is one as well
    }
    alerts_are_loaded = (kata_dir / "alerts.yml").resolve() in loaded
    assert alerts_are_loaded, (
        f"prometheus.yml loads the rule files {config.get('rule_files') or 'none'}, and alerts.yml is not among them: none "
        "of its alerts would ever fire."
    )


@pytest.mark.step(5, "prometheus.yml", "alerts.yml")
def test_step5_prometheus_takes_them(
    kata_dir: Path, rabbitmq_server: Any, prometheus_server: Callable[..., Any]
) -> None:
    """The same one that is looked at in step 7: it takes five seconds to begin its work."""
    prometheus = start(prometheus_server, kata_dir, rabbitmq_server)
    loaded = {rule["name"] for rule in prometheus.rules()}
    missing = [name for name in ALERTS if name not in loaded]
    assert not missing, f"Prometheus runs with prometheus.yml, and has no rule with the name {', '.join(missing)}."


def start(prometheus_server: Callable[..., Any], folder: Path, broker: Any) -> Any:
    """The answer's Prometheus, which scrapes the broker and evaluates its rules every second; one for the whole run."""
    address = broker.prometheus_url.removeprefix("http://")
    return prometheus_server(folder / "prometheus.yml", {TARGET: address}, interval=1, keep=True)


def read_yaml(file: Path) -> dict[str, Any]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(content, dict), f"{file.name} is no mapping of keys to values."
    return content


def failure(done: Any, folder: Path) -> str:
    """What promtool has against a file, in one line."""
    return " ".join(said(done, folder).rpartition("FAILED:")[2].split())


def said(done: Any, folder: Path) -> str:
    """What promtool said, without the folder's path."""
    lines = (done.stdout + done.stderr).replace(f"{folder}/", "").splitlines()
    return "\n".join(line for line in lines if line.strip())


# Step 6

SECONDS = 30  # between two scrapes
MINUTES = 60
Values = Callable[[float], float]  # of the minute
Pages = dict[str, str]  # of the broker's pages of metrics -> the job that scrapes it
DETAILED, PER_OBJECT = "/metrics/detailed", "/metrics/per-object"


def at(*steps: tuple[float, float]) -> Values:
    """A value that changes at these minutes: (minute, value) …"""
    return lambda minute: next((value for start, value in reversed(steps) if minute >= start), 0)


def steady(value: float) -> Values:
    return lambda _minute: value


def queue(
    name: str, ready: Values, *, unacked: Values | None = None, consumers: Values | None = None, vhost: str = "shop"
) -> dict[str, Values]:
    """What a broker says of a queue, by the series' names without their first part."""
    unacked, consumers = unacked or steady(0), consumers or steady(1)
    labels = f'queue="{name}",vhost="{vhost}"'
    return {
        f"queue_messages_ready{{{labels}}}": ready,
        f"queue_messages_unacked{{{labels}}}": unacked,
        f"queue_messages{{{labels}}}": lambda minute: ready(minute) + unacked(minute),
        f"queue_consumers{{{labels}}}": consumers,
    }


def unroutable(dropped: Values, returned: Values) -> dict[str, Values]:
    """What a broker says of messages that no queue took, in all its counters."""
    found = {}
    for kind, values in (("dropped", dropped), ("returned", returned)):
        found[f'global_messages_unroutable_{kind}_total{{protocol="amqp091"}}'] = values
        labels = 'channel="<0.900.0>",vhost="shop",exchange="invoices"'
        found[f"channel_messages_unroutable_{kind}_total{{{labels}}}"] = values
    return found


def alarm(memory: Values, disk: Values) -> dict[str, Values]:
    return {
        "alarms_memory_used_watermark{}": memory,
        "alarms_free_disk_space_watermark{}": disk,
        "alarms_file_descriptor_limit{}": steady(0),
    }


HEALTHY = {
    **queue("invoices", lambda minute: minute * 4 % 7, unacked=steady(3), consumers=steady(2)),
    **unroutable(steady(7), steady(4)),
    **alarm(steady(0), steady(0)),
}


ALWAYS_UP = steady(1)


@dataclass(frozen=True)
class Scenario:
    """Something that happens to a broker, and when an alert must fire: minute -> queues ("" where it is about none)."""

    alert: str
    story: str
    series: Mapping[str, Values]
    firing: Mapping[float, Sequence[str]]
    up: Values = ALWAYS_UP
    others: Mapping[str, Values] = field(default_factory=dict)  # is their target up?


SCENARIOS = [
    *(Scenario(name, "all is well", HEALTHY, {5: (), 30: (), 59: ()}) for name in ALERTS),
    Scenario(
        "BrokerDown",
        "RabbitMQ gives no metrics from minute 20 to minute 40; another job's target is down all the time",
        {},
        {19: (), 20: (), 25: [""], 38: [""], 58: ()},
        up=at((0, 1), (20, 0), (40, 1)),
        others={"billing": steady(0)},
    ),
    Scenario(
        "BrokerDown",
        "RabbitMQ misses one single scrape at minute 20",
        {},
        {20: (), 21: (), 22: (), 30: ()},
        up=at((0, 1), (20, 0), (20.5, 1)),
    ),
    Scenario(
        "ResourceAlarm",
        "the alarm for memory is in effect from minute 10 to minute 30",
        alarm(at((10, 1), (30, 0)), steady(0)),
        {9: (), 15: [""], 29: [""], 50: ()},
    ),
    Scenario(
        "ResourceAlarm",
        "the alarm for disk space is in effect from minute 10 to minute 30",
        alarm(steady(0), at((10, 1), (30, 0))),
        {9: (), 15: [""], 29: [""], 50: ()},
    ),
    Scenario(
        "UnroutableMessages",
        "3 messages are returned at minute 10; 7 and 4 had been lost long before",
        unroutable(steady(7), at((0, 4), (10, 7))),
        {9: (), 12: [""], 14: [""], 18: (), 40: ()},
    ),
    Scenario(
        "UnroutableMessages",
        "one message is dropped at minute 10; 7 and 4 had been lost long before",
        unroutable(at((0, 7), (10, 8)), steady(4)),
        {9: (), 12: [""], 40: ()},
    ),
    Scenario(
        "UnroutableMessages",
        "the broker is restarted at minute 10, so that its counters begin at 0 again",
        unroutable(at((0, 7), (10, 0)), at((0, 4), (10, 0))),
        {9: (), 11: (), 12: (), 14: ()},
    ),
    Scenario(
        "QueueBacklog",
        "2000 messages wait in one queue from minute 10 to minute 30; in a queue of the same name in another vhost 10",
        {
            **queue("slow", at((10, 2000), (30, 0))),
            **queue("slow", steady(10), vhost="other"),
        },
        {9: (), 12: (), 14: (), 17: ["slow"], 29: ["slow"], 50: ()},
    ),
    Scenario(
        "QueueBacklog",
        "50000 messages wait at a single scrape, and 1000, not more, in another queue all the time",
        {**queue("spike", at((20, 50000), (20.5, 0))), **queue("limit", steady(1000))},
        {10: (), 20: (), 21: (), 23: (), 26: (), 58: ()},
    ),
    Scenario(
        "QueueBacklog",
        "10 messages wait in a queue, and its consumers hold 1500",
        queue("held", steady(10), unacked=steady(1500)),
        {10: (), 30: ()},
    ),
    Scenario(
        "QueueBacklog",
        "2000 messages wait, but every third minute there are only 500",
        queue("breathing", lambda minute: 500 if minute % 3 < 0.5 else 2000),
        {10: (), 17: (), 26.5: (), 41: ()},
    ),
    Scenario(
        "QueueWithoutConsumers",
        "a queue with 5 messages has no consumer from minute 10 to minute 30; an empty queue never has one; a third queue "
        "with 5 messages has one",
        {
            **queue("orphan", steady(5), consumers=at((0, 1), (10, 0), (30, 1))),
            **queue("empty", steady(0), consumers=steady(0)),
            **queue("served", steady(5)),
        },
        {9: (), 11: (), 14: ["orphan"], 29: ["orphan"], 50: ()},
    ),
    Scenario(
        "QueueWithoutConsumers",
        "the consumer of a queue with 5 messages is restarted, which takes a minute",
        queue("restarted", steady(5), consumers=at((0, 1), (20, 0), (21, 1))),
        {19: (), 20.5: (), 21: (), 23: ()},
    ),
    Scenario(
        "QueueWithoutConsumers",
        "of two queues with the same name the one in the vhost shop has messages and no consumer, the other one has both",
        {**queue("twin", steady(3), consumers=steady(0)), **queue("twin", steady(9), vhost="other")},
        {10: ["twin"], 50: ["twin"]},
    ),
    Scenario(
        "UnackedPileUp",
        "consumers hold 100 messages from minute 10 to minute 30, and 99 of another queue",
        {
            **queue("stuck", steady(0), unacked=at((10, 100), (30, 0))),
            **queue("busy", steady(0), unacked=steady(99)),
        },
        {9: (), 14: (), 17: ["stuck"], 29: ["stuck"], 50: ()},
    ),
    Scenario(
        "UnackedPileUp",
        "consumers hold 50000 messages for two minutes, and 5000 wait in another queue all the time",
        {**queue("burst", steady(0), unacked=at((20, 50000), (22, 0))), **queue("waiting", steady(5000))},
        {10: (), 21: (), 23: (), 26: (), 30: ()},
    ),
    Scenario(
        "ConsumersFallBehind",
        "from minute 20 on a queue grows by 90 messages a minute, another one by 30, a third one not at all",
        {
            **queue("growing", lambda minute: 90 * max(0.0, minute - 20)),
            **queue("slowly", lambda minute: 30 * max(0.0, minute - 20)),
            **queue("full", steady(100000)),
        },
        {19: (), 24: (), 30: (), 45: ["growing"], 59: ["growing"]},
    ),
    Scenario(
        "ConsumersFallBehind",
        "the depth of a queue goes up to 200 and down to 5 all the time",
        queue("zigzag", lambda minute: 200 if minute % 1 else 5),
        {10: (), 30: (), 59: ()},
    ),
    Scenario(
        "ConsumersFallBehind",
        "a queue grows by 270 messages at once every third minute, which is 1.5 a second on average",
        queue("batches", lambda minute: 270 * (minute // 3)),
        {40: ["batches"], 59: ["batches"]},
    ),
    Scenario(
        "ConsumersFallBehind",
        "a queue of 100000 messages shrinks by 2 a second",
        queue("shrinking", lambda minute: 100000 - 120 * minute),
        {20: (), 40: ()},
    ),
]


@pytest.mark.step(6, "alerts.yml", "prometheus.yml")
@pytest.mark.parametrize("alert", ALERTS)
def test_step6_alerts_fire_when_they_should(
    kata_dir: Path, promtool: Callable[..., Any], tmp_path: Path, alert: str
) -> None:
    rules, pages = kata_dir / "alerts.yml", pages_of(kata_dir)
    scenarios = [scenario for scenario in SCENARIOS if scenario.alert == alert]
    everything = [unit_test(scenario, pages, scenario.firing) for scenario in scenarios]
    if run_unit_tests(promtool, tmp_path, everything, [rules]).returncode == 0:
        return
    for scenario in scenarios:
        for minute, queues in scenario.firing.items():
            done = run_unit_tests(promtool, tmp_path, [unit_test(scenario, pages, {minute: queues})], [rules])
            if done.returncode:
                pytest.fail(complaint(scenario, minute, queues, pages, said(done, tmp_path)))
    pytest.fail("promtool's tests of all scenarios together failed, and none of them alone.")


def complaint(scenario: Scenario, minute: float, queues: Sequence[str], pages: Pages, text: str) -> str:
    if error := re.search(r"rule: (\S+), time: .*?, err: (.+)", text):
        return f"Prometheus cannot evaluate the rule {error[1]}: {error[2]}."
    about = f" for the queue {queues[0]} of the vhost shop" if queues and queues[0] else ""
    expected = f"must fire{about and f'{about}, and for nothing else'}" if queues else "must not fire"
    story = f"{scenario.story[0].upper()}{scenario.story[1:]}"
    found = re.search(r"got:\s*(.+)", text)
    if found is None:
        return f"{story}: {scenario.alert} {expected} at minute {minute:g}. promtool could not tell:\n{text}"
    if found[1].strip() != "nil":
        labels = found[1].replace(" 1E+00", "").replace("{}", "neither queue nor vhost among its labels")
        fires = f" with {labels}" if scenario.alert in ABOUT_QUEUES else ""
        return f"{story}: at minute {minute:g} {scenario.alert} {expected}; it fires{fires}."
    return (
        f"{story}: at minute {minute:g} {scenario.alert} {expected}; it does not.{names_used(pages) if about else ''}"
    )


def names_used(pages: Pages) -> str:
    """Which names of series the test has used, and why."""
    begin = " or ".join(f"{prefix}queue_…" for prefix, _ in prefixes(pages))
    known = [page for page in (DETAILED, PER_OBJECT) if page in pages]
    if not known:
        return f" (The names here are {begin}; prometheus.yml has neither {PER_OBJECT} nor {DETAILED}.)"
    return f" (The names here are {begin}, as on the page {' and '.join(known)} of your prometheus.yml.)"


def pages_of(folder: Path) -> Pages:
    """RabbitMQ's pages with series of each queue that a configuration names, by the job; "" is any other page."""
    found: Pages = {}
    for job in read_yaml(folder / "prometheus.yml").get("scrape_configs") or ():
        text = json.dumps(job)
        page = next((page for page in (DETAILED, PER_OBJECT) if page in text), "")
        found.setdefault(page, str(job.get("job_name")))
    return found


def prefixes(pages: Pages) -> list[tuple[str, str]]:
    """How the series of queues and channels begin, for the pages have names of their own for them; and their job."""
    found = [("rabbitmq_detailed_", pages[DETAILED])] if DETAILED in pages else []
    if PER_OBJECT in pages or not found:
        found.append(("rabbitmq_", pages.get(PER_OBJECT, "rabbitmq")))
    return found


def spelled(series: Mapping[str, Values], pages: Pages) -> Iterator[dict[str, str]]:
    """The series as Prometheus would have them after scraping these pages, in promtool's notation."""
    job = pages.get("", pages.get(PER_OBJECT, "rabbitmq"))
    for name, values in series.items():
        of_an_object = name.startswith(("queue_", "channel_"))
        for prefix, its_job in prefixes(pages) if of_an_object else [("rabbitmq_", job)]:
            yield input_series(f"{prefix}{name}", its_job, values)


def unit_test(scenario: Scenario, pages: Pages, firing: Mapping[float, Sequence[str]]) -> dict[str, Any]:
    """One of promtool's unit tests."""
    inputs = [*spelled(scenario.series, pages), input_series("up{}", "rabbitmq", scenario.up)]
    inputs += [input_series("up{}", job, values) for job, values in scenario.others.items()]
    about_queues = scenario.alert in ABOUT_QUEUES
    return {
        "interval": f"{SECONDS}s",
        "input_series": inputs,
        "promql_expr_test": [
            {
                "expr": f"group by ({'queue, vhost' if about_queues else ''}) "
                f'(ALERTS{{alertname="{scenario.alert}",alertstate="firing"}})',
                "eval_time": f"{minute * 60:g}s",
                "exp_samples": [
                    {"labels": f'{{queue="{name}",vhost="shop"}}' if about_queues else "{}", "value": 1}
                    for name in queues
                ],
            }
            for minute, queues in firing.items()
        ],
    }


def input_series(name: str, job: str, values: Values) -> dict[str, str]:
    metric, _, labels = name.removesuffix("}").partition("{")
    all_labels = ",".join([*([labels] if labels else []), f'job="{job}"', f'instance="{TARGET}"'])
    times = (number * SECONDS / 60 for number in range(MINUTES * 60 // SECONDS))
    return {"series": f"{metric}{{{all_labels}}}", "values": " ".join(f"{values(minute):.12g}" for minute in times)}


def run_unit_tests(
    promtool: Callable[..., Any], folder: Path, tests: list[dict[str, Any]], rules: Sequence[Path] = ()
) -> Any:
    file = folder / "unit_tests.yml"
    content = {"rule_files": [str(rule) for rule in rules], "evaluation_interval": f"{SECONDS}s", "tests": tests}
    file.write_text(json.dumps(content))
    return promtool("test", "rules", file)


# Step 7


def live(prometheus_server: Callable[..., Any], folder: Path, broker: Any) -> Any:
    """The answer's Prometheus when all that it scrapes is up."""
    address = broker.prometheus_url.removeprefix("http://")
    prometheus = start(prometheus_server, folder, broker)

    def scraped() -> bool:
        targets = [target for target in prometheus.targets() if address in target["scrapeUrl"]]
        return {target["health"] for target in targets} == {"up"}

    eventually(
        scraped,
        30,
        lambda: (
            "Prometheus runs with prometheus.yml, the broker is there, and not all of its targets are up: "
            f"{describe(prometheus, address)}."
        ),
        poll=0.1,
    )
    return prometheus


def describe(prometheus: Any, address: str) -> str:
    targets = [
        f"job {target['labels'].get('job')}: {target['scrapeUrl'].replace(address, TARGET)} is {target['health']} "
        f"{target['lastError'].replace(address, TARGET)}".strip()
        for target in prometheus.targets()
    ]
    return "; ".join(targets) or "it has no targets"


def broken(prometheus: Any) -> str:
    """What Prometheus says of rules that it cannot evaluate."""
    rules = [rule for rule in prometheus.rules() if rule["health"] == "err"]
    return "".join(f" It cannot evaluate the rule {rule['name']}: {rule['lastError']}." for rule in rules)


def active(prometheus: Any, alert: str) -> list[dict[str, str]]:
    """The labels of an alert's instances, pending or firing."""
    return [one["labels"] for one in prometheus.alerts() if one["labels"]["alertname"] == alert]


@pytest.mark.step(7, "prometheus.yml", "alerts.yml")
@pytest.mark.timeout(90)
def test_step7_an_orphaned_queue(
    kata_dir: Path, rabbitmq_server: Any, new_channel: NewChannel, prometheus_server: Callable[..., Any]
) -> None:
    orphan, served, empty = (rabbitmq_server.fresh(name) for name in ("orphan", "served", "empty"))
    vhost = rabbitmq_server.vhost
    channel = new_channel()
    for name in (orphan, served, empty):
        channel.queue_declare(name)
    publish(channel, orphan, 3)
    publish(channel, served, 3)
    hold(channel, served, 1)
    prometheus = live(prometheus_server, kata_dir, rabbitmq_server)
    for name in (orphan, served, empty):
        eventually(
            lambda name=name: prometheus.query(f'{{vhost="{vhost}",queue="{name}"}}'),  # type: ignore[misc]
            10,
            "All targets are up, and Prometheus has no series with the labels of the broker's queues: which queue is in "
            "trouble cannot be told. The page that prometheus.yml names has sums over all queues; RabbitMQ has others.",
            poll=0.1,
        )
    for series in ("memory_used", "free_disk_space"):
        eventually(
            lambda series=series: prometheus.query(f"rabbitmq_alarms_{series}_watermark"),  # type: ignore[misc]
            5,
            f"Prometheus has no series rabbitmq_alarms_{series}_watermark, so ResourceAlarm can never fire. Not every "
            "page has it: scrape /metrics as well.",
            poll=0.1,
        )
    seen: list[str] = []

    def only_the_orphan() -> bool:
        alerts = active(prometheus, "QueueWithoutConsumers")
        seen[:] = sorted(labels.get("queue", "no queue") for labels in alerts if labels.get("vhost") == vhost)
        return seen == [orphan]

    eventually(
        only_the_orphan,
        15,
        lambda: (
            f"3 messages wait in {orphan} and nobody consumes it; {served} has a consumer, {empty} has no messages. "
            f"QueueWithoutConsumers should be pending for the first alone, and is for {seen or 'none of them'}."
            f"{broken(prometheus)}"
        ),
        poll=0.1,
    )


@pytest.mark.step(7, "prometheus.yml", "alerts.yml")
@pytest.mark.timeout(90)
def test_step7_messages_without_a_queue(
    kata_dir: Path, rabbitmq_server: Any, new_channel: NewChannel, prometheus_server: Callable[..., Any]
) -> None:
    prometheus = live(prometheus_server, kata_dir, rabbitmq_server)
    channel = new_channel()

    def lost_and_noticed() -> bool:
        lose(channel, rabbitmq_server.fresh("nowhere"))
        return bool(active(prometheus, "UnroutableMessages"))

    eventually(
        lost_and_noticed,
        20,
        lambda: (
            "Messages are published that no queue takes, some dropped and some returned, and UnroutableMessages is "
            "neither pending nor firing. Do the pages in prometheus.yml have the counters that the alert looks at?"
            f"{broken(prometheus)}"
        ),
        poll=0.1,
    )


def lose(channel: BlockingChannel, nowhere: str) -> None:
    """Two messages that no queue takes: one is dropped, one returned."""
    for mandatory in (False, True):
        channel.basic_publish("", nowhere, b"lost", mandatory=mandatory)
    channel.connection.process_data_events(0)


# Step 8


@dataclass(frozen=True)
class Panel:
    title: str
    expressions: Sequence[str]
    content: Mapping[str, Any]


def read_dashboard(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))
    except ValueError as error:
        pytest.fail(f"dashboard.json is no JSON: {error}.")
    content = content.get("dashboard", content) if isinstance(content, dict) else content
    assert isinstance(content, dict), "dashboard.json is no JSON object."
    assert isinstance(content.get("panels"), list), 'dashboard.json has no list "panels".'
    return content


def flat(dashboard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All panels, wherever they are: a collapsed row holds its panels itself."""
    return [one for panel in dashboard["panels"] for one in (panel, *(panel.get("panels") or ()))]


def panels_of(dashboard: Mapping[str, Any]) -> dict[str, Panel]:
    """The panels by their titles, each of the six among them once."""
    panels = [panel for panel in flat(dashboard) if panel.get("type") != "row"]
    titles = Counter(panel.get("title") for panel in panels)
    for title in (*PER_QUEUE_PANELS, *RATE_PANELS):
        assert titles[title] == 1, f'dashboard.json has {titles[title]} panels with the title "{title}", not one.'
    found = {}
    for panel in panels:
        targets = [target for target in panel.get("targets") or () if not target.get("hide")]
        expressions = [target["expr"] for target in targets if str(target.get("expr") or "").strip()]
        found[str(panel.get("title"))] = Panel(str(panel.get("title")), expressions, panel)
    return found


@pytest.mark.step(8, "dashboard.json")
def test_step8_grafana_can_draw_it(kata_dir: Path) -> None:
    dashboard = read_dashboard(kata_dir)
    panels = panels_of(dashboard)
    for number, times in Counter(json.dumps(panel.get("id")) for panel in flat(dashboard)).items():
        assert number.isdigit(), f"A panel has the id {number}: it must be a number of its own."
        assert times == 1, f"{times} panels have the id {number}: Grafana shows one of them in the place of the others."
    for siblings in (dashboard["panels"], *(panel.get("panels") or () for panel in dashboard["panels"])):
        check_grid(siblings)
    for title in (*PER_QUEUE_PANELS, *RATE_PANELS):
        panel = panels[title]
        assert panel.expressions, f'The panel "{title}" has no target with an "expr": it asks for nothing.'
        targets = panel.content.get("targets") or ()
        assert panel.content.get("datasource") or all(target.get("datasource") for target in targets), (
            f'The panel "{title}" names no datasource: Grafana asks its default one, whatever that is.'
        )


def check_grid(panels: Sequence[Mapping[str, Any]]) -> None:
    """24 columns, and no panel on another."""
    placed: list[tuple[str, int, int, int, int]] = []
    for panel in panels:
        title, grid = panel.get("title"), panel.get("gridPos") or {}
        sides = [grid[side] for side in "xywh" if isinstance(grid.get(side), int)]
        assert len(sides) == 4, f'The panel "{title}" has the gridPos {grid}: it needs whole numbers x, y, w and h.'
        x, y, w, h = sides
        inside = min(x, y) >= 0 and min(w, h) > 0 and x + w <= 24
        assert inside, f'The panel "{title}" has the gridPos {grid}: Grafana has 24 columns, from x = 0.'
        for other, x2, y2, w2, h2 in placed:
            apart = x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
            assert apart, f'The panels "{other}" and "{title}" lie on each other: look at their gridPos.'
        placed.append((str(title), x, y, w, h))


def filled_in(expression: str, interval: str) -> str:
    """An expression as Grafana would send it with "All" chosen for each variable."""
    for name in ("__rate_interval", "__interval", "__range"):
        expression = re.sub(rf"\$\{{{name}(:\w+)?\}}|\${name}\b", interval, expression)
    variable = r"(?:\$\w+|\$\{\w+(?::\w+)?\}|\[\[\w+(?::\w+)?\]\])"
    expression = re.sub(rf"""(?<![!=])=\s*(["'])({variable})\1""", r"=~\1\2\1", expression)
    return re.sub(variable, ".*", expression)


@pytest.mark.step(8, "dashboard.json", "prometheus.yml")
@pytest.mark.parametrize(
    ("title", "speed", "story"),
    [
        ("Publish rate", 10.0, "10 messages are published each second"),
        ("Ack rate", 5.0, "5 messages are acknowledged each second"),
        ("Unroutable rate", 3.0, "1 message is dropped and 2 are returned each second"),
    ],
    ids=["Publish rate", "Ack rate", "Unroutable rate"],
)
def test_step8_rates_are_rates(
    kata_dir: Path, promtool: Callable[..., Any], tmp_path: Path, title: str, speed: float, story: str
) -> None:
    """Messages flow for half an hour, and then none; 40000 had been counted before."""
    panel, pages = panels_of(read_dashboard(kata_dir))[title], pages_of(kata_dir)
    asked = [filled_in(one, "1m") for one in panel.expressions]
    both = " or ".join(f'label_replace({one}, "target", "{number}", "", "")' for number, one in enumerate(asked))
    moments = [(25, speed, story), (59, 0.0, "the traffic ended half an hour ago")]
    for expression in (both, *asked):  # what all lines of the panel show together, or one of them alone
        if run_unit_tests(promtool, tmp_path, [flow_test(expression, pages, moments)]).returncode == 0:
            return
    for moment in moments:
        _, expected, then = moment
        done = run_unit_tests(promtool, tmp_path, [flow_test(both, pages, [moment])])
        if done.returncode:
            text = said(done, tmp_path)
            got, error = re.search(r"got:\s*\{\} (\S+)", text), re.search(r"err: (.+)", text)
            seen = f"shows {float(got[1]):g}" if got else f"cannot: {error[1] if error else text}"
            pytest.fail(
                f'{then[0].upper()}{then[1:]}: the panel "{title}" should show {expected:g}, messages a second, and {seen}. '
                f"It asks for {'; '.join(panel.expressions)}."
            )
    pytest.fail(f'The panel "{title}" does not show {speed:g} and then 0, though it shows each of them.')


def flow_test(expression: str, pages: Pages, moments: Sequence[tuple[float, float, str]]) -> dict[str, Any]:
    return {
        "interval": f"{SECONDS}s",
        "input_series": list(spelled(flow(), pages)),
        "promql_expr_test": [
            {
                # promtool compares exactly, and to a tenth is exact enough; what shows nothing shows no messages
                "expr": f"round(sum({expression}), 0.1) or vector(0)",
                "eval_time": f"{minute:g}m",
                "exp_samples": [{"labels": "{}", "value": value}],
            }
            for minute, value, _ in moments
        ],
    }


def flow() -> dict[str, Values]:
    """All counters of messages that a broker has: 10 a second come in, 5 are acknowledged, 3 are lost; until minute 30."""

    def counter(speed: float) -> Values:
        return lambda minute: 40000 + speed * 60 * min(minute, 30)

    channel, queue_labels = 'channel="<0.900.0>",vhost="shop"', 'queue="invoices"'
    found: dict[str, Values] = {
        'global_messages_received_total{protocol="amqp091"}': counter(10),
        'global_messages_received_confirm_total{protocol="amqp091"}': counter(10),
        'global_messages_confirmed_total{protocol="amqp091"}': counter(10),
        'global_messages_routed_total{protocol="amqp091"}': counter(10),
        f'channel_messages_published_total{{{channel},exchange="invoices"}}': counter(10),
        f'channel_messages_confirmed_total{{{channel},exchange="invoices"}}': counter(10),
        'queue_messages_published_total{channel="<0.900.0>",queue_vhost="shop",queue="invoices",exchange_vhost="shop",'
        'exchange="invoices"}': counter(10),
        f"channel_messages_acked_total{{{channel},{queue_labels}}}": counter(5),
        **{
            f'global_messages_acknowledged_total{{protocol="amqp091",queue_type="rabbit_{kind}_queue"}}': counter(speed)
            for kind, speed in (("classic", 5), ("quorum", 0), ("stream", 0))
        },
        **unroutable(counter(1), counter(2)),
    }
    return found


@pytest.mark.step(8, "dashboard.json", "prometheus.yml")
@pytest.mark.timeout(90)
def test_step8_it_shows_what_happens(
    kata_dir: Path, rabbitmq_server: Any, new_channel: NewChannel, prometheus_server: Callable[..., Any]
) -> None:
    panels = panels_of(read_dashboard(kata_dir))
    waiting, held = rabbitmq_server.fresh("waiting"), rabbitmq_server.fresh("held")
    flowing, nowhere = rabbitmq_server.fresh("flowing"), rabbitmq_server.fresh("nowhere")
    channel, second, worker = new_channel(), new_channel(), new_channel()
    for name in (waiting, held, flowing):
        channel.queue_declare(name)
    publish(channel, waiting, 7)
    publish(channel, held, 3)
    hold(channel, held, 3)
    hold(second, held, 3)
    worker.basic_consume(flowing, lambda link, delivery, *_: link.basic_ack(delivery.delivery_tag))
    prometheus = live(prometheus_server, kata_dir, rabbitmq_server)
    for title, name, expected, story in (
        ("Queue depth", waiting, 7, "7 messages wait in it, and nobody has any"),
        ("Unacknowledged", held, 3, "consumers hold its 3 messages"),
        ("Consumers", held, 2, "it has 2 consumers"),
    ):
        eventually(
            lambda title=title, name=name, expected=expected: expected in shown(prometheus, panels[title], name),  # type: ignore[misc]
            12,
            lambda title=title, name=name, expected=expected, story=story: (  # type: ignore[misc]
                f'The queue {name}: {story}. The panel "{title}" should show {expected} with the label queue="{name}", '
                f"and shows {shown(prometheus, panels[title], name) or 'nothing'} for it. It asks for "
                f"{'; '.join(panels[title].expressions)}."
            ),
            poll=0.1,
        )
    for title in RATE_PANELS:

        def moves(title: str = title) -> bool:
            publish(channel, flowing, 2)
            lose(channel, nowhere)
            worker.connection.process_data_events(0)
            return any(value > 0 for value in shown(prometheus, panels[title]))

        eventually(
            moves,
            20,
            lambda title=title: (  # type: ignore[misc]
                f'Messages are published, acknowledged and lost all the time, and the panel "{title}" shows '
                f"{shown(prometheus, panels[title]) or 'nothing'}. Do the pages that prometheus.yml names have what it "
                f"asks for: {'; '.join(panels[title].expressions)}?"
            ),
            poll=0.1,
        )


def shown(prometheus: Any, panel: Panel, queue: str | None = None) -> list[float]:
    """What the panel shows now, of one queue or of all."""
    samples = [sample for one in panel.expressions for sample in prometheus.query(filled_in(one, "10s"))]
    return [sample.value for sample in samples if queue is None or sample.labels.get("queue") == queue]
