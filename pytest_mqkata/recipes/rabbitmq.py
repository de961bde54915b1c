"""One RabbitMQ node, with an epmd of its own beside it, on loopback only.

Options of an order:
    config: text of a rabbitmq.conf, used as it is; what the node needs (ports, logging) is in a second file, which
        RabbitMQ reads after it.
    definitions: text of a definitions.json, which lies in the node's working folder. Loaded at each start; with a
        config only if that says so (load_definitions).
    files: path in the node's working folder -> text of further files that its config names, such as certificates.
    plugins: names of the plugins to enable; default: the management API and the Prometheus endpoint.
    node: the Erlang node name; default rabbit@localhost. Each node has its own epmd, so equal names never clash.

Nodes of a cluster (an order with peers) share the cluster's epmd and its cookie.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_mqkata.provision import Installation
from pytest_mqkata.recipes import Launch, Order

PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")
USER, PASSWORD = "guest", "guest"

_PROBE_TIMEOUT = 1.0  # seconds for each answer
_ANSWERS = {(10, 10): "start", (10, 30): "tune", (10, 41): "open-ok", (10, 50): "close"}

# Erlang's threads hand each file access to one another, and by default they sleep in between: a start is mostly that
# handing over. Letting them spin for a moment, and not tying them to cores, halves its time. An idle node costs the
# same as before.
_ERLANG_FLAGS = "+S 2:2 +stbt u +sbwt very_short +sbwtdio very_short -kernel inet_dist_use_interface {127,0,0,1}"
# nodes notice a peer that is silent (paused, cut off) after 8 s, not after Erlang's 60
_CLUSTER_FLAGS = " -kernel net_ticktime 8"


class RabbitmqRecipe:
    title = "RabbitMQ"
    port_names = ("client", "tls", "management", "prometheus", "distribution", "epmd")
    start_deadline = 100.0  # a node that waits in vain for the tables of another one tries again after 30 s
    spares = 0
    shared = True
    port_taken = r"eaddrinuse|distribution port \d+ in use|already in use"

    def prepare(self, order: Order) -> Launch:
        env = _environment(order)
        if not order.again and not order.ground:
            write_cookie(Path(env["HOME"]))
        _write_configuration(order)
        return Launch(
            argv=[order.installation.paths["server"]],
            env=env,
            log=order.log,
            ports=order.ports,
            details={
                "node": env["RABBITMQ_NODENAME"],
                "ctl": order.installation.paths["ctl"],
                "erl_call": order.installation.paths["erl_call"],
                "environment": json.dumps(_for_tools(env)),
                "login": "" if _loads_definitions(order) else f"{USER}:{PASSWORD}",
                "plain": "yes" if _has_plain_listener(order) else "",
            },
            stop_grace=20.0,  # with the management plugin on, RabbitMQ 3.x takes 6 s to go
            companions=[] if order.ground else [epmd(order.installation, order.ports["epmd"], order.folder)],
        )

    def probe(self, launch: Launch) -> str | None:
        if launch.details["plain"] and (reason := _handshake(launch.ports["client"], launch.details["login"])):
            return reason
        return _boot(launch)


RECIPE = RabbitmqRecipe()


def epmd(installation: Installation, port: int, folder: Path) -> Launch:
    """The Erlang port mapper, by which nodes find each other: in the foreground, or it would outlive us."""
    return Launch(
        argv=[installation.paths["epmd"], "-port", str(port), "-address", "127.0.0.1"],
        env=_base_environment(installation, folder / "home", port),
        log=folder / "epmd.log",
        ports={},
        cwd=folder,
    )


def write_cookie(home: Path) -> None:
    """The secret that nodes of one cluster, and their tools, have in common."""
    home.mkdir(exist_ok=True)
    cookie = home / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(16))
    cookie.chmod(0o400)


def run_ctl(details: Mapping[str, str], *arguments: str, cwd: Path, timeout: float) -> str:
    """Run rabbitmqctl on the node of these details, in the folder `cwd`; its output.

    Raises:
        RuntimeError: it failed; the text is what it said.
        subprocess.TimeoutExpired: it did not end in `timeout` seconds.
        OSError: it cannot be run.
    """
    done = subprocess.run(
        [details["ctl"], *arguments],
        env=json.loads(details["environment"]),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise RuntimeError(f"rabbitmqctl {' '.join(arguments)} failed with status {done.returncode}: {said}")
    return done.stdout


def evaluate(details: Mapping[str, str], erlang: str, *, cwd: Path, timeout: float) -> str:
    """Have the node of these details evaluate an Erlang expression, which takes 0.01 s; its value, as Erlang writes it.

    Raises:
        RuntimeError: this Erlang has no erl_call, or it failed.
        subprocess.TimeoutExpired: no answer in `timeout` seconds.
        OSError: erl_call cannot be run.
    """
    if not details["erl_call"]:
        raise RuntimeError("this Erlang came without erl_call")
    environment = json.loads(details["environment"])
    cookie = (Path(environment["HOME"]) / ".erlang.cookie").read_text()
    done = subprocess.run(
        [details["erl_call"], "-sname", details["node"], "-c", cookie, "-e"],
        input=erlang + "\n",
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"erl_call failed with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


# files


def _base_environment(installation: Installation, home: Path, epmd_port: int) -> dict[str, str]:
    erlang = str(Path(installation.paths["erl"]).parent)
    env = {
        "PATH": os.pathsep.join([erlang, os.environ.get("PATH", os.defpath)]),
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    if libraries := installation.paths.get("libraries"):
        env["LD_LIBRARY_PATH"] = libraries
    return env


def _environment(order: Order) -> dict[str, str]:
    folder, ports, ground = order.folder, order.ports, order.ground
    home, epmd_port = (ground.folder, ground.ports["epmd"]) if ground else (folder, ports["epmd"])
    return {
        **_base_environment(order.installation, home / "home", epmd_port),
        "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
        "RABBITMQ_NODENAME": str(order.options.get("node", "rabbit@localhost")),
        "RABBITMQ_DIST_PORT": str(ports["distribution"]),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_LOG": "-color",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_FLAGS + (_CLUSTER_FLAGS if ground else ""),
        # the script then becomes Erlang instead of watching it: signals go to the broker itself
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _for_tools(env: dict[str, str]) -> dict[str, str]:
    """The environment for rabbitmqctl and its like: the node's, without what makes a node of a process."""
    kept = ("PATH", "LC_ALL", "HOME", "LD_LIBRARY_PATH", "RABBITMQ_CONF_ENV_FILE", "RABBITMQ_NODENAME")
    return {name: value for name, value in env.items() if name in kept or name.startswith("ERL_EPMD")} | {
        "RABBITMQ_CTL_ERL_ARGS": "+sbwtdio very_short -kernel inet_dist_use_interface {127,0,0,1}"
    }


