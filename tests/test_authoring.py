"""The commands for authors: a new kata that runs as it is, and the gates as a table."""

from __future__ import annotations

import pytest
from support.command import mqkata
from support.mini import Mini

from pytest_mqkata.authoring import gates, structure
from pytest_mqkata.authoring.scaffold import as_stub
from pytest_mqkata.brokers import TITLES
from pytest_mqkata.katas.examples import alternatives, mistakes
from pytest_mqkata.katas.kata import Kata

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("broker", TITLES)
def test_a_new_kata_runs_as_it_is(mini: Mini, broker: str) -> None:
    """Red on the stub, green on the solution and the alternative, both mistakes rejected, the structure as it should be."""
    done = mqkata("new", f"{broker}/9", "rate_limits", cwd=mini.kata)
    assert done.status == 0, done.err
    assert f"  katas/{broker}/09/README.md\n" in done.out
    assert done.out.splitlines()[-1] == f"Next: mqkata verify {broker}/09 --record, then mqkata verify {broker}/09"

    kata = Kata(mini.root, broker, "09")
    assert kata.title == "Rate limits"
    assert structure.is_complete(kata) == []
    assert structure.stub_and_solution_agree(kata) == []
    assert gates.stub_is_red(kata) == []
    assert gates.solution_is_green(kata) == []
    assert [gates.mistake_is_rejected(mistake) for mistake in mistakes(kata)] == [[], []]
    assert [gates.alternative_is_green(alternative) for alternative in alternatives(kata)] == [[]]


@pytest.mark.parametrize(
    ("kata", "topic", "expected"),
    [
        ("redis/01", "mini", "katas/redis/01 is there already."),
        ("activemq/01", "queues", "'activemq/01' does not name a kata: a broker (rabbitmq, kafka, nats, redis)"),
        ("redis/00", "queues", "'redis/00' does not name a kata"),
        ("redis", "queues", "'redis' does not name a kata"),
        ("redis/09", "rate-limits", "'rate-limits' cannot name a module"),
    ],
)
def test_a_name_that_cannot_be(mini: Mini, kata: str, topic: str, expected: str) -> None:
    """Nothing is made."""
    done = mqkata("new", kata, topic, cwd=mini.root)

    assert done.status == 4
    assert expected in done.err
    assert not (mini.root / "katas" / "redis" / "09").exists()


def test_verify_shows_every_gate(mini: Mini) -> None:
    """What does not hold is told below the table; the status says whether all hold."""
    mqkata("new", "redis/9", "rate_limits", cwd=mini.root)
    recorded = mqkata("verify", "redis/09", "--record", cwd=mini.root)
    assert recorded.out.count("written down") == 2
    assert mqkata("verify", "redis/09", "--record", cwd=mini.root).out.count("known") == 2

    few = mqkata("verify", "redis/09", cwd=mini.root)
    assert few.status == 1
    assert "✔   each mistake is rejected by its step           2/2" in few.out
    assert "there are 2 mistakes, fewer than 5" in few.out
    assert "no fingerprint" not in few.out
    folder = mini.root / "tests/mistakes/redis/09"
    for number in range(3):
        (folder / f"again{number}.py").write_text((folder / "publishes_nothing.py").read_text())
    mqkata("verify", "redis/09", "--record", cwd=mini.root)
    all_hold = mqkata("verify", "redis/09", "--structure", cwd=mini.root)
    assert all_hold.status == 0
    assert all_hold.out.splitlines()[-1] == "All gates hold."

    (mini.root / "solutions/redis/09/rate_limits.py").write_text("def publish(url: str, key: str) -> None: ...\n")
    broken = mqkata("verify", "redis/09", "--structure", cwd=mini.root)
    assert broken.status == 1
    assert "publish: the signature differs" in broken.out


def test_a_stub_keeps_signatures_and_docstrings() -> None:
    """Bodies go, private helpers' too."""
    kept = 'import os\n\n\ndef one(a: int) -> int:\n    """Doc."""\n'
    assert as_stub(f"{kept}    b = a\n    return b\n\n\nasync def two():\n    return 1\n") == (
        f"{kept}    raise NotImplementedError\n\n\nasync def two():\n    raise NotImplementedError\n"
    )
