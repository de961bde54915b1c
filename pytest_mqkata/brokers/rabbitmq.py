"""RabbitMQ in a test's hands."""

from __future__ import annotations

import base64
import contextlib
import logging
import re
import subprocess
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pika
import psutil
from pika.exceptions import AMQPConnectionError, AMQPError, ChannelClosedByBroker

from pytest_mqkata.brokers.certificates import FOLDER, Certificates
from pytest_mqkata.brokers.node import Node
from pytest_mqkata.brokers.session import Lease, Session
from pytest_mqkata.errors import EnvironmentProblem, ServerExited
from pytest_mqkata.recipes.management import Management, ManagementError
from pytest_mqkata.recipes.rabbitmq import PASSWORD, USER, evaluate, run_ctl

_SHOWN = 8  # queues that the evidence names; of the rest it gives the number
_EVIDENCE_TIMEOUT = 0.5  # seconds for the management API's answer to it
_VHOST_TIMEOUT = 50.0  # seconds; the node itself waits up to 45 for the vhost to run on every node of its cluster
_NOT_FOUND = 404
_ERL_CALL_TIMEOUT = 3.0  # seconds; it takes 0.01
_LIST_QUEUES = (
    "[[base64:encode_to_string(Name) | Numbers] || [{name, {resource, _, queue, Name}} | Items] <- "
    "rabbit_amqqueue:info_all(list_to_binary([VHOST]), [name, messages_ready, messages_unacknowledged, consumers]), "
    "Numbers <- [[Number || {_, Number} <- Items, is_integer(Number)]]]."
)
"""Erlang: for each queue of a vhost its name (base64) and three numbers; VHOST stands for the name's bytes."""
_LISTED = re.compile(r'\["([A-Za-z0-9+/=]*)",\s*(\d+),\s*(\d+),\s*(\d+)\]')
_VHOST = re.compile(r"vhost-([0-9a-f]+)[0-9a-f]{4}-\d+")

_swept: set[tuple[str, int]] = set()
"""Warm nodes that this process has cleared of the vhosts of runs that were killed."""


@dataclass(frozen=True)
class _Numbers:
    """What a queue says of itself."""

    ready: int
    unacknowledged: int
    consumers: int