def _write_configuration(order: Order) -> None:
    folder = order.folder
    config = order.options.get("config")
    if config is not None:
        (folder / "rabbitmq.conf").write_text(config)
    for name, text in _files(order).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)  # keys are among them
        path.write_text(text)
    plugins = ", ".join(order.options.get("plugins", PLUGINS))
    (folder / "enabled_plugins").write_text(f"[{plugins}].\n")
    ours = folder / "conf.d" / "90-mqkata.conf"
    ours.parent.mkdir(exist_ok=True)
    ours.write_text("\n".join(_settings(order, _config(order))) + "\n")


def _settings(order: Order, config: str) -> list[str]:
    """What the node needs besides a learner's config, in RabbitMQ's own format."""
    ports = order.ports
    lines = [
        "management.tcp.ip = 127.0.0.1",
        f"management.tcp.port = {ports['management']}",
        "prometheus.tcp.ip = 127.0.0.1",
        f"prometheus.tcp.port = {ports['prometheus']}",
        # by default queues and connections tell their numbers every 5 s, and the management API looks every 5 s
        "collect_statistics_interval = 1000",
        *(f"management.sample_retention_policies.{kind}.minute = 1" for kind in ("global", "basic", "detailed")),
    ]
    if _has_plain_listener(order):
        lines.append(f"{_listener(config, 'tcp') or 'listeners.tcp.default'} = 127.0.0.1:{ports['client']}")
    if secure := _listener(config, "ssl"):
        lines.append(f"{secure} = 127.0.0.1:{ports['tls']}")
    if not config and _loads_definitions(order):
        lines.append("load_definitions = definitions.json")
    return lines


