"""Three NATS servers in a full mesh, each with JetStream."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mqkata.recipes import Launch
from pytest_mqkata.recipes.clusters import Member, Plain

NAMES = ("n1", "n2", "n3")
_TIMEOUT = 1.0  # seconds for one question


class NatsCluster(Plain):
    title = "NATS cluster"
    memory = 100
    fresh = True
    start_deadline = 40.0  # half a second, unless the first votes are split
    heal_deadline = 20.0

    def members(self, options: Mapping[str, Any]) -> list[Member]:
        return [Member(name) for name in NAMES]

    def probe(self, nodes: Sequence[Launch], options: Mapping[str, Any]) -> str | None:
        """A route to each other, everybody healthy, and one meta leader in everybody's view."""
        leaders = set()
        for node in nodes:
            name = node.details["name"]
            try:
                routes = {route.get("remote_name") for route in _ask(node, "routez")["routes"] or []}
                if missing := {one.details["name"] for one in nodes} - {name} - routes:
                    return f"{name} has no route to {', '.join(sorted(missing))}"
                meta = _ask(node, "jsz").get("meta_cluster", {})
                if not meta.get("leader"):
                    return f"{name} knows no leader of JetStream's meta group"
                leaders.add(meta["leader"])
                _ask(node, "healthz")
            except urllib.error.HTTPError as error:
                return f"{name}: /healthz says {error.code}: {error.read(200)!r}"
            except (OSError, ValueError, KeyError) as error:
                return f"{name} does not answer ({error})"
        return None if len(leaders) == 1 else f"the nodes name different leaders: {', '.join(sorted(leaders))}"


def _ask(node: Launch, page: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{node.ports['monitoring']}/{page}", timeout=_TIMEOUT) as reply:
        found: dict[str, Any] = json.load(reply)
        return found


RECIPES = {"cluster": NatsCluster()}
