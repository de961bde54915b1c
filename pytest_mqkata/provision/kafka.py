"""Kafka: its jars from $MQKATA_KAFKA_HOME or Maven Central, a Java to run them, and what makes it start quickly.

Two things are made once and kept: a formatted storage folder, which saves a Java start for each new node, and an archive
of the loaded classes for this Java, which halves a node's start.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_mqkata.errors import EnvironmentProblem, MissingTool
from pytest_mqkata.processes.child import Child, tail
from pytest_mqkata.processes.ports import Ports
from pytest_mqkata.provision import Installation, Progress, java, silent
from pytest_mqkata.provision.cache import provisioned
from pytest_mqkata.provision.programs import Program, numbers

HOME_VARIABLE = "MQKATA_KAFKA_HOME"
VERSION = "4.4.0"
_OLDEST = "4.0"

_ARTIFACTS = (
    ("org.apache.kafka", "kafka_2.13", VERSION),
    ("org.apache.kafka", "kafka-clients", VERSION),  # named, else an old one comes in through another's dependencies
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
)

JVM_OPTIONS = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
CLUSTER_ID = "bXFrYXRhLWNsdXN0ZXItMQ"  # 16 bytes in base64: clusters on one machine never meet, so one id serves all
LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = warn
"""

_TRAINING_DEADLINE = 90.0  # seconds
_DOWNLOADS_AT_ONCE = 6


def find(progress: Progress = silent) -> Installation:
    """Paths: "java", "class_path", "template" (a formatted storage folder), "archive" ("" without one).

    Raises:
        MissingTool: no Java, or the extra mqkata[kafka] is not installed.
        EnvironmentProblem: no network, or the folder that the environment variable names is no Kafka.
    """
    runtime = java.find()
    jars, version, source = _jars(progress)
    class_path = os.pathsep.join(str(jar) for jar in sorted(jars.glob("*.jar")))

    def train(folder: Path) -> None:
        progress(f"preparing Kafka {version} for Java {runtime.version} (once)")
        _train(folder, runtime, class_path)

    # a class archive holds for one class path and one Java
    place = hashlib.sha256(class_path.encode()).hexdigest()[:8]
    made = provisioned("kafka-started", f"{version}-{java.identity(runtime)}-{place}", train, progress=progress)
    archive = made / "classes"
    paths = {
        "java": str(runtime.path),
        "java_version": runtime.version,
        "class_path": class_path,
        "template": str(made / "template"),
        "archive": str(archive) if archive.exists() else "",
    }
    return Installation("kafka", version, f"{source}, Java {runtime.version}", paths)


def archive_options(java_version: str, archive: str, *, write: bool = False) -> list[str]:
    """The Java options that read, or write at the end, an archive of loaded classes. [] without an archive."""
    if not archive:
        return []
    if numbers(java_version)[0] >= 25:
        return [f"-XX:AOTCacheOutput={archive}" if write else f"-XX:AOTCache={archive}"]
    return [f"-XX:ArchiveClassesAtExit={archive}"] if write else [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]


def _jars(progress: Progress) -> tuple[Path, str, str]:
    """The folder of jars, Kafka's version, and where they come from."""
    if home := os.environ.get(HOME_VARIABLE):
        folder = Path(home).expanduser() / "libs"
        found = [re.fullmatch(r"kafka_2\.1\d-([\d.]+)\.jar", jar.name) for jar in folder.glob("kafka_2.1*.jar")]
        versions = [match[1] for match in found if match]
        if not versions or numbers(versions[0]) < numbers(_OLDEST):
            what = f"holds Kafka {versions[0]}" if versions else "has no libs/kafka_2.13-….jar"
            raise EnvironmentProblem(
                f"The environment variable {HOME_VARIABLE} is {home!r}, which {what}; the katas need Kafka {_OLDEST}.",
                mend=[f"unset {HOME_VARIABLE}, or let it name an unpacked Kafka distribution"],
            )
        return folder, versions[0], f"${HOME_VARIABLE}"
    folder = provisioned("kafka", VERSION, lambda target: _download(target, progress), progress=progress)
    return folder, VERSION, "Maven Central"


