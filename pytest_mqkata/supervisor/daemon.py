"""The supervisor's main program: `python -m pytest_mqkata.supervisor.daemon FOLDER`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_mqkata.provision import Installation
from pytest_mqkata.supervisor.clusters import Busy, ClusterHolding, Clusters, Stock, Wish
from pytest_mqkata.supervisor.fleet import Fleet, Holding, Pool
from pytest_mqkata.supervisor.guard import Guard, end_all, still_listed
from pytest_mqkata.supervisor.place import Place, all_places, logs_folder
from pytest_mqkata.supervisor.wire import Line, error_to_json
from pytest_mqkata.supervisor.workshop import Workshop

_TICK = 0.1  # seconds between two looks at the servers
_OLD = 24 * 3600.0  # seconds after which the folder of a supervisor that is gone is removed
_LINGER = 2.0  # seconds to wait for a client when there is nothing to look after


class Daemon:
    """Serves clients until there is nothing left to look after."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._guard = Guard(place.children)
        workshop = Workshop(place.nodes, logs_folder(), self._guard)
        self._fleet = Fleet(workshop)
        self._clusters = Clusters(workshop)
        self._clients = 0
        self._clients_lock = threading.Lock()
        self._quit = threading.Event()
        self._retired = False
        self._listener = socket.socket(socket.AF_UNIX)

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._quit.set())
        self._place.socket.unlink(missing_ok=True)
        self._listener.bind(str(self._place.socket))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            self._tend()
        finally:
            self._place.socket.unlink(missing_ok=True)
            self._listener.close()
            self._clusters.close()
            self._fleet.close()
            shutil.rmtree(self._place.nodes, ignore_errors=True)
            self._place.children.unlink(missing_ok=True)

    def _tend(self) -> None:
        useful = time.monotonic()
        while not self._quit.wait(_TICK):
            self._fleet.tend()
            self._clusters.tend()
            if self._clients or not self._fleet.empty or not self._clusters.empty:
                useful = time.monotonic()
            elif self._retired or time.monotonic() - useful > _LINGER:
                return

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._clients_lock:
            self._clients += 1
        hands = _Hands()
        line = Line(connection)
        try:
            while (request := line.receive()) is not None:
                try:
                    answer = {"ok": self._answer(request, hands)}
                except Exception as error:
                    answer = {"error": error_to_json(error)}
                line.send(answer)
        except OSError:
            pass  # the client is gone: its leases end below
        finally:
            with contextlib.suppress(OSError):
                line.close()
            self._empty(hands)
            with self._clients_lock:
                self._clients -= 1

    def _empty(self, hands: _Hands) -> None:
        """The client is gone: all that it held is free."""
        for holding in hands.servers.values():
            self._fleet.give_back(holding)
        for cluster in hands.clusters.values():
            self._clusters.give_back(cluster)
        for pool in hands.pools:
            self._fleet.let_go(pool)
        for stock in hands.stocks:
            self._clusters.let_go(stock)

    def _answer(self, request: dict[str, Any], hands: _Hands) -> Any:
        match request["op"]:
            case "take":
                return self._take(request, hands)
            case "take_cluster":
                return self._take_cluster(request, hands)
            case "order":
                holding, record = self._fleet.order(
                    request["broker"],
                    Installation.from_json(request["installation"]),
                    request["options"],
                    start=request["start"],
                )
                hands.servers[request["lease"]] = holding
                return record.to_json()
            case "hold":
                if pool := self._fleet.hold(request["broker"], request["key"]):
                    hands.pools.append(pool)
                return None
            case "give":
                if request["lease"] in hands.servers:
                    self._fleet.give_back(hands.servers.pop(request["lease"]))
                else:
                    self._clusters.give_back(hands.clusters.pop(request["lease"]), untouched=request["untouched"])
                return None
            case "control":
                holding = hands.servers[request["lease"]]
                return self._fleet.control(holding, request["action"], request["options"]).to_json()
            case "control_node":
                cluster = hands.clusters[request["lease"]]
                node, options = request["node"], request["options"]
                return self._clusters.control(cluster, request["action"], node, options).to_json()
            case "heal":
                return self._clusters.heal(hands.clusters[request["lease"]]).to_json()
            case "health":
                return self._clusters.health(hands.clusters[request["lease"]])
            case "fault":
                found = self._clusters.fault(request["node"], request["action"])
                return {"busy": found.reason} if isinstance(found, Busy) else found and {"node": found.to_json()}
            case "ps":
                return [record.to_json() for record in (*self._fleet.records(), *self._clusters.records())]
            case "down":
                broker, force = request["broker"], request["force"]
                ended = [*self._fleet.down(broker, force=force), *self._clusters.down(broker, force=force)]
                return [record.to_json() for record in ended]
            case "retire":  # asked by a client of another version of the code; this word must stay as it is
                self._retired = True
                self._fleet.down(None, force=False)
                self._clusters.down(None, force=False)
                return None
            case other:
                raise ValueError(f"unknown request {other!r}")

    def _take(self, request: dict[str, Any], hands: _Hands) -> Any:
        given = request["installation"]
        installation = Installation.from_json(given) if given else None
        taken = self._fleet.take(request["broker"], request["key"], installation, request["idle"])
        if taken is None:
            return None
        holding, record = taken
        hands.servers[request["lease"]] = holding
        return record.to_json()

    def _take_cluster(self, request: dict[str, Any], hands: _Hands) -> Any:
        given = request["installation"]
        wish = Wish(**request["wish"])
        taken = self._clusters.take(wish, Installation.from_json(given) if given else None)
        if taken is None:
            return None
        if isinstance(taken, Busy):
            return {"busy": taken.reason}
        holding, record = taken
        hands.clusters[request["lease"]] = holding
        if request["keep"] and wish.place not in hands.wanted:
            hands.wanted.add(wish.place)  # or an idle time of 0 would end it between two tests
            if stock := self._clusters.hold(wish.place):
                hands.stocks.append(stock)
        return {"cluster": record.to_json()}


@dataclass
class _Hands:
    """What one client holds, by the names of its leases."""

    servers: dict[str, Holding] = field(default_factory=dict)
    clusters: dict[str, ClusterHolding] = field(default_factory=dict)
    pools: list[Pool] = field(default_factory=list)
    stocks: list[Stock] = field(default_factory=list)
    wanted: set[tuple[str, str, str, str]] = field(default_factory=set)


def clear_up_after_the_dead() -> None:
    """End what supervisors left that were killed together with their guards, and remove the folders of old ones."""
    for place in all_places():
        with place.lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # it lives
            with contextlib.suppress(OSError, ValueError):
                end_all(still_listed(place.children.read_text().splitlines()))
            if time.time() - place.folder.stat().st_mtime > _OLD:
                shutil.rmtree(place.folder, ignore_errors=True)
            else:
                place.children.unlink(missing_ok=True)
                shutil.rmtree(place.nodes, ignore_errors=True)


def main() -> int:
    place = Place(Path(sys.argv[1]))
    clear_up_after_the_dead()
    with place.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return 0  # another one was quicker
        os.chdir("/")
        Daemon(place).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
