"""The NATS fixtures on real servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import nats
import pytest

from pytest_mqkata.errors import ServerConfigError
from pytest_mqkata.testing import eventually
from pytest_mqkata.testing_nats import settle, subscribed

if TYPE_CHECKING:
    from pytest_mqkata.brokers.nats import NatsServer, RawNats


async def test_a_server_is_fresh_and_has_jetstream(nats_server: NatsServer) -> None:
    """A stream can be made; there was none before."""
    async with await nats.connect(nats_server.url) as connection:
        stream = connection.jetstream()
        assert await stream.streams_info() == []
        await stream.add_stream(name="ORDERS", subjects=["orders.*"])
        await stream.publish("orders.new", b"1")

    assert "stream ORDERS: 1 messages" in nats_server.evidence()


async def test_a_restart_keeps_address_and_store(nats_server: NatsServer) -> None:
    """What a stream held is still there, on the same port."""
    async with await nats.connect(nats_server.url) as connection:
        await connection.jetstream().add_stream(name="ORDERS", subjects=["orders.*"])
        await connection.jetstream().publish("orders.new", b"1")
    address = nats_server.url
    nats_server.restart()

    assert nats_server.url == address
    async with await nats.connect(nats_server.url) as connection:
        assert (await connection.jetstream().stream_info("ORDERS")).state.messages == 1


async def test_settle_and_subscribed(nats_server: NatsServer) -> None:
    """After settle the server lists the subscription."""
    async with await nats.connect(nats_server.url) as connection:
        await connection.subscribe("orders.>")
        await settle(connection)
        await subscribed(nats_server, "orders.>", timeout=0.0)
        with pytest.raises(AssertionError, match="nobody"):
            await subscribed(nats_server, "nobody", timeout=0.0)


def test_a_config_s_own_ports_are_kept(nats_server_factory: Callable[..., NatsServer]) -> None:
    """The command line gives only what the config does not set."""
    server = nats_server_factory("port: 23999\nhttp: 127.0.0.1:23998\n", jetstream=True)

    assert server.url == "nats://127.0.0.1:23999"
    assert server.varz()["port"] == 23999
    assert server.varz()["http_port"] == 23998


def test_a_config_reads_the_environment(nats_server_factory: Callable[..., NatsServer], tmp_path: Path) -> None:
    """`env` gives the variables; the server's name is the one that was asked for."""
    config = tmp_path / "nats.conf"
    config.write_text("max_payload: $LIMIT\n")
    server = nats_server_factory(config, env={"LIMIT": "1234"}, name="n1")

    assert server.varz()["max_payload"] == 1234
    assert server.varz()["server_name"] == "n1"


@pytest.mark.parametrize("check", [True, False])
def test_a_refused_config_shows_the_server_s_words(nats_server_factory: Callable[..., NatsServer], check: bool) -> None:
    """Checked only, or started."""
    with pytest.raises(ServerConfigError, match="max_payloads"):
        nats_server_factory("max_payloads: 1000\n", check=check)


def test_a_good_config_passes_the_check(nats_server_factory: Callable[..., NatsServer | None]) -> None:
    """Nothing is started."""
    assert nats_server_factory("max_payload: 1000\n", check=True) is None


def test_reload_reads_the_config_again(nats_server_factory: Callable[..., NatsServer]) -> None:
    """SIGHUP."""
    server = nats_server_factory("max_payload: 1000\n")
    (server.folder / "nats.conf").write_text("max_payload: 2000\n")
    server.reload()

    eventually(lambda: server.varz()["max_payload"] == 2000, 5, "the config was not read again")


def test_pause_and_resume(nats_server: NatsServer) -> None:
    """A paused server lives and answers nothing."""
    nats_server.pause()
    assert nats_server.alive
    with pytest.raises(Exception, match="timed out"):
        nats_server.varz()
    nats_server.resume()

    assert nats_server.varz()["connections"] >= 0


def test_raw_nats_hears_the_server(nats_server: NatsServer, raw_nats: Callable[..., RawNats]) -> None:
    """What a client would hide."""
    raw = raw_nats(nats_server.url, pedantic=True)
    assert raw.ask("SUB orders 1", "PUB orders 2\r\nhi") == [b"MSG orders 1 2", b"hi"]
    assert raw.ask("SUB a..b 2") == [b"-ERR 'Invalid Subject'"]
