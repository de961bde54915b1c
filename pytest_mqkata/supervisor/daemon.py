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
from pathlib import Path
from typing import Any

from pytest_mqkata.provision import Installation
from pytest_mqkata.supervisor.fleet import Fleet, Holding, Pool
from pytest_mqkata.supervisor.guard import Guard, end_all, still_listed
from pytest_mqkata.supervisor.place import Place, all_places, logs_folder
from pytest_mqkata.supervisor.wire import Line, error_to_json

_TICK = 0.1  # seconds between two looks at the servers
_OLD = 24 * 3600.0  # seconds after which the folder of a supervisor that is gone is removed
_LINGER = 2.0  # seconds to wait for a client when there is nothing to look after


class Daemon:
    """Serves clients until there is nothing left to look after."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._guard = Guard(place.children)
        self._fleet = Fleet(place.nodes, logs_folder(), self._guard)
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
            self._fleet.close()
            shutil.rmtree(self._place.nodes, ignore_errors=True)
            self._place.children.unlink(missing_ok=True)

    def _tend(self) -> None:
        useful = time.monotonic()
        while not self._quit.wait(_TICK):
            self._fleet.tend()
            if self._clients or not self._fleet.empty:
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
        held: dict[str, Holding] = {}
        kept: list[Pool] = []
        line = Line(connection)
        try:
            while (request := line.receive()) is not None:
                try:
                    answer = {"ok": self._answer(request, held, kept)}
                except Exception as error:
                    answer = {"error": error_to_json(error)}
                line.send(answer)
        except OSError:
            pass  # the client is gone: its leases end below
        finally:
            with contextlib.suppress(OSError):
                line.close()
            for holding in held.values():
                self._fleet.give_back(holding)
            for pool in kept:
                self._fleet.let_go(pool)
            with self._clients_lock:
                self._clients -= 1

    def _answer(self, request: dict[str, Any], held: dict[str, Holding], kept: list[Pool]) -> Any:
        match request["op"]:
            case "take":
                given = request["installation"]
                installation = Installation.from_json(given) if given else None
                taken = self._fleet.take(request["broker"], request["key"], installation, request["idle"])
                if taken is None:
                    return None
                holding, record = taken
                held[request["lease"]] = holding
                return record.to_json()
            case "order":
                holding, record = self._fleet.order(
                    request["broker"],
                    Installation.from_json(request["installation"]),
                    request["options"],
                    start=request["start"],
                )
                held[request["lease"]] = holding
                return record.to_json()
            case "hold":
                if pool := self._fleet.hold(request["broker"], request["key"]):
                    kept.append(pool)
                return None
            case "give":
                self._fleet.give_back(held.pop(request["lease"]))
                return None
            case "control":
                record = self._fleet.control(held[request["lease"]], request["action"], request["options"])
                return record.to_json()
            case "ps":
                return [record.to_json() for record in self._fleet.records()]
            case "down":
                return [record.to_json() for record in self._fleet.down(request["broker"], force=request["force"])]
            case "retire":  # asked by a client of another version of the code; this word must stay as it is
                self._retired = True
                self._fleet.down(None, force=False)
                return None
            case other:
                raise ValueError(f"unknown request {other!r}")


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
