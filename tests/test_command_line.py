"""The command `mqkata`, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.mini import Mini

from pytest_mqkata.brokers import TITLES

pytestmark = pytest.mark.timeout(180)


@dataclass
class Done:
    status: int
    out: str
    err: str


def mqkata(*arguments: str, cwd: Path | None = None) -> Done:
    """Run the command; it is no terminal, 120 columns wide."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_mqkata.cli.app", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_doctor_starts_each_broker_and_sends_a_message_round(own_run: Path) -> None:
    """Every broker works here; the time of one round trip is shown."""
    done = mqkata("doctor")

    assert done.status == 0, done.out + done.err
    for title in TITLES.values():
        assert f"✔ {title} " in done.out
    assert done.out.count("one message round:") == len(TITLES)
    assert "All works here." in done.out


def test_doctor_says_what_is_wrong(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 3, the variable's name, and no traceback."""
    monkeypatch.setenv("MQKATA_NATS_SERVER", "/nowhere/nats-server")
    done = mqkata("doctor", "nats")

    assert done.status == 3
    assert "MQKATA_NATS_SERVER" in done.out
    assert "Traceback" not in done.out + done.err


def test_up_ps_logs_down(own_run: Path) -> None:
    """A warm server is shown with its address, has a log, and ends at once."""
    assert "No broker is running." in mqkata("ps").out
    up = mqkata("up", "redis", "--idle", "600")
    assert up.status == 0, up.err
    assert "stays up 10 min after its last use" in up.out

    listed = mqkata("ps").out
    assert "127.0.0.1:" in listed
    assert "warm, ends in" in listed

    log = mqkata("logs", "redis", "-n", "5")
    assert "Ready to accept connections" in log.out
    assert Path(mqkata("logs", "redis", "--path").out.strip()).is_file()

    down = mqkata("down")
    assert "has ended." in down.out
    assert "No broker is running." in mqkata("ps").out


def test_a_cluster_by_hand(own_run: Path) -> None:
    """Its nodes are shown, one can be let fail and come back, and all end at once."""
    up = mqkata("up", "nats", "--cluster", "--idle", "600")
    assert up.status == 0, up.err
    assert "✔ NATS cluster " in up.out
    assert "mqkata fault kill n3" in up.out

    killed = mqkata("fault", "kill", "n3")
    assert killed.out.startswith("n3: its process was killed (SIGKILL)")
    mqkata("fault", "pause", "n2")
    lines = {words[0]: words[-1] for line in mqkata("ps").out.splitlines() if (words := line.split())}
    assert lines["n3"] == "down"
    assert lines["n2"] == "paused"
    assert lines["n1"].isdigit()  # its PID: nothing is wrong with it
    mqkata("fault", "resume", "n2")
    mqkata("fault", "start", "n3")
    assert "down" not in mqkata("ps").out
    assert "Server is ready" in mqkata("logs", "n3").out

    assert "NATS cluster 2" in mqkata("down").out
    assert "No broker is running." in mqkata("ps").out


def test_a_node_that_is_not_there(own_run: Path) -> None:
    """The error names those that are."""
    done = mqkata("fault", "kill", "n3")
    assert done.status == 3
    assert "There is no node 'n3'. No cluster runs: mqkata up BROKER --cluster starts one." in done.err
    mqkata("up", "nats", "--cluster")
    assert "There are: n1, n2, n3." in mqkata("fault", "kill", "kafka1").err
    assert "The nodes that run: n1, n2, n3." in mqkata("logs", "kafka1").err


def test_hints_come_one_at_a_time(mini: Mini) -> None:
    """The first is the smallest, and says how to get the next; it works from below the kata too."""
    (mini.kata / "hints.toml").write_text('[step.1]\nlevels = ["an idea", "a concept", "the code"]\n')
    first = mqkata("hint", "redis/01", "--step", "1", cwd=mini.kata)
    assert "an idea" in first.out
    assert "a concept" not in first.out
    assert "mqkata hint redis/01 --step 1 --level 2" in first.out

    last = mqkata("hint", "katas/redis/01/", "--level", "3", cwd=mini.root)
    assert "the code" in last.out
    assert "More:" not in last.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("up", "activemq"), "there is no broker 'activemq'. The brokers are: rabbitmq, kafka, nats, redis."),
        (("dwon",), "No such command 'dwon'"),
        (("up",), "Missing argument 'BROKER'"),
        (("up", "nats", "--sentinel"), "--sentinel is Redis' own; NATS has --cluster."),
        (("fault", "drown", "n1"), "there is no fault 'drown'. There are: kill, stop, pause, resume, start."),
        (("hint", "kafka/77"), "there is no kata 'kafka/77'. There are: redis/01."),
        (("hint", "redis/01", "--step", "9"), "redis/01 has no hints for step 9"),
        (("hint", "redis/01", "--level", "4"), "'--level'"),
    ],
)
def test_wrong_usage_is_a_sentence_and_status_4(mini: Mini, arguments: tuple[str, ...], expected: str) -> None:
    """Never a traceback."""
    done = mqkata(*arguments, cwd=mini.root)

    assert done.status == 4
    assert expected in done.err
    assert "Traceback" not in done.err


def test_outside_of_the_katas_the_command_says_so(tmp_path: Path) -> None:
    """It needs the folder that was cloned."""
    done = mqkata("hint", "redis/01", cwd=tmp_path)

    assert done.status == 4
    assert "there are no katas here" in done.err


@pytest.mark.parametrize("command", ["up", "fault", "down", "ps", "logs", "doctor", "hint", "watch"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    """`--help` shows how it is used."""
    done = mqkata(command, "--help")

    assert done.status == 0
    assert f"mqkata {command}" in done.out
    assert "Example:" in done.out


def test_an_unwritable_cache_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Status 3, the folder, and what to do; here a file stands in the way."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("MQKATA_RUN", str(blocked / "run"))
    done = mqkata("up", "redis")

    assert done.status == 3, done.err
    assert str(blocked) in done.err
    assert "Traceback" not in done.err