class RabbitmqServer(Node):
    """A RabbitMQ node. Tests on a shared one are kept apart by vhosts of their own."""

    broker = "rabbitmq"

    def __init__(self, lease: Lease, *, shared: bool) -> None:
        """
        Args:
            lease: the node.
            shared: other runs use it too: this handle makes a vhost of its own, and deletes it when it is closed.

        Raises:
            EnvironmentProblem: the vhost cannot be made.
        """
        super().__init__(lease, shared=shared)
        _quieten_pika()
        self._management: Management | None = None
        self._observer: pika.BlockingConnection | None = None
        self.vhost = "/"
        if shared:
            self.vhost = self.fresh("vhost")
            try:
                self.make_vhost()
            except (OSError, HTTPException, ManagementError) as error:
                raise EnvironmentProblem(
                    f"The warm RabbitMQ (PID {self.pid}) made no vhost for this test: {error!r}.",
                    mend=["end it, and the next run starts a new one: mqkata down rabbitmq"],
                ) from error

    @property
    def name(self) -> str:
        """Its Erlang node name, such as rabbit@localhost."""
        return self.lease.record.details["node"]

    @property
    def url(self) -> str:
        """For pika.URLParameters: this test's vhost, as guest."""
        return f"amqp://{USER}:{PASSWORD}@{self.host}:{self.port}/{quote(self.vhost, safe='')}"

    @property
    def tls_port(self) -> int:
        """Where it listens for TLS connections, if its config has it do so."""
        return self.lease.record.ports["tls"]

    @property
    def certificates(self) -> Certificates:
        """Those of a node that the factory made with `certificates=True`."""
        return Certificates(self.folder / FOLDER)

    @property
    def management_url(self) -> str:
        """The management API's base, http://user:password@127.0.0.1:PORT; paths begin with /api."""
        return f"http://{USER}:{PASSWORD}@{self.host}:{self.lease.record.ports['management']}"

    @property
    def prometheus_url(self) -> str:
        """The metrics' base, http://127.0.0.1:PORT; paths begin with /metrics."""
        return f"http://{self.host}:{self.lease.record.ports['prometheus']}"

    @property
    def management(self) -> Management:
        """The management API, as guest; its numbers are up to a second old."""
        if self._management is None:
            self._management = self._new_management()
        return self._management

    def _new_management(self, timeout: float = 5.0) -> Management:
        port = self.lease.record.ports["management"]
        return Management(self.host, port, f"{USER}:{PASSWORD}", timeout=timeout)

    def make_vhost(self) -> None:
        """Make this test's vhost, with all permissions for guest; nothing happens if it is there.

        Raises:
            OSError, http.client.HTTPException, ManagementError: it cannot be made.
        """
        with contextlib.closing(self._new_management(_VHOST_TIMEOUT)) as management:
            management.put("vhosts", self.vhost)
            management.put("permissions", self.vhost, USER, body={"configure": ".*", "write": ".*", "read": ".*"})

    def connect(self, name: str = "test", *, timeout: float = 5.0) -> pika.BlockingConnection:
        """A new connection to this test's vhost, shown under `name`; close it (it is a context manager)."""
        parameters = pika.URLParameters(self.url)
        parameters.client_properties = {"connection_name": name}
        parameters.socket_timeout = parameters.stack_timeout = timeout
        return pika.BlockingConnection(parameters)

    def ready(self, queue: str) -> int | None:
        """How many messages of `queue` are ready, exactly and now; None if there is no such queue.

        Messages that a consumer has and has not acknowledged are not ready. Asked over a connection of this handle's
        own, which is closed with the handle.
        """
        if self._observer is not None:
            with contextlib.suppress(AMQPConnectionError):  # the node was restarted since
                return _ready(self._observer, queue)
        self._observer = self.connect("mqkata")
        return _ready(self._observer, queue)

    def ctl(self, *arguments: str, timeout: float = 60.0) -> str:
        """Run rabbitmqctl on this node; its output. Takes half a second to five, so prefer `management`.

        Raises:
            RuntimeError: it failed; the text is what it said.
            subprocess.TimeoutExpired: it did not end in time.
        """
        return run_ctl(self.lease.record.details, *arguments, cwd=self.folder, timeout=timeout)

    def stop(self) -> None:
        if not self._shared and self.alive:
            self._detach_statistics()
        super().stop()

    def _detach_statistics(self) -> None:
        """Take the management plugin's statistics off the node, as disabling the plugin does.

        While it stops, the plugin asks a process that waits for the plugin, until five seconds have passed
        (RabbitMQ 3.x). Best effort: without this a stop takes that much longer.
        """
        with contextlib.suppress(OSError, RuntimeError, subprocess.TimeoutExpired):
            self.evaluate("gen_event:delete_handler(rabbit_event, rabbit_mgmt_db_handler, []).")

    def evaluate(self, erlang: str) -> str:
        """Have the node evaluate an Erlang expression, which takes 0.01 s; its value, as Erlang writes it.

        Raises:
            RuntimeError: this Erlang has no erl_call, or it failed.
            subprocess.TimeoutExpired: no answer in time.
            OSError: erl_call cannot be run.
        """
        return evaluate(self.lease.record.details, erlang, cwd=self.folder, timeout=_ERL_CALL_TIMEOUT)

    def evidence(self) -> list[str]:
        # a connection of its own: this is called from another thread, and must come back soon from a paused node
        with contextlib.closing(self._new_management(_EVIDENCE_TIMEOUT)) as management:
            queues = sorted(management.get("queues", self.vhost), key=lambda queue: str(queue["name"]))
        if not queues:
            return [f"no queues in the vhost {self.vhost}"]
        exact = self._exact_numbers()
        lines = [_describe(queue, exact.get(queue["name"])) for queue in queues[:_SHOWN]]
        if len(queues) > _SHOWN:
            lines.append(f"… and {len(queues) - _SHOWN} more queues")
        return lines

    def _exact_numbers(self) -> dict[str, _Numbers]:
        """What the queues say themselves, by their names; {} if they do not say it soon.

        The management API's numbers may be a second old, which is long after the step has failed; rabbitmqctl's come
        half a second later, or several on a busy machine.
        """
        with contextlib.suppress(OSError, RuntimeError, subprocess.TimeoutExpired):
            vhost = ",".join(map(str, self.vhost.encode()))
            said = self.evaluate(_LIST_QUEUES.replace("VHOST", vhost))
            return {
                base64.b64decode(name).decode(): _Numbers(int(ready), int(unacknowledged), int(consumers))
                for name, ready, unacknowledged, consumers in _LISTED.findall(said)
            }
        return {}

    def close_links(self) -> None:
        """Close the connections that this handle opened for itself."""
        if self._observer is not None:
            with contextlib.suppress(AMQPError, OSError):
                self._observer.close()
        if self._management is not None:
            self._management.close()

    def close(self) -> None:
        self.close_links()
        try:
            if self._shared:
                with contextlib.closing(self._new_management(_VHOST_TIMEOUT)) as management:
                    management.delete("vhosts", self.vhost)
        finally:
            self.close_links()
            self.lease.give()


