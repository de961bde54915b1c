"""RabbitMQ 06 · Monitoring.

The invoice worker died on Friday night, and nobody noticed until Monday. Ask the broker for its numbers, read the metrics
that it gives to Prometheus, and turn counters into rates. `prometheus.yml`, `alerts.yml` and `dashboard.json` beside this
file are part of the answer.

Run: pytest katas/rabbitmq/06
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

_SAMPLE = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?\s*(\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class QueueStats:
    """What a queue is doing.

    Attributes:
        ready: messages that wait for a consumer.
        unacked: messages that a consumer has and has not acknowledged.
        consumers: how many consumers it has.
        publish_rate: messages a second that come in.
        ack_rate: messages a second that are acknowledged.
    """

    ready: int
    unacked: int
    consumers: int
    publish_rate: float
    ack_rate: float


@dataclass(frozen=True)
class Sample:
    """One line of a page of metrics: a name, labels, a value."""

    name: str
    labels: Mapping[str, str]
    value: float


def queue_stats(management_url: str, vhost: str) -> dict[str, QueueStats]:
    """Every queue of the vhost, by its name; vhosts and queues may have any characters in their names.

    A number that the broker does not have is 0: a queue that is a moment old has none at all, one that was never used
    has no rates.

    Args:
        management_url: such as "http://guest:guest@127.0.0.1:15672"; the API's paths begin with /api.

    Raises:
        Exception: the API answers with an error (the HTTP client's own exception will do): that is not the same as
            having no queues.
    """
    reply = httpx.get(f"{management_url}/api/queues/{quote(vhost, safe='')}", timeout=10.0)
    reply.raise_for_status()
    return {queue["name"]: _stats(queue) for queue in reply.json()}


def _stats(queue: Mapping[str, Any]) -> QueueStats:
    rates = queue.get("message_stats", {})
    return QueueStats(
        ready=queue.get("messages_ready", 0),
        unacked=queue.get("messages_unacknowledged", 0),
        consumers=queue.get("consumers", 0),
        publish_rate=float(rates.get("publish_details", {}).get("rate", 0.0)),
        ack_rate=float(rates.get("ack_details", {}).get("rate", 0.0)),
    )


def parse_metrics(text: str) -> list[Sample]:
    """The samples of a page in Prometheus' text format, in the order of its lines.

    Comments and empty lines are skipped. In label values \\\\, \\" and \\n stand for a backslash, a quote and a line feed.
    NaN, +Inf and -Inf are floats, too. Timestamps are ignored.
    """
    lines = (
        line.strip() for line in text.split("\n")
    )  # not splitlines(): a label may hold any of its other separators
    return [_sample(line) for line in lines if line and not line.startswith("#")]


def _sample(line: str) -> Sample:
    found = _SAMPLE.fullmatch(line)
    if found is None:
        raise ValueError(f"this is no line of Prometheus' text format: {line!r}")
    name, labels, value = found.groups()
    return Sample(name, {key: _unescape(raw) for key, raw in _LABEL.findall(labels or "")}, float(value))


def _unescape(value: str) -> str:
    """From left to right and in one go: in r"\\\\n" the first two characters belong together."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], value)


class Rates:
    """Turns counters into rates: keeps what they were at the previous call."""

    def __init__(self) -> None:
        """Nothing was observed yet."""
        self._at = math.inf
        self._counters: dict[str, float] = {}

    def observe(self, at: float, counters: Mapping[str, float]) -> dict[str, float]:
        """Per-second rates since the previous call, for the counters that were there then and are now.

        A counter that went down was reset in between (its program was restarted) and has counted from zero since. If no
        time has passed, or the clock went back, there are no rates: {}.

        Args:
            at: when the counters were read, in seconds.
            counters: their values by name.
        """
        seconds = at - self._at
        before, self._at, self._counters = self._counters, at, dict(counters)
        if seconds <= 0:
            return {}
        return {name: _increase(before[name], value) / seconds for name, value in counters.items() if name in before}


def _increase(before: float, now: float) -> float:
    return now - before if now >= before else now


def time_to_drain(stats: QueueStats) -> float:
    """Seconds until all that is in the queue, ready or unacknowledged, is worked off at the present rates.

    0.0 if the queue is empty, math.inf if it does not shrink.
    """
    left = stats.ready + stats.unacked
    if left == 0:
        return 0.0
    speed = stats.ack_rate - stats.publish_rate
    return left / speed if speed > 0 else math.inf
