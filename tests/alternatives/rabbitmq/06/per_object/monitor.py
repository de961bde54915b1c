"""A parser that reads character by character, urllib for the API, and the page of every object.

It shows that the text format needs no regular expressions, and that rules can hold their time in a range
(`min_over_time`) in place of `for`.
"""

import base64
import json
import urllib.request
from dataclasses import dataclass
from typing import Mapping
from urllib.parse import quote, urlsplit


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
    labels: Mapping[str, str]
    value: float


def queue_stats(management_url, vhost):
    parts = urlsplit(management_url)
    request = urllib.request.Request(f"http://{parts.hostname}:{parts.port}/api/queues/{quote(vhost, safe='')}")
    login = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    request.add_header("Authorization", f"Basic {login}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        queues = json.load(answer)
    found = {}
    for queue in queues:
        stats = queue.get("message_stats") or {}
        numbers = [queue.get(key) or 0 for key in ("messages_ready", "messages_unacknowledged", "consumers")]
        rates = [(stats.get(f"{kind}_details") or {}).get("rate") or 0.0 for kind in ("publish", "ack")]
        found[queue["name"]] = QueueStats(*numbers, *rates)
    return found


class _Reader:
    """A line, and where in it we are."""

    def __init__(self, line):
        self.line, self.at = line, 0

    def skip(self, characters):
        while self.at < len(self.line) and self.line[self.at] in characters:
            self.at += 1

    def until(self, characters):
        begin = self.at
        while self.at < len(self.line) and self.line[self.at] not in characters:
            self.at += 1
        return self.line[begin : self.at]

    def quoted(self):
        text = []
        self.at += 1
        while self.line[self.at] != '"':
            if self.line[self.at] == "\\":
                self.at += 1
                text.append({"n": "\n"}.get(self.line[self.at], self.line[self.at]))
            else:
                text.append(self.line[self.at])
            self.at += 1
        self.at += 1
        return "".join(text)


def parse_metrics(text):
    samples = []
    for line in text.split("\n"):
        reader = _Reader(line)
        reader.skip(" \t")
        if reader.at == len(line) or line[reader.at] == "#":
            continue
        name, labels = reader.until(" \t{"), {}
        reader.skip(" \t")
        if line[reader.at] == "{":
            reader.at += 1
            reader.skip(" \t,")
            while line[reader.at] != "}":
                label = reader.until(" \t=")
                reader.skip(" \t=")
                labels[label] = reader.quoted()
                reader.skip(" \t,")
            reader.at += 1
            reader.skip(" \t")
        samples.append(Sample(name, labels, float(reader.until(" \t"))))
    return samples


class Rates:
    before = None

    def observe(self, at, counters):
        before, self.before = self.before, (at, tuple(counters.items()))
        if before is None or at <= before[0]:
            return {}
        then = dict(before[1])
        rates = {}
        for name in then.keys() & counters.keys():
            growth = counters[name] - then[name]
            rates[name] = (growth if growth >= 0 else counters[name]) / (at - before[0])
        return rates


def time_to_drain(stats):
    if stats.ready + stats.unacked == 0:
        return 0.0
    if stats.ack_rate <= stats.publish_rate:
        return float("inf")
    return (stats.ready + stats.unacked) / (stats.ack_rate - stats.publish_rate)