def _ready(connection: pika.BlockingConnection, queue: str) -> int | None:
    """The exact number of ready messages; None if there is no such queue."""
    channel = connection.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).method.message_count)
    except ChannelClosedByBroker as error:
        if error.reply_code == _NOT_FOUND:
            return None
        raise
    finally:
        if channel.is_open:
            channel.close()


def _describe(queue: dict[str, Any], exact: _Numbers | None) -> str:
    """A line about a queue, from the management API and, where there are some, the queue's own numbers."""
    numbers = (
        (exact.ready, exact.unacknowledged, exact.consumers)
        if exact
        else tuple(queue.get(key, "unknown") for key in ("messages_ready", "messages_unacknowledged", "consumers"))
    )
    flags = [flag for flag in ("durable", "exclusive", "auto_delete") if queue.get(flag)]
    about = ", ".join([queue.get("type", "classic"), *flags])
    redelivered = queue.get("message_stats", {}).get("redeliver", 0)
    return (
        f"queue {queue['name']} ({about}): {numbers[0]} ready, {numbers[1]} unacknowledged, {numbers[2]} consumers, "
        f"{redelivered} redelivered so far{'' if exact else ' (a second ago)'}"
    )


def _quieten_pika() -> None:
    """Keep pika's log out of reports, unless somebody has set its level.

    For each lost connection it logs several tracebacks of its own besides raising the error.
    """
    log = logging.getLogger("pika")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)


def warm_server(session: Session) -> RabbitmqServer:
    """The warm node that all runs share, with a vhost of the caller's own.

    Raises:
        MissingTool: its executables are not here and cannot be fetched.
        EnvironmentProblem: it cannot be started, or has gone wrong.
    """
    lease = session.take("rabbitmq")
    try:
        server = RabbitmqServer(lease, shared=True)
    except EnvironmentProblem:
        lease.give()
        raise
    node = (lease.record.log, lease.record.pid)
    if node not in _swept:
        _swept.add(node)
        _sweep(server.management)
    return server


def _sweep(management: Management) -> None:
    """Delete the vhosts of runs that were killed. Best effort: others may sweep at the same time."""
    with contextlib.suppress(OSError, HTTPException, ManagementError):
        for vhost in management.get("vhosts"):
            found = _VHOST.fullmatch(vhost["name"])
            if found and not psutil.pid_exists(int(found[1], 16)):
                management.delete("vhosts", vhost["name"])


def refusal(error: ServerExited) -> str:
    """What RabbitMQ said against its configuration, from the log of a start that failed.

    The last lines are an Erlang crash report; the reason stands before it.
    """
    found = re.search(r"\(log: (.+?)\)", error.what)
    with contextlib.suppress(OSError):
        text = Path(found[1]).read_text(errors="replace") if found else error.details
        return _reasons(text) or error.details
    return error.details


def _reasons(log: str) -> str:
    errors = [line for line in log.splitlines() if "[error]" in line]
    lines = [re.sub(r"^\S+ \S+ \[error\] <[\d.]+> ?", "", line).rstrip() for line in errors]
    end = next((number for number, line in enumerate(lines) if line == "BOOT FAILED"), None)
    return "\n".join(line for line in lines[:end] if line)


def round_trip(lease: Lease) -> None:
    """Send one message through the server and take it off again; raises if it does not come back."""
    server = RabbitmqServer(lease, shared=True)
    try:
        with server.connect("doctor") as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("doctor")
            channel.basic_publish("", "doctor", b"there and back")
            _, _, body = channel.basic_get("doctor", auto_ack=True)
        if body != b"there and back":
            raise RuntimeError("the message that was published did not come back")
    finally:
        server.close()
