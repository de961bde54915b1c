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
        """A route to each other, everybody healthy, one meta leader in everybody's view, all streams led and in sync."""
        leaders = set()
        for node in nodes:
            name = node.details["name"]
            try:
                routes = {route.get("remote_name") for route in _ask(node, "routez")["routes"] or []}
                if missing := {one.details["name"] for one in nodes} - {name} - routes:
                    return f"{name} has no route to {', '.join(sorted(missing))}"
                jetstream = _ask(node, "jsz?accounts=1&streams=1")
                meta = jetstream.get("meta_cluster", {})
                if not meta.get("leader"):
                    return f"{name} knows no leader of JetStream's meta group"
                leaders.add(meta["leader"])
                if reason := _ill_stream(name, jetstream):
                    return reason
                _ask(node, "healthz")
            except urllib.error.HTTPError as error:
                return f"{name}: /healthz says {error.code}: {error.read(200)!r}"
            except (OSError, ValueError, KeyError) as error:
                return f"{name} does not answer ({error})"
        return None if len(leaders) == 1 else f"the nodes name different leaders: {', '.join(sorted(leaders))}"


def _ill_stream(node: str, jetstream: dict[str, Any]) -> str | None:
    """A stream that has no leader, or of which a replica is behind, in the view of one node."""
    for account in jetstream.get("account_details") or []:
        for stream in account.get("stream_detail") or []:
            group = stream.get("cluster") or {}
            if group and not group.get("leader"):
                return f"{node} knows no leader of the stream {stream['name']}"
            if group.get("leader") == node:
                behind = [one["name"] for one in group.get("replicas") or [] if not one.get("current")]
                if behind:
                    return f"the replicas of the stream {stream['name']} on {', '.join(behind)} are not current"
    return None


def _ask(node: Launch, page: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{node.ports['monitoring']}/{page}", timeout=_TIMEOUT) as reply:
        found: dict[str, Any] = json.load(reply)
        return found


RECIPES = {"cluster": NatsCluster()}
