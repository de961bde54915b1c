"""One Redis (or Valkey) node.

Options of an order:
    config: text of a redis.conf; copied, since CONFIG REWRITE must never touch the file that a learner wrote.
    args: more command line arguments; they win over the config.
    wait: "ready" (PONG, and loading is over), or "answer" (any reply, an error too, counts as up).
    role: in a cluster: "replica" (of the first node) or "sentinel" (that watches it).
"""

from __future__ import annotations

import hashlib
import os
import socket

from pytest_mqkata.recipes import Launch, Order, Peer

SERVICE = "orders"
"""The name under which sentinels know the master."""

_PROBE_TIMEOUT = 1.0  # seconds


class RedisRecipe:
    title = "Redis"
    port_names = ("client",)
    start_deadline = 15.0
    spares = 2
    shared = False
    port_taken = r"Address already in use|bind: "

    def prepare(self, order: Order) -> Launch:
        port = order.ports["client"]
        argv = [order.installation.paths["server"]]
        role = order.options.get("role")
        config = sentinel_config(order) if role == "sentinel" else order.options.get("config")
        if config is not None:
            file = order.folder / "redis.conf"
            if not order.again:
                file.write_text(config)
            argv.append(str(file))
        argv += ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(order.folder), "--daemonize", "no"]
        if config is None:
            # nothing to save at the end: a server whose folder is gone would refuse SIGTERM
            argv += ["--save", "", "--appendonly", "no"]
        if role == "replica":
            argv += ["--replicaof", "127.0.0.1", str(order.peers[0].ports["client"])]
        elif role == "sentinel":
            argv.append("--sentinel")
        argv += [str(argument) for argument in order.options.get("args", ())]
        return Launch(
            argv=argv,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            log=order.log,
            ports={"client": port},
            details={"wait": str(order.options.get("wait", "ready"))},
        )

    def probe(self, launch: Launch) -> str | None:
        try:
            with socket.create_connection(("127.0.0.1", launch.ports["client"]), timeout=_PROBE_TIMEOUT) as link:
                link.settimeout(_PROBE_TIMEOUT)
                link.sendall(b"PING\r\n")
                reply = link.recv(200).decode("utf-8", "replace").strip()
        except OSError as error:
            return f"PING got no answer ({error})"
        if reply == "+PONG" or (reply and launch.details["wait"] == "answer"):
            return None
        return f"PING was answered with {reply!r}"


def sentinel_config(order: Order) -> str:
    """Watches the cluster's first node; the sentinel rewrites this file as it learns.

    It is told of the other sentinels, which it would else hear of from one another, every two seconds. A node that is
    silent for 1.2 s counts as down: with 0.5 s a busy machine's living masters were failed over as well.
    """
    others = [peer for peer in order.peers if _is_sentinel(peer) and peer.name != order.name]
    known = "".join(
        f"sentinel known-sentinel {SERVICE} 127.0.0.1 {peer.ports['client']} {_sentinel_id(peer)}\n" for peer in others
    )
    return f"""sentinel myid {_sentinel_id(order.peers[order.index])}
sentinel monitor {SERVICE} 127.0.0.1 {order.peers[0].ports["client"]} 2
sentinel down-after-milliseconds {SERVICE} 1200
sentinel failover-timeout {SERVICE} 3000
{known}"""


def _is_sentinel(peer: Peer) -> bool:
    return peer.name.startswith("sentinel")


def _sentinel_id(peer: Peer) -> str:
    return hashlib.sha1(f"{peer.name}:{peer.ports['client']}".encode(), usedforsecurity=False).hexdigest()


RECIPE = RedisRecipe()
