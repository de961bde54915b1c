"""Comprehensions all the way, and rules and panels that do not care which page is scraped.

It shows an API client that opens its own connection pool and closes it, labels taken off a line one at a time, and `or`
between the two names that a series may have.
"""

import re
from dataclasses import dataclass, field
from math import inf
from typing import Mapping
from urllib.parse import quote_plus

import httpx


@dataclass(frozen=True)
class QueueStats:
    ready: int
    unacked: int
    consumers: int
    publish_rate: float
    ack_rate: float


@dataclass(frozen=True)
class Sample:
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    value: float = 0.0


def queue_stats(management_url, vhost):
    with httpx.Client(base_url=management_url) as client:
        columns = "name,messages_ready,messages_unacknowledged,consumers,message_stats"
        path = quote_plus(vhost, safe="").replace("+", "%20")
        answer = client.get(f"/api/queues/{path}", params={"columns": columns})
        if answer.status_code != 200:
            raise LookupError(answer.text)
    return {
        queue["name"]: QueueStats(
            int(queue.get("messages_ready", 0)),
            int(queue.get("messages_unacknowledged", 0)),
            int(queue.get("consumers", 0)),
            *(
                queue.get("message_stats", {}).get(f"{what}_details", {}).get("rate", 0.0)
                for what in ("publish", "ack")
            ),
        )
        for queue in answer.json()
    }


def parse_metrics(text):
    lines = [line.strip(" \t") for line in text.split("\n")]
    return [_parse(line) for line in lines if line and line[0] != "#"]


def _parse(line):
    name = re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", line)[0]
    rest = line[len(name) :].lstrip(" \t")
    labels = {}
    if rest.startswith("{"):
        rest = rest[1:]
        while found := re.match(r'[ \t,]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:\\.|[^\\"])*)"[ \t,]*', rest, re.DOTALL):
            pieces = found[2].split("\\\\")  # at escaped backslashes, so that what is left has only the other two
            labels[found[1]] = "\\".join(piece.replace('\\"', '"').replace("\\n", "\n") for piece in pieces)
            rest = rest[found.end() :]
        rest = rest.removeprefix("}")
    return Sample(name, labels, float(rest.split()[0]))


class Rates:
    def __init__(self):
        self.seen = []

    def observe(self, at, counters):
        self.seen = [*self.seen, (at, {**counters})][-2:]
        if len(self.seen) < 2 or self.seen[1][0] - self.seen[0][0] <= 0:
            return {}
        (first, old), (second, new) = self.seen
        grown = {name: new[name] - old[name] * (new[name] >= old[name]) for name in new if name in old}
        return {name: growth / (second - first) for name, growth in grown.items()}


def time_to_drain(stats):
    left, speed = stats.ready + stats.unacked, stats.ack_rate - stats.publish_rate
    return 0.0 if not left else inf if speed <= 0 else left / speed
