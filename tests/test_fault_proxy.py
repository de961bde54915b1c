"""The fault proxy in front of a plain echo server."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from pytest_mqkata.faults.proxy import FaultProxy
from pytest_mqkata.testing import eventually


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(f"127.0.0.1:{echo}") as proxy:
        yield proxy


def _connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def _gone(connection: socket.socket) -> bool:
    try:
        return connection.recv(10) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://user:p%40ss@127.0.0.1:5672/vhost", "amqp://user:p%40ss@127.0.0.1:{port}/vhost"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:{port}/0"),
        ("nats://localhost:4222", "nats://127.0.0.1:{port}"),
        ("127.0.0.1:9092", "127.0.0.1:{port}"),
    ],
)
def test_the_url_keeps_all_but_the_address(url: str, expected: str) -> None:
    """Scheme, user, password and path stay."""
    with FaultProxy(url) as proxy:
        assert proxy.url == expected.format(port=proxy.port)


def test_a_url_without_a_port_is_refused() -> None:
    """The error shows the URL."""
    with pytest.raises(ValueError, match="'redis://localhost'"):
        FaultProxy("redis://localhost")


def test_bytes_pass_both_ways(proxy: FaultProxy) -> None:
    """A large message arrives whole."""
    data = bytes(range(256)) * 40_000
    with _connect(proxy) as connection:
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        got = bytearray()
        while len(got) < len(data):
            got += connection.recv(65536)
        sender.join()

    assert bytes(got) == data


def test_cut_drops_the_connection_and_accepts_a_new_one(proxy: FaultProxy) -> None:
    """The client notices at once."""
    with _connect(proxy) as connection:
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"
        proxy.cut()
        assert _gone(connection)
    with _connect(proxy) as connection:
        connection.sendall(b"b")
        assert connection.recv(1) == b"b"


def test_refuse_keeps_what_exists(proxy: FaultProxy) -> None:
    """New connections are refused, old ones go on, until accept()."""
    with _connect(proxy) as old:
        old.sendall(b"a")
        assert old.recv(1) == b"a"
        for _ in range(2):
            proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                _connect(proxy)
            old.sendall(b"b")
            assert old.recv(1) == b"b"
            proxy.accept()
            with _connect(proxy) as new:
                new.sendall(b"c")
                assert new.recv(1) == b"c"


def test_a_port_that_refuses_is_still_the_proxys(proxy: FaultProxy) -> None:
    """Nobody else can listen on it meanwhile, nor before or after."""
    for change in (proxy.accept, proxy.refuse, proxy.accept):
        change()
        with pytest.raises(OSError, match="in use"):
            FaultProxy("127.0.0.1:1", port=proxy.port)


def test_block_swallows_one_direction(proxy: FaultProxy) -> None:
    """What was swallowed stays lost; the connection lives."""
    with _connect(proxy) as connection:
        proxy.block("to_client")
        connection.sendall(b"lost")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        proxy.unblock()
        connection.settimeout(5)
        connection.sendall(b"kept")
        assert connection.recv(10) == b"kept"


def test_delay_is_a_pipeline(proxy: FaultProxy) -> None:
    """Twenty chunks sent at once arrive together after one delay, not after twenty."""
    proxy.delay(0.2, "to_broker")
    with _connect(proxy) as connection:
        begun = time.monotonic()
        for _ in range(20):
            connection.sendall(b"x")
        got = b""
        while len(got) < 20:
            got += connection.recv(100)
        seconds = time.monotonic() - begun

    assert 0.18 < seconds < 1.0


def test_lose_next_reply_cuts_after_the_broker_has_answered(proxy: FaultProxy) -> None:
    """The client never sees the reply; the next connection is whole."""
    with _connect(proxy) as connection:
        proxy.lose_next_reply()
        connection.sendall(b"a")
        assert _gone(connection)
    with _connect(proxy) as connection:
        connection.sendall(b"b")
        assert connection.recv(1) == b"b"


def test_an_idle_connection_is_left_alone(proxy: FaultProxy) -> None:
    """A connection may be silent for longer than the proxy takes to connect."""
    with _connect(proxy) as connection:
        connection.settimeout(10)
        eventually(lambda: proxy.connections == 1)
        time.sleep(2.5)  # nothing happens: that is the point
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"


def test_close_frees_the_port(echo: int) -> None:
    """The same port can be listened on at once, also while a connection was open."""
    first = FaultProxy(f"127.0.0.1:{echo}")
    connection = _connect(first)
    eventually(lambda: first.connections == 1)
    first.close()
    first.close()
    connection.close()
    with FaultProxy(f"127.0.0.1:{echo}", port=first.port) as second:
        assert second.port == first.port


def test_an_unknown_direction_is_refused(proxy: FaultProxy) -> None:
    """The error lists the directions."""
    with pytest.raises(ValueError, match="to_broker"):
        proxy.block("sideways")  # type: ignore[arg-type]