def _download(target: Path, progress: Progress) -> None:
    try:
        from jgo.maven import Dependency, MavenContext, PythonResolver
    except ImportError as error:
        raise MissingTool(
            "Kafka's jars are fetched with the package jgo, which is not installed here.",
            mend=[
                "pip install 'mqkata[kafka]'",
                f"or unpack a Kafka distribution yourself: export {HOME_VARIABLE}=/path/to/kafka",
            ],
        ) from error
    text = f"fetching Kafka {VERSION}"
    progress(f"{text}: which jars it needs")
    repository = target / ".repository"
    context = MavenContext(repo_cache=repository, resolver=PythonResolver(progress_callback=_Quiet))
    try:
        wanted = [Dependency(context.project(*one[:2]).at_version(one[2]).artifact()) for one in _ARTIFACTS]
        given, more = context.resolver.resolve(wanted)
        artifacts = [one.artifact for one in [*given, *more]]
        done = 0
        counting = threading.Lock()

        def fetch(artifact: Any) -> Path:
            nonlocal done
            path = Path(artifact.resolve())
            with counting:
                done += 1
                progress(f"{text} from Maven Central", done, len(artifacts))
            return path

        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            jars = list(pool.map(fetch, artifacts))
    except OSError as error:
        if error.errno is not None and not isinstance(error, ConnectionError) and _is_local(error):
            raise
        raise _no_network(error) from error
    except RuntimeError as error:
        raise _no_network(error) from error
    for jar in jars:
        shutil.move(jar, target / jar.name)
    shutil.rmtree(repository, ignore_errors=True)


def _is_local(error: OSError) -> bool:
    """Whether an error is the disk's, not the network's (requests' errors are OSErrors too)."""
    return type(error).__module__ == "builtins"


def _no_network(error: Exception) -> EnvironmentProblem:
    first_line = (str(error).splitlines() or [""])[0][:200]
    return EnvironmentProblem(
        f"Kafka {VERSION} could not be fetched from Maven Central: {type(error).__name__}: {first_line}",
        mend=[
            "check the network (behind a proxy: export HTTPS_PROXY=…) and run the same command again,",
            f"or unpack a Kafka distribution yourself: export {HOME_VARIABLE}=/path/to/kafka",
        ],
    )


@contextmanager
def _Quiet(name: str, size: int) -> Iterator[Any]:  # noqa: N802 - jgo calls it like a class
    yield lambda _: None


def _train(folder: Path, runtime: Program, class_path: str) -> None:
    """Format a storage folder to copy from, and run a node once to record which classes it loads."""
    work = folder / "work"
    work.mkdir()
    properties = work / "server.properties"
    ports = Ports().draw(("client", "controller"))
    properties.write_text(
        "process.roles=broker,controller\n"
        "node.id=0\n"
        f"controller.quorum.voters=0@127.0.0.1:{ports['controller']}\n"
        f"listeners=CLIENT://127.0.0.1:{ports['client']},CONTROLLER://127.0.0.1:{ports['controller']}\n"
        "listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        "controller.listener.names=CONTROLLER\n"
        "inter.broker.listener.name=CLIENT\n"
        f"log.dirs={work / 'data'}\n"
        "log.cleaner.dedupe.buffer.size=16777216\n"
    )
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    base = [str(runtime.path), *JVM_OPTIONS]
    formatted = subprocess.run(
        [*base, "-cp", class_path, "kafka.tools.StorageTool", "format", f"--cluster-id={CLUSTER_ID}", "-c", properties],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TRAINING_DEADLINE,
    )
    if formatted.returncode:
        raise EnvironmentProblem("Kafka's storage tool failed.", details=formatted.stderr[-2000:] + formatted.stdout)
    shutil.copytree(work / "data", folder / "template")
    log = work / "log"
    (work / "log4j2.properties").write_text(LOG4J)
    options = [
        *archive_options(runtime.version, str(folder / "classes"), write=True),
        f"-Dlog4j2.configurationFile={work / 'log4j2.properties'}",
    ]
    child = Child(
        [*base, *options, "-cp", class_path, "kafka.Kafka", str(properties)], env=environment, log=log, cwd=work
    )
    try:
        end = time.monotonic() + _TRAINING_DEADLINE
        while "Kafka Server started" not in log.read_text(errors="replace"):
            if not child.alive or time.monotonic() > end:
                raise EnvironmentProblem(f"Kafka could not be started: {child!r}.", details=tail(log))
            time.sleep(0.05)
        child.stop(signal.SIGTERM, grace=_TRAINING_DEADLINE)
    finally:
        child.kill()
    shutil.rmtree(work, ignore_errors=True)
