"""The RabbitMQ fixtures on a real node."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pika
import psutil
import pytest
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

from pytest_mqkata.brokers.session import Session
from pytest_mqkata.errors import ServerConfigError, SharedServerError
from pytest_mqkata.recipes import Launch
from pytest_mqkata.recipes.rabbitmq import RECIPE
from pytest_mqkata.testing import eventually

if TYPE_CHECKING:
    from pytest_mqkata.brokers.rabbitmq import RabbitmqServer

pytestmark = pytest.mark.timeout(120)

Factory = Callable[..., "RabbitmqServer"]


@pytest.fixture
def session() -> Iterator[Session]:
    """A second run, beside the one of the fixtures."""
    session = Session()
    yield session
    session.close()


def _publish(server: RabbitmqServer, queue: str, *bodies: bytes) -> None:
    """Persistent, and confirmed by the broker."""
    with server.connect() as connection:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True)
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))


def _vhosts(server: RabbitmqServer) -> set[str]:
    return {vhost["name"] for vhost in server.management.get("vhosts")}


def test_two_runs_share_a_node_and_see_nothing_of_each_other(rabbitmq_server: RabbitmqServer, session: Session) -> None:
    """Each has a vhost of its own, which is gone afterwards with all that is in it."""
    from pytest_mqkata.brokers.rabbitmq import warm_server

    other = warm_server(session)
    _publish(rabbitmq_server, "orders", b"ours")
    assert other.pid == rabbitmq_server.pid
    assert other.ready("orders") is None
    _publish(other, "orders", b"theirs", b"theirs")
    other.close()

    assert rabbitmq_server.ready("orders") == 1
    assert other.vhost not in _vhosts(rabbitmq_server)


def test_vhosts_of_killed_runs_are_swept_up(rabbitmq_server: RabbitmqServer) -> None:
    """What a process left that is no more; those of the living stay."""
    from pytest_mqkata.brokers.rabbitmq import _sweep

    dead = f"vhost-{max(psutil.pids()) + 4_000_000:x}beef-1"
    rabbitmq_server.management.put("vhosts", dead)
    _sweep(rabbitmq_server.management)

    assert dead not in _vhosts(rabbitmq_server)
    assert rabbitmq_server.vhost in _vhosts(rabbitmq_server)


def test_ready_counts_exactly_what_nobody_holds(rabbitmq_server: RabbitmqServer) -> None:
    """Unacknowledged messages do not count; without a queue there is no number."""
    _publish(rabbitmq_server, "orders", b"1", b"2", b"3")
    with rabbitmq_server.connect() as connection:
        connection.channel().basic_get("orders")
        assert rabbitmq_server.ready("orders") == 2
    eventually(lambda: rabbitmq_server.ready("orders") == 3)

    assert rabbitmq_server.ready("no-such-queue") is None


def test_the_urls_are_what_clients_take(rabbitmq_server: RabbitmqServer) -> None:
    """AMQP for pika, the management API with its login, Prometheus' metrics."""
    pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url)).close()
    overview = httpx.get(f"{rabbitmq_server.management_url}/api/overview").json()
    metrics = httpx.get(f"{rabbitmq_server.prometheus_url}/metrics").text

    assert overview["rabbitmq_version"] == rabbitmq_server.version
    assert overview["node"] == rabbitmq_server.name
    assert "rabbitmq_identity_info" in metrics


def test_the_management_api_is_not_late(rabbitmq_server: RabbitmqServer) -> None:
    """A connection and a queue's depth are listed within about two seconds, not five."""
    _publish(rabbitmq_server, "orders", b"1", b"2")
    begun = time.monotonic()
    with rabbitmq_server.connect("packing desk"):
        path = ("vhosts", rabbitmq_server.vhost, "connections")
        eventually(lambda: rabbitmq_server.management.get(*path), 10)
        eventually(lambda: rabbitmq_server.management.get("queues", rabbitmq_server.vhost)[0].get("messages") == 2, 10)

    assert time.monotonic() - begun < 4


