"""The command `mqkata`, run as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import typer
from support.command import mqkata
from support.mini import Mini

from pytest_mqkata.brokers import TITLES
from pytest_mqkata.cli.app import app

pytestmark = pytest.mark.timeout(180)

COMMANDS = sorted(typer.main.get_group(app).commands)


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


def test_up_says_what_a_browser_can_look_at(own_run: Path) -> None:
    """RabbitMQ's management UI and its metrics."""
    up = mqkata("up", "rabbitmq")
    pages = dict(re.findall(r"^(Management|Metrics).*: (http://\S+)$", up.out, re.MULTILINE))

    assert httpx.get(pages["Management"]).status_code == 200, up.out
    assert "rabbitmq_queue_messages_ready" in httpx.get(pages["Metrics"]).text


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


@pytest.mark.parametrize("command", COMMANDS)
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
