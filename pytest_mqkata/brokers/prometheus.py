"""Prometheus in a test's hands."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.errors import MqkataError, ServerConfigError, ServerExited
from pytest_mqkata.recipes.prometheus import CONFIG

_ANSWER_SECONDS = 5.0
_EVIDENCE_SECONDS = 0.5
_EVIDENCE_LINES = 12


class QueryError(MqkataError):
    """Prometheus refused a query; the text is its own."""


@dataclass(frozen=True)
class Sample:
    """One series of an answer with its value; a scalar has no labels.

    Attributes:
        labels: all of them, the metric's name among them as `__name__` if the answer has one.
        value: may be NaN or infinite.
        at: seconds since 1970.
    """

    labels: Mapping[str, str]
    value: float
    at: float


@dataclass(frozen=True)
class Series:
    """One series of an answer over time: `points` are pairs of time and value."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class PrometheusServer(Node):
    """A Prometheus of the test's own."""

    broker = "prometheus"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def busy_ports(self) -> frozenset[int]:
        """None: an answer has no connections to it."""
        return frozenset()

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """What an expression gives now, or at `at` (seconds since 1970).

        Raises:
            QueryError: Prometheus refused it.
        """
        found = self._ask("query", query=expression, time=at)
        if found["resultType"] in ("scalar", "string"):
            when, value = found["result"]
            return [Sample({}, _number(value), float(when))]
        if found["resultType"] == "matrix":
            raise QueryError(f"{expression!r} gives a range of values for each series, not one value.")
        return [Sample(one["metric"], _number(one["value"][1]), float(one["value"][0])) for one in found["result"]]

    def query_range(self, expression: str, start: float, end: float, step: float = 1.0) -> list[Series]:
        """What an expression gives from `start` to `end` (seconds since 1970), every `step` seconds.

        Raises:
            QueryError: Prometheus refused it.
        """
        found = self._ask("query_range", query=expression, start=start, end=end, step=step)
        return [
            Series(one["metric"], [(float(when), _number(value)) for when, value in one["values"]])
            for one in found["result"]
        ]

    def rules(self) -> list[dict[str, Any]]:
        """All rules, as /api/v1/rules has them; each with the name of its group as "group"."""
        groups = self._ask("rules")["groups"]
        return [{**rule, "group": group["name"]} for group in groups for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing: "labels", "annotations", "state", "activeAt", "value"."""
        return list(self._ask("alerts")["alerts"])

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped: "labels", "scrapeUrl", "health" ("up", "down", "unknown"), "lastError" …

        Empty for the first five seconds of a new server.
        """
        return list(self._ask("targets", state="active")["activeTargets"])

    def evidence(self) -> list[str]:
        targets = self._ask("targets", _EVIDENCE_SECONDS, state="active")["activeTargets"]
        lines = [
            f"target {one['labels'].get('job')} {one['scrapeUrl']}: {one['health']} {one['lastError']}".rstrip()
            for one in targets
        ] or ["no targets: nothing is scraped"]
        for alert in self._ask("alerts", _EVIDENCE_SECONDS)["alerts"]:
            labels = ", ".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))
            lines.append(f"alert {alert['state']}: {labels}")
        if len(lines) > _EVIDENCE_LINES:
            lines[_EVIDENCE_LINES:] = [f"… and {len(lines) - _EVIDENCE_LINES} more"]
        return lines

    def _ask(self, what: str, timeout: float = _ANSWER_SECONDS, **parameters: object) -> Any:
        given = urlencode({key: value for key, value in parameters.items() if value is not None})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{what}?{given}", timeout=timeout) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            if error.code in (400, 422):
                raise QueryError(f"{parameters.get('query', what)}: {_said(text)}") from None
            raise


def _said(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text


def _number(text: str) -> float:
    return math.nan if text == "NaN" else float(text)


def start_prometheus(session: Session, options: Mapping[str, object]) -> PrometheusServer:
    """A Prometheus of the caller's own, from what `order_options` gives.

    Raises:
        MissingTool: it is not here and cannot be fetched.
        ServerConfigError: it refuses its configuration.
        EnvironmentProblem: it cannot be started.
    """
    try:
        return PrometheusServer(session.order("prometheus", options), shared=False)
    except ServerExited as error:
        raise ServerConfigError(f"Prometheus refused its config:\n{_refusal(error.details)}") from error


def order_options(
    config: Path | str, *, targets: Mapping[str, str], interval: float | None = None
) -> dict[str, object]:
    """The recipe's options for a configuration of one's own; see the fixture prometheus_server."""
    text = config.read_text(encoding="utf-8") if isinstance(config, Path) else config
    folder = config.parent.absolute() if isinstance(config, Path) else None
    files = {CONFIG: text}
    if interval is not None:
        from pytest_mqkata.brokers.prometheus_pace import at_pace

        files = at_pace(text, folder, interval)
    for name, address in targets.items():
        files[CONFIG] = files[CONFIG].replace(name, address)
    options: dict[str, object] = {"files": files}
    if folder:
        options["beside"] = str(folder)
    return options


def _refusal(log: str) -> str:
    """The complaint in a log whose other lines tell of the start."""
    complaints = [line for line in log.splitlines() if "level=error" in line or "level=ERROR" in line]
    return "\n".join(complaints) or log