def test_ctl_runs_rabbitmqctl_on_this_node(rabbitmq_server: RabbitmqServer) -> None:
    """Its output, or what it said when it failed."""
    assert rabbitmq_server.vhost in rabbitmq_server.ctl("list_vhosts", "--quiet").split()
    with pytest.raises(RuntimeError, match="no_such_vhost"):
        rabbitmq_server.ctl("delete_vhost", "no_such_vhost")


def test_evidence_tells_what_the_queues_hold_now(rabbitmq_server: RabbitmqServer) -> None:
    """Ready and unacknowledged messages and consumers, as they are at this moment."""
    assert rabbitmq_server.evidence() == [f"no queues in the vhost {rabbitmq_server.vhost}"]
    _publish(rabbitmq_server, "orders", b"1", b"2")
    with rabbitmq_server.connect() as connection:
        connection.channel().basic_get("orders")
        (line,) = rabbitmq_server.evidence()

    assert line.startswith("queue orders (classic, durable): 1 ready, 1 unacknowledged, 0 consumers")


def test_a_shared_node_cannot_be_stopped(rabbitmq_server: RabbitmqServer) -> None:
    """The error names the fixture to use."""
    for action in (rabbitmq_server.stop, rabbitmq_server.kill, rabbitmq_server.pause):
        with pytest.raises(SharedServerError, match="rabbitmq_server_factory"):
            action()


def test_a_private_node_keeps_its_data(rabbitmq_server_factory: Factory) -> None:
    """Over a graceful stop, which takes a second or two, and over a SIGKILL; on the same address."""
    server = rabbitmq_server_factory()
    _publish(server, "orders", b"1", b"2")
    url, first = server.url, server.pid
    begun = time.monotonic()
    server.stop()
    seconds = time.monotonic() - begun
    assert not server.alive
    assert server.pid == 0
    server.start()
    assert server.ready("orders") == 2
    server.kill()
    server.start()

    assert server.ready("orders") == 2
    assert server.url == url
    assert server.pid != first
    assert seconds < 5


def test_a_paused_node_answers_nothing(rabbitmq_server_factory: Factory) -> None:
    """Until it is resumed, with everything as it was."""
    server = rabbitmq_server_factory(plugins=())
    _publish(server, "orders", b"1")
    server.pause()
    assert server.alive
    with pytest.raises(AMQPConnectorStackTimeout):
        server.connect(timeout=0.5)
    server.resume()

    assert server.ready("orders") == 1


def test_a_node_whose_boot_is_not_over_is_not_ready(rabbitmq_server_factory: Factory) -> None:
    """It listens before that; a vhost that another node of its cluster makes in between would never reach it."""
    server = rabbitmq_server_factory()
    record = server.lease.record
    launch = Launch((), {}, server.log_path, record.ports, record.details)
    assert RECIPE.probe(launch) is None
    server.evaluate("rabbit_boot_state:set(core_started).")
    server.connect().close()
    assert RECIPE.probe(launch) == "its boot is not over"


def test_a_config_is_used_as_it_is(rabbitmq_server_factory: Factory) -> None:
    """Its settings hold, except for the addresses, which are the node's own."""
    server = rabbitmq_server_factory("cluster_name = corner-shop\nlisteners.tcp.local = 5672\n")

    assert server.management.get("cluster-name") == {"name": "corner-shop"}
    assert server.port != 5672


def test_a_refused_config_shows_rabbitmq_s_own_words(rabbitmq_server_factory: Factory) -> None:
    """The learner's setting is named."""
    with pytest.raises(ServerConfigError, match="unknown variable: no_such_setting") as refused:
        rabbitmq_server_factory("no_such_setting = 1\n")

    assert len(str(refused.value).splitlines()) < 12


