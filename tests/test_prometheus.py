"""Prometheus: where it comes from, the fixtures, and what the command line says of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import yaml
from support.command import mqkata

from pytest_mqkata.brokers.prometheus import PrometheusServer, QueryError, order_options, start_prometheus
from pytest_mqkata.brokers.session import Session
from pytest_mqkata.errors import EnvironmentProblem, MissingTool, ServerConfigError
from pytest_mqkata.processes.child import is_same_process
from pytest_mqkata.provision import debian, prometheus
from pytest_mqkata.testing import eventually

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.timeout(120)

Factory = Callable[..., PrometheusServer]
Promtool = Callable[..., "subprocess.CompletedProcess[str]"]

needs_apt = pytest.mark.skipif(not debian.is_debian_like(), reason="apt and dpkg are on Debian and Ubuntu")

PAGE = 'depth{queue="a"} 7\ndepth{queue="b"} 0\nodd NaN\n'
CONFIG = """\
global: {scrape_interval: 30s, external_labels: {really: yes}}
rule_files: [alerts.yml, "more/*.yml"]
scrape_configs:
  - job_name: shop
    scrape_interval: 20s
    scrape_timeout: 15s
    static_configs: [{targets: ["shop:1234"]}]
"""
ALERTS = """\
groups:
  - name: depth
    interval: 1h
    rules: [{alert: Deep, expr: depth > 5, for: 1h, labels: {severity: page}}]
"""
MORE = 'groups: [{name: more, rules: [{record: "depth:max", expr: max(depth)}]}]\n'


@contextmanager
def shop() -> Iterator[str]:
    """Serves PAGE on every path; the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A learner's folder: a configuration with rule files beside and below it."""
    for name, text in (("prometheus.yml", CONFIG), ("alerts.yml", ALERTS), ("more/rules.yml", MORE)):
        file = tmp_path / "answer" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "answer"


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