def _files(order: Order) -> dict[str, str]:
    """What lies in the node's working folder besides its config."""
    definitions = order.options.get("definitions")
    return {**order.options.get("files", {}), **({} if definitions is None else {"definitions.json": definitions})}


def _config(order: Order) -> str:
    return str(order.options.get("config") or "")


def _has_plain_listener(order: Order) -> bool:
    """Whether it listens without TLS, as it does unless its config forbids that."""
    return not re.search(r"^\s*listeners\.tcp\s*=\s*none", _config(order), re.MULTILINE)


def _listener(config: str, kind: str) -> str | None:
    """The setting by which a config opens a port of this kind, "tcp" or "ssl"."""
    found = re.search(rf"^\s*(listeners\.{kind}\.\w+)\s*=", config, re.MULTILINE)
    return found[1] if found else None


def _loads_definitions(order: Order) -> bool:
    """Whether users come from definitions: then there is no guest."""
    if config := _config(order):
        return bool(re.search(r"^\s*(load_definitions|definitions\.\S+)\s*=", config, re.MULTILINE))
    return order.options.get("definitions") is not None


# readiness


def _handshake(port: int, login: str) -> str | None:
    """Open an AMQP connection and close it; None if that works, else the reason.

    Args:
        login: "user:password"; "": be content with the broker's greeting, which it gives when it has started.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PROBE_TIMEOUT) as link:
            link.settimeout(_PROBE_TIMEOUT)
            link.sendall(b"AMQP\x00\x00\x09\x01")
            if (answer := _receive(link)) != "start":
                return f"AMQP's greeting was answered with {answer}"
            if not login:
                return None
            user, _, password = login.partition(":")
            response = f"\0{user}\0{password}".encode()
            _send(link, 11, _long(b"") + _short(b"PLAIN") + _long(response) + _short(b"en_US"))
            if (answer := _receive(link)) != "tune":
                return f"the login as {user} was answered with {answer}"
            _send(link, 31, struct.pack(">HIH", 1, 131072, 0))
            _send(link, 40, _short(b"/") + _short(b"") + b"\0")
            if (answer := _receive(link)) != "open-ok":
                return f"the opening of the default vhost was answered with {answer}"
            _send(link, 50, struct.pack(">H", 200) + _short(b"") + struct.pack(">HH", 0, 0))
            _receive(link)
    except OSError as error:
        return f"no AMQP handshake ({error})"
    return None


def _listening(port: int) -> str | None:
    """None if something listens on this port, else the reason that nothing does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PROBE_TIMEOUT):
            return None
    except OSError as error:
        return f"nothing listens for TLS ({error})"


def _boot(launch: Launch) -> str | None:
    """None if the node's boot is over.

    It listens a little before, and whatever another node makes in between, such as a vhost, may never reach it.
    """
    if not launch.details["erl_call"]:  # then one can only see that it listens
        return None if launch.details["plain"] else _listening(launch.ports["tls"])
    try:
        said = evaluate(launch.details, "rabbit:is_booted().", cwd=Path("/"), timeout=_PROBE_TIMEOUT)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return f"it does not say whether its boot is over ({error})"
    return None if "true" in said else "its boot is not over"


def _short(text: bytes) -> bytes:
    return struct.pack(">B", len(text)) + text


def _long(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def _send(link: socket.socket, method: int, arguments: bytes) -> None:
    """One method frame of AMQP's class `connection`, on channel 0."""
    payload = struct.pack(">HH", 10, method) + arguments
    link.sendall(struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce")


def _receive(link: socket.socket) -> str:
    """The name of the next method."""
    _, _, size = struct.unpack(">BHI", _exactly(link, 7))
    payload = _exactly(link, size + 1)
    found = struct.unpack(">HH", payload[:4])
    return _ANSWERS.get(found, f"method {found}")


def _exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = link.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the broker closed the connection")
        data += chunk
    return data
