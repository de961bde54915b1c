"""The plugin in a project that merely has it installed, and the broker fixtures in projects of one's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import sys, pytest, _pytest.pytester, _pytest.config
import unittest, argparse, re, contextlib, pathlib
before = set(sys.modules)
import pytest_mqkata.plugin
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - set(sys.stdlib_module_names) - {"pytest_mqkata"}))
"""


def test_loading_imports_the_standard_library_and_pytest_only() -> None:
    """No client library, no helper package, however small."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_project_without_katas_is_left_alone(pytester: pytest.Pytester) -> None:
    """Its tests run as they would; nothing of ours is printed or loaded."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            assert "pytest_mqkata.katas.hooks" not in sys.modules
            assert "pytest_mqkata.supervisor.client" not in sys.modules

        def test_fails():
            assert 1 == 2
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*assert 1 == 2", "FAILED *test_fails*"])
    result.stdout.no_fnmatch_line("*mqkata hint*")


@pytest.mark.timeout(120)
def test_the_broker_fixtures_serve_any_project(pytester: pytest.Pytester) -> None:
    """Servers, factories and the fault proxy need no kata."""
    pytester.makepyfile(
        """
        import redis

        def test_server(redis_server, fault_proxy):
            proxy = fault_proxy(redis_server.url)
            with redis.Redis.from_url(proxy.url) as client:
                client.set(redis_server.fresh("key"), 1)
                assert client.dbsize() == 1

        def test_factory(redis_server_factory):
            server = redis_server_factory("maxmemory 10mb\\n")
            with server.client() as client:
                assert client.config_get("maxmemory")["maxmemory"] == "10485760"

        def test_all(rabbitmq_server, kafka_server, nats_server):
            assert all(server.url for server in (rabbitmq_server, kafka_server, nats_server))
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-brokers")

    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(("strict", "outcome"), [((), {"skipped": 1}), (("--strict-brokers",), {"errors": 1})])
def test_a_missing_broker_skips_or_fails_with_what_mends_it(
    pytester: pytest.Pytester, own_run: Path, strict: tuple[str, ...], outcome: dict[str, int]
) -> None:
    """The reason says what is missing and how to get it."""
    pytester.makeconftest(
        """
        from pytest_mqkata import errors, provision

        def find(broker, progress):
            raise errors.MissingTool("There is no Redis here.", mend=["sudo apt install redis-server"])

        provision.find = find
        """
    )
    pytester.makepyfile("def test_one(redis_server): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rs", *strict)

    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines(["*There is no Redis here.*", "*sudo apt install redis-server*"])


def test_a_wrong_path_in_the_environment_is_never_replaced_in_silence(
    pytester: pytest.Pytester, own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable."""
    monkeypatch.setenv("MQKATA_REDIS_SERVER", "/nowhere/redis-server")
    pytester.makepyfile("def test_one(redis_server): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*MQKATA_REDIS_SERVER*"])


def test_the_kata_fixture_outside_of_a_kata_says_so(pytester: pytest.Pytester) -> None:
    """A usage error in words."""
    pytester.makepyfile("def test_one(kata): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*uses the fixture `kata`, which only tests in katas/<broker>/<NN>/ can*"])