# where it comes from


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a folder with a `prometheus` that says it is of this version, and a `promtool`."""

    def make(version: str) -> Path:
        folder = tmp_path / f"prometheus-{version}"
        folder.mkdir()
        for name in ("prometheus", "promtool"):
            (folder / name).write_text(f'#!/bin/sh\necho "prometheus, version {version} (branch: HEAD)"\n')
            (folder / name).chmod(0o755)
        return folder / "prometheus"

    return make


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Prometheus and without Debian's tools."""
    monkeypatch.delenv(prometheus.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def test_the_chosen_one_is_taken(program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variable comes before all else; promtool is the one beside it."""
    chosen = program("2.53.1")
    monkeypatch.setenv(prometheus.VARIABLE, str(chosen))
    found = prometheus.find()

    assert (found.version, found.source) == ("2.53.1", f"${prometheus.VARIABLE}")
    assert found.paths == {"server": str(chosen), "promtool": str(chosen.with_name("promtool"))}


def test_a_choice_that_does_not_work_is_not_replaced(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No such program, too old, or alone: an error that says which."""
    alone = program("2.50.0")
    alone.with_name("promtool").unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing") + ":/bin")  # the programs are shell scripts
    for value, what in ((tmp_path / "no", "not a program"), (program("2.4.0"), "version 2.4.0"), (alone, "promtool")):
        monkeypatch.setenv(prometheus.VARIABLE, str(value))
        with pytest.raises(EnvironmentProblem, match=what):
            prometheus.find()


@pytest.mark.usefixtures("bare")
def test_one_on_path_is_taken_if_it_is_new_enough(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old one is named in the error, where nothing newer can be had."""
    monkeypatch.setenv("PATH", str(program("3.1.0").parent))
    assert (prometheus.find().version, prometheus.find().source) == ("3.1.0", "PATH")

    monkeypatch.setenv("PATH", str(program("2.15.2").parent))
    with pytest.raises(MissingTool, match=r"version 2\.15\.2"):
        prometheus.find()


@pytest.mark.usefixtures("bare")
def test_where_there_is_none_the_error_says_what_mends_it() -> None:
    """On each system."""
    with pytest.raises(MissingTool) as missing:
        prometheus.find()

    for command in ("apt install prometheus", "dnf install golang-github-prometheus", "brew install prometheus"):
        assert any(command in line for line in missing.value.mend)


@needs_apt
@pytest.mark.timeout(300)
def test_the_system_s_package_is_unpacked_into_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed; both programs are there."""
    monkeypatch.delenv(prometheus.VARIABLE, raising=False)
    monkeypatch.setattr(prometheus, "on_path", lambda *_: [])
    found = prometheus.find()

    assert found.source == "package of this system"
    assert all(Path(path).is_file() for path in found.paths.values())


@pytest.mark.parametrize(
    ("strict", "outcome"), [((), {"skipped": 2}), (("--strict-brokers",), {"failed": 1, "errors": 1})]
)
def test_without_it_tests_are_skipped_or_fail(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, strict: tuple[str, ...], outcome: dict[str, int]
) -> None:
    """With the sentence that says what mends it."""
    pytester.makeconftest(
        """
        import pytest
        from pytest_mqkata.provision import prometheus

        @pytest.fixture(autouse=True)
        def no_debian(monkeypatch):
            monkeypatch.setattr(prometheus, "is_debian_like", lambda: False)
            monkeypatch.setattr(prometheus, "on_path", lambda *_: [])
            monkeypatch.delenv(prometheus.VARIABLE, raising=False)
        """
    )
    pytester.makepyfile(
        """
        def test_server(prometheus_server):
            prometheus_server("scrape_configs: []")

        def test_tool(no_debian, promtool):
            promtool("--version")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rs", *strict)

    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines(["*Prometheus 2.31 or newer, with promtool, is not on this machine*"])


# the fixtures


def test_a_config_is_run_with_the_real_addresses(prometheus_server: Factory, folder: Path) -> None:
    """Rule files are found where they lie, intervals are the test's, and nothing is written to the folder."""
    before = contents(folder)
    with shop() as address:
        server = prometheus_server(folder / "prometheus.yml", {"shop:1234": address}, interval=0.2)
        assert server.targets() == []
        eventually(lambda: server.query("depth:max"), 15, "the page is not scraped")
        eventually(server.alerts, 15, "no alert")

        assert [one["health"] for one in server.targets()] == ["up"]
        assert [one["scrapeUrl"] for one in server.targets()] == [f"http://{address}/metrics"]
        found = {one.labels["queue"]: one.value for one in server.query("depth")}
        assert found == {"a": 7.0, "b": 0.0}
        assert [one.value for one in server.query("sum(depth)")] == [7.0]
        assert [one.value for one in server.query("1 + 1")] == [2.0]
        assert math.isnan(server.query("odd")[0].value)
        now = time.time()
        (series,) = server.query_range('depth{queue="a"}', now - 60, now, 0.5)
        assert series.labels["job"] == "shop"
        assert {value for _, value in series.points} == {7.0}
        assert {(rule["group"], rule["name"]) for rule in server.rules()} == {("depth", "Deep"), ("more", "depth:max")}
        assert [one["state"] for one in server.alerts()] == ["pending"]  # its `for` is still an hour
        assert any("alert pending: alertname=Deep" in line for line in server.evidence())
    assert contents(folder) == before
    assert [entry.name for entry in folder.iterdir() if entry.is_symlink()] == []


def test_a_bad_query_is_refused_in_prometheus_own_words(prometheus_server: Factory) -> None:
    """With the query."""
    server = prometheus_server("scrape_configs: []\n")
    with pytest.raises(QueryError, match=r"rate\(depth\): .*expected type range vector"):
        server.query("rate(depth)")
    with pytest.raises(QueryError, match="range of values"):
        server.query("up[5m]")
    assert server.evidence() == ["no targets: nothing is scraped"]


def test_a_bad_config_is_refused_in_prometheus_own_words(prometheus_server: Factory, folder: Path) -> None:
    """Also one that is no YAML, with another interval as well; and one whose rules are wrong."""
    with pytest.raises(ServerConfigError, match="field scrape_config not found"):
        prometheus_server("scrape_config: []\n")
    with pytest.raises(ServerConfigError, match="yaml"):
        prometheus_server("scrape_configs: [\n", interval=1)
    (folder / "alerts.yml").write_text(ALERTS.replace("depth > 5", "depth >"))
    with pytest.raises(ServerConfigError, match="parse error"):
        prometheus_server(folder / "prometheus.yml", interval=1)


def test_a_server_listens_on_loopback_only_and_goes_with_its_lease(own_run: Path) -> None:
    """No process and no folder is left."""
    session = Session()
    server = start_prometheus(session, order_options("scrape_configs: []\n", targets={}))
    process = psutil.Process(server.pid)
    created, folder = process.create_time(), server.folder
    listening = {link.laddr.ip for link in process.net_connections(kind="tcp") if link.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    session.close()

    eventually(lambda: not is_same_process(process.pid, created), 10, "it still runs")
    eventually(lambda: not folder.exists(), 10, "its folder is left")


def test_a_kept_one_is_given_again_within_a_run(pytester: pytest.Pytester) -> None:
    """To a test that asks with the same files; another config gets another one."""
    pytester.makepyfile(
        """
        import pytest

        seen = []

        @pytest.mark.parametrize("config", ["scrape_configs: []", "scrape_configs: []", "rule_files: []"])
        def test_one(prometheus_server, config):
            seen.append(prometheus_server(config, keep=True).pid)

        def test_all(prometheus_server):
            assert seen[0] == seen[1] != seen[2]
            assert prometheus_server("scrape_configs: []").pid not in seen
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-brokers").assert_outcomes(passed=4)


def test_promtool_says_what_it_thinks(promtool: Promtool, folder: Path) -> None:
    """Its end is the test's to judge."""
    good = promtool("check", "config", folder / "prometheus.yml")
    assert (good.returncode, "SUCCESS" in good.stdout) == (0, True)

    bad = promtool("check", "rules", "prometheus.yml", cwd=folder)
    assert bad.returncode != 0
    assert "FAILED" in bad.stdout + bad.stderr


# another pace


def test_only_intervals_change_with_the_pace(folder: Path) -> None:
    """Every other scalar stays as it was written, `for` among them; a rule file elsewhere is taken from there."""
    (folder / "prometheus.yml").write_text(CONFIG.replace("alerts.yml", "alerts.yml, ../elsewhere.yml, none.yml"))
    (folder.parent / "elsewhere.yml").write_text(MORE)
    files = order_options(folder / "prometheus.yml", targets={"shop:1234": "here:1"}, interval=0.5)["files"]
    assert isinstance(files, dict)
    config, alerts = yaml.safe_load(files["prometheus.yml"]), yaml.safe_load(files["alerts.yml"])

    assert sorted(files) == ["alerts.yml", "more-rules.yml", "prometheus.yml"]
    assert config["global"] == {
        "scrape_interval": "500ms",
        "evaluation_interval": "500ms",
        "external_labels": {"really": True},
    }
    assert "really: yes" in files["prometheus.yml"]
    assert config["scrape_configs"] == [{"job_name": "shop", "static_configs": [{"targets": ["here:1"]}]}]
    assert config["rule_files"] == ["alerts.yml", "more-rules.yml", str(folder.parent / "elsewhere.yml"), "none.yml"]
    (group,) = alerts["groups"]
    assert "interval" not in group
    assert group["rules"][0]["for"] == "1h"


def test_a_config_without_intervals_gets_them() -> None:
    """A section that is there and empty, too."""
    for config in ("global:\n", "rule_files: []\n"):
        files = order_options(config, targets={}, interval=1)["files"]
        assert isinstance(files, dict)
        assert yaml.safe_load(files["prometheus.yml"])["global"]["scrape_interval"] == "1000ms"


@pytest.mark.parametrize("config", ["", "# nothing\n", "- a list\n", "scrape_configs: [\n"])
def test_what_is_no_config_stays_as_it_is(config: str) -> None:
    """Prometheus shall judge it."""
    assert order_options(config, targets={}, interval=1)["files"] == {"prometheus.yml": config}


# the command line


def test_doctor_says_whether_it_can_be_had(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the brokers whose katas use it."""
    done = mqkata("doctor", "rabbitmq")
    assert done.status == 0, done.out + done.err
    assert "✔ Prometheus 2." in done.out or "✔ Prometheus 3." in done.out
    assert "Prometheus" not in mqkata("doctor", "redis").out

    monkeypatch.setenv(prometheus.VARIABLE, "/nowhere/prometheus")
    done = mqkata("doctor", "rabbitmq")
    assert done.status == 3
    assert "✘ Prometheus, for the monitoring katas: The environment variable" in done.out


def test_one_that_runs_is_shown(own_run: Path) -> None:
    """In `ps` and `logs` by its name; `down` leaves it to its test."""
    session = Session()
    server = start_prometheus(session, order_options("scrape_configs: []\n", targets={}))
    try:
        listed = mqkata("ps").out
        assert f"127.0.0.1:{server.port}" in listed
        assert listed.splitlines()[-2].split()[0] == "Prometheus", listed
        assert "Server is ready to receive web requests" in mqkata("logs", "prometheus").out
        assert "Prometheus: in use by a test run, left alone." in mqkata("down").out
        assert server.alive
    finally:
        session.close()
    assert "there is no broker 'prometheus'" in mqkata("up", "prometheus").err
