"""RabbitMQ 06 · Monitoring.

The invoice worker died on Friday night, and nobody noticed until Monday. Ask the broker for its numbers, read the metrics
that it gives to Prometheus, and turn counters into rates. `prometheus.yml`, `alerts.yml` and `dashboard.json` beside this
file are part of the answer.

Run: pytest katas/rabbitmq/06
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import httpx


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
    raise NotImplementedError


def parse_metrics(text: str) -> list[Sample]:
    """The samples of a page in Prometheus' text format, in the order of its lines.

    Comments and empty lines are skipped. In label values \\\\, \\" and \\n stand for a backslash, a quote and a line feed.
    NaN, +Inf and -Inf are floats, too. Timestamps are ignored.
    """
    raise NotImplementedError


class Rates:
    """Turns counters into rates: keeps what they were at the previous call."""

    def __init__(self) -> None:
        """Nothing was observed yet."""
        raise NotImplementedError

    def observe(self, at: float, counters: Mapping[str, float]) -> dict[str, float]:
        """Per-second rates since the previous call, for the counters that were there then and are now.

        A counter that went down was reset in between (its program was restarted) and has counted from zero since. If no
        time has passed, or the clock went back, there are no rates: {}.

        Args:
            at: when the counters were read, in seconds.
            counters: their values by name.
        """
        raise NotImplementedError


def time_to_drain(stats: QueueStats) -> float:
    """Seconds until all that is in the queue, ready or unacknowledged, is worked off at the present rates.

    0.0 if the queue is empty, math.inf if it does not shrink.
    """
    raise NotImplementedError