def test_definitions_are_loaded(rabbitmq_server_factory: Factory) -> None:
    """Before the node counts as started."""
    definitions = {
        "vhosts": [{"name": "/"}],
        "users": [{"name": "guest", "password": "guest", "tags": "administrator"}],
        "permissions": [{"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
        "queues": [{"name": "orders", "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}}],
    }
    server = rabbitmq_server_factory(definitions=json.dumps(definitions), plugins=())

    assert server.ready("orders") == 0
    with server.connect() as connection, pytest.raises(ChannelClosedByBroker):
        connection.channel().queue_declare("orders", durable=False)


def test_definitions_beside_a_config_are_loaded_only_if_it_says_so(rabbitmq_server_factory: Factory) -> None:
    """A learner who forgets the line finds none of them."""
    definitions = json.dumps({"vhosts": [{"name": "/"}, {"name": "shop"}]})
    forgetful = rabbitmq_server_factory("cluster_name = shop\n", definitions)
    assert [one["name"] for one in forgetful.management.get("vhosts")] == ["/"]
    node = rabbitmq_server_factory("load_definitions = definitions.json\n", definitions, plugins=())

    assert "shop" in node.ctl("list_vhosts")


TLS_ONLY = """\
listeners.tcp = none
listeners.ssl.default = 5671
ssl_options.cacertfile = certs/ca.pem
ssl_options.certfile = certs/server.pem
ssl_options.keyfile = certs/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
"""


def test_a_node_may_speak_tls_only(rabbitmq_server_factory: Factory) -> None:
    """It is ready without a plain port, takes clients that our CA signed, and no others."""
    node = rabbitmq_server_factory(TLS_ONLY, certificates=True, plugins=())
    certificates = node.certificates

    def connect(certificate: Path, key: Path) -> None:
        context = ssl.create_default_context(cafile=str(certificates.ca))
        context.load_cert_chain(certificate, key)
        options = pika.SSLOptions(context, "localhost")
        pika.BlockingConnection(pika.ConnectionParameters(node.host, node.tls_port, ssl_options=options)).close()

    connect(certificates.client, certificates.client_key)
    with pytest.raises(AMQPConnectionError):
        connect(certificates.foreign_client, certificates.foreign_client_key)
    with socket.socket() as plain:
        assert plain.connect_ex((node.host, node.port)) != 0
    assert certificates.server_key.stat().st_mode & 0o077 == 0


def test_a_kept_node_is_the_next_test_s_as_well(pytester: pytest.Pytester) -> None:
    """If that asks for the same; another config gets another one."""
    pytester.makepyfile(
        """
        import pytest

        seen = []

        @pytest.mark.parametrize("config", ["cluster_name = a", "cluster_name = a", "cluster_name = b"])
        def test_one(rabbitmq_server_factory, config):
            node = rabbitmq_server_factory(config, certificates=True, plugins=(), keep=True)
            seen.append((node.pid, node.certificates.ca.read_text()))

        def test_all(rabbitmq_server_factory):
            assert seen[0] == seen[1] != seen[2]
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-brokers").assert_outcomes(passed=4)


def test_a_node_listens_on_loopback_only_and_leaves_nothing(session: Session) -> None:
    """Nor does its epmd; both are gone when the lease ends."""
    lease = session.order("rabbitmq", {"plugins": []})
    ports = lease.record.ports
    epmd = [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "epmd" and str(ports["epmd"]) in (process.info["cmdline"] or [])
    ]
    processes = [psutil.Process(lease.record.pid), *epmd]
    addresses = {
        link.laddr.ip
        for process in processes
        for link in process.net_connections(kind="tcp")
        if link.status == psutil.CONN_LISTEN
    }
    assert len(processes) == 2
    assert addresses <= {"127.0.0.1", "::1"}
    lease.give()

    psutil.wait_procs(processes, timeout=10)
    assert not any(process.is_running() for process in processes)
