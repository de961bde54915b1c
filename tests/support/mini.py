"""A project with one tiny kata, for tests of the plugin."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

README = """\
# Redis 01 · Mini

### Step 1 · Add
### Step 2 · Store
### Step 3 · Store in a coroutine
"""

STUB = '''\
"""A kata for tests of the plugin."""

def add(a: int, b: int) -> int:
    """The sum."""
    raise NotImplementedError


def store(client, value: int) -> bool:
    """Keep value under the key n."""
    raise NotImplementedError


async def store_later(client, value: int) -> bool:
    """Keep value under the key n."""
    raise NotImplementedError
'''

SOLUTION = '''\
"""A kata for tests of the plugin."""

import asyncio


def add(a: int, b: int) -> int:
    """The sum."""
    return a + b


def store(client, value: int) -> bool:
    """Keep value under the key n."""
    return bool(client.set("n", value))


async def store_later(client, value: int) -> bool:
    """Keep value under the key n."""
    await asyncio.sleep(0)
    return store(client, value)
'''

TESTS = """\
import pytest
from hypothesis import given, strategies as st


@pytest.fixture
def client(redis_server):
    with redis_server.client() as client:
        yield client


@pytest.mark.step(1, "add")
@given(a=st.integers(0, 1000))
def test_step1_add(kata, a):
    got = kata.add(a, 1)
    assert got == a + 1, f"add({a}, 1) gave {got!r}: that is not the sum."


@pytest.mark.step(2, "store")
@pytest.mark.timeout(2)
def test_step2_store(kata, client):
    done = kata.store(client, 7)
    assert client.get("n") == "7", "The key n does not hold 7: nothing was stored."
    assert done is True, f"store() returned {done!r}, not True."


@pytest.mark.step(3, "store_later")
@pytest.mark.timeout(2)
async def test_step3_store_later(kata, client):
    await kata.store_later(client, 8)
    assert client.get("n") == "8", "The key n does not hold 8: nothing was stored."
"""

CONFIG = """\
[pytest]
addopts = --import-mode=importlib --strict-markers -p no:valkey
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""


@dataclass
class Run:
    """A pytest process that has ended."""

    status: int
    output: str


@dataclass
class Mini:
    """A project with one kata, redis/01, in a folder of its own."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def kata(self) -> Path:
        return self.root / "katas" / "redis" / "01"

    @property
    def answer(self) -> Path:
        return self.kata / "mini.py"

    def write(self, **functions: str) -> None:
        """The solution as the learner's answer, with some functions written anew: name to source."""
        text = SOLUTION
        for source in functions.values():
            text += "\n\n" + textwrap.dedent(source)
        self.answer.write_text(text)

    def pytest(self, *arguments: str, cwd: Path | None = None, timeout: float = 60) -> Run:
        """Run pytest on the kata, as a learner does, and wait for its end."""
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *(arguments or ("katas/redis/01",))],
            cwd=cwd or self.root,
            env={**os.environ, **self.environment, "NO_COLOR": "1", "COLUMNS": "150"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout)


def make_mini(root: Path) -> Mini:
    """Write the project; its answer is the stub."""
    files = (
        ("katas/redis/01/README.md", README),
        ("katas/redis/01/mini.py", STUB),
        ("katas/redis/01/test_mini.py", TESTS),
        ("solutions/redis/01/mini.py", SOLUTION),
        ("pytest.ini", CONFIG),
    )
    for name, text in files:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Mini(root)
