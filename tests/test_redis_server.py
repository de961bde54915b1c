"""The Redis fixtures on real servers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from pytest_mqkata.errors import ServerConfigError

if TYPE_CHECKING:
    from pytest_mqkata.brokers.redis import RedisServer


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_starts_empty(redis_server: RedisServer, number: int) -> None:
    """What the last test left is not there."""
    with redis_server.client() as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_kill_and_start_on_the_same_port(redis_server: RedisServer) -> None:
    """A killed server refuses, a started one answers at the same address."""
    address = redis_server.url
    redis_server.kill()
    assert not redis_server.alive
    with redis_server.client() as client, pytest.raises(redis.ConnectionError):
        client.ping()
    redis_server.start()

    assert redis_server.url == address
    with redis_server.client() as client:
        assert client.ping()


def test_a_paused_server_lives_and_is_silent(redis_server: RedisServer) -> None:
    """The socket stays open, no reply comes."""
    with redis_server.client(socket_timeout=0.2) as client:
        client.ping()
        redis_server.pause()
        assert redis_server.alive
        with pytest.raises(redis.TimeoutError):
            client.ping()
        redis_server.resume()
        assert client.ping()


def test_a_config_is_copied_and_arguments_win(redis_server_factory: Callable[..., RedisServer], tmp_path: Path) -> None:
    """CONFIG REWRITE does not touch the original."""
    config = tmp_path / "my.conf"
    config.write_text("maxmemory 10mb\nappendonly yes\n")
    server = redis_server_factory(config, "--maxmemory", "20mb")
    with server.client() as client:
        assert client.config_get("maxmemory")["maxmemory"] == "20971520"
        client.config_rewrite()

    assert config.read_text() == "maxmemory 10mb\nappendonly yes\n"


def test_an_append_only_file_survives_a_kill_and_is_checked(
    redis_server_factory: Callable[..., RedisServer], redis_check_aof: list[str]
) -> None:
    """What was synced is there again; the server's own checker finds the file good."""
    server = redis_server_factory("appendonly yes\nappendfsync always\naof-use-rdb-preamble no\n")
    with server.client() as client:
        client.set("kept", "1")
    server.kill()
    server.start()
    with server.client() as client:
        assert client.get("kept") == "1"
    (manifest,) = (server.dir / "appendonlydir").glob("*.manifest")
    checked = subprocess.run([*redis_check_aof, str(manifest)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_refused_config_shows_the_server_s_words(redis_server_factory: Callable[..., RedisServer]) -> None:
    """The line that is wrong."""
    with pytest.raises(ServerConfigError, match="maxmemory lots"):
        redis_server_factory("maxmemory lots\n")


def test_a_server_may_be_started_later(redis_server_factory: Callable[..., RedisServer]) -> None:
    """`start=False` only prepares it."""
    server = redis_server_factory(start=False)
    assert not server.alive
    server.start()

    with server.client() as client:
        assert client.ping()


def test_evidence_shows_keys_streams_and_subscribers(redis_server: RedisServer) -> None:
    """Sizes by kind, groups with what is pending, channels with their subscribers."""
    with redis_server.client() as client, client.pubsub() as screen:
        screen.subscribe("orders")
        screen.get_message(timeout=1)
        client.rpush("waiting", "a", "b")
        client.xadd("log", {"n": "1"})
        client.xgroup_create("log", "packing", id="0")
        client.xreadgroup("packing", "desk", {"log": ">"})
        lines = redis_server.evidence()

    text = "\n".join(lines)
    assert "list waiting: 2" in text
    assert "stream log: 1 entries" in text
    assert "group packing: 0 never delivered, 1 pending" in text
    assert "orders (1)" in text
