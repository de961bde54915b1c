"""One NATS server.

Options of an order:
    config: text of a server config; ports, host and store on the command line are given only where it has none.
    env: more environment variables; a NATS config reads them as $NAME.
    jetstream: switch JetStream on, with its store in the node's folder. Without options at all it is on.
    monitor: open the monitoring port.
    name: its name; a config that is to be reloaded must set the same as server_name.
    host: to listen on, default 127.0.0.1.
    port: client port, default a free one.

A node of a cluster (an order with peers) has a route to each of the others, and gets its own config.
"""

from __future__ import annotations

import json
import os
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from pytest_mqkata.recipes import Launch, Order

CLUSTER = "shop"
_PROBE_SECONDS = 1.0


class NatsRecipe:
    title = "NATS"
    port_names = ("client", "monitoring", "cluster")
    start_deadline = 15.0
    spares = 2
    shared = False
    port_taken = r"address already in use"

    def prepare(self, order: Order) -> Launch:
        options = order.options
        config = _cluster_config(order) if order.peers else options.get("config")
        host = str(options.get("host", "127.0.0.1"))
        ports = {"client": int(options.get("port") or order.ports["client"]), "monitoring": order.ports["monitoring"]}
        argv = [order.installation.paths["server"]]
        text = str(config or "")
        if config is not None:
            file = order.folder / "nats.conf"
            file.write_text(text)
            argv += ["-c", str(file)]
        if not order.peers and (config is None or options.get("name")):
            # not unasked with a config: a server refuses to reload a config that lacks the name from the command line
            argv += ["-n", order.name]
        text = _resolved(text, {**os.environ, **options.get("env", {})})
        if not sets(text, "host", "net", "listen", "addr"):
            argv += ["-a", host]
        if set_port := _port(text):
            ports["client"] = set_port
        else:
            argv += ["-p", str(ports["client"])]
        if set_monitor := _monitor_port(text):
            ports["monitoring"] = set_monitor
        elif options.get("monitor", True):
            argv += ["-m", str(ports["monitoring"])]
        else:
            del ports["monitoring"]
        jetstream = bool(options.get("jetstream", not options))
        if jetstream:
            argv.append("-js")
        if (jetstream or sets(text, "jetstream")) and not re.search(r"store_?dir", text):
            argv += ["-sd", str(order.folder / "store")]
        return Launch(
            argv=argv,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **options.get("env", {})},
            log=order.log,
            ports=ports,
            details={
                "name": order.name,
                "in_cluster": "yes" if order.peers or sets(text, "cluster") else "",
                "tls_first": str(bool(re.search(r"handshake_first\s*[:=]?\s*true", text))),
            },
        )

    def probe(self, launch: Launch) -> str | None:
        port = launch.ports["client"]
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_PROBE_SECONDS) as link:
                link.settimeout(_PROBE_SECONDS)
                if launch.details["tls_first"] == "True":
                    return None  # such a server says nothing before the TLS handshake
                with link.makefile("rb") as lines:
                    greeting = lines.readline()
                    info = _info(greeting)
                    if info is None:
                        return f"it greets with {greeting[:80]!r}, not with INFO"
                    if not info.get("tls_required") and not info.get("auth_required"):
                        link.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
                        answer = lines.readline().strip()
                        if answer != b"PONG":
                            return f"PING was answered with {answer!r}"
        except OSError as error:
            return f"127.0.0.1:{port} gives no INFO ({error})"
        return self._health(launch)

    def _health(self, launch: Launch) -> str | None:
        if "monitoring" not in launch.ports or launch.details["in_cluster"]:
            return None  # in a cluster, health is that of the others too
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{launch.ports['monitoring']}/healthz", timeout=_PROBE_SECONDS
            ) as reply:
                return None if reply.status == 200 else f"/healthz says {reply.status}"
        except urllib.error.HTTPError as error:
            return f"/healthz says {error.code}: {error.read(200)!r}"
        except OSError as error:
            return f"/healthz gives no answer ({error})"


def _cluster_config(order: Order) -> str:
    routes = ", ".join(f'"nats://127.0.0.1:{peer.ports["cluster"]}"' for peer in order.peers)
    return f"""server_name: {order.name}
host: 127.0.0.1
jetstream {{ store_dir: "{order.folder / "store"}" }}
cluster {{ name: {CLUSTER}, listen: "127.0.0.1:{order.ports["cluster"]}", routes: [{routes}] }}
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
"""


def sets(config: str, *keys: str) -> bool:
    """Whether a NATS config sets one of `keys` at its top level; roughly: at the start of a line."""
    return any(re.search(rf"^\s*{key}\b", config, re.MULTILINE | re.IGNORECASE) for key in keys)


def _resolved(config: str, env: Mapping[str, str]) -> str:
    """A config with the values of the environment's variables in place of their names, as the server reads it."""
    return re.sub(r"\$(\w+)", lambda found: env.get(found[1], found[0]), config)


def _port(config: str) -> int | None:
    top = _top_level(config)
    found = re.search(r"^\s*port\s*[:=]?\s*(\d+)", top, re.MULTILINE) or re.search(
        r"^\s*listen\s*[:=]?\s*\"?(?:[^\s:\"]+:)?(\d+)", top, re.MULTILINE
    )
    return int(found[1]) if found else None


def _monitor_port(config: str) -> int | None:
    found = re.search(
        r"^\s*(?:http|http_port|monitor_port)\s*[:=]?\s*\"?(?:[^\s:\"]+:)?(\d+)", _top_level(config), re.MULTILINE
    )
    return int(found[1]) if found else None


def _top_level(config: str) -> str:
    """A config without what stands in braces, where `port` may mean another port."""
    kept, depth = [], 0
    for character in config:
        depth += character == "{"
        if depth == 0:
            kept.append(character)
        depth -= character == "}"
    return "".join(kept)


def _info(greeting: bytes) -> dict[str, Any] | None:
    if not greeting.startswith(b"INFO "):
        return None
    try:
        info = json.loads(greeting[5:])
    except ValueError:
        return None
    return info if isinstance(info, dict) else None


RECIPE = NatsRecipe()
