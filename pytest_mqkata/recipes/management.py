"""RabbitMQ's management API, as little of it as tests need, over one connection that stays open."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import quote


class ManagementError(Exception):
    """The management API answered with an error."""


class Management:
    """The management API of one node. Not thread-safe."""

    def __init__(self, host: str, port: int, login: str, *, timeout: float = 5.0) -> None:
        """
        Args:
            login: "user:password".
            timeout: seconds for one answer.
        """
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout)
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
            "Content-Type": "application/json",
        }

    def get(self, *path: str) -> Any:
        """GET /api/<path>; each part of the path is quoted."""
        return self._ask("GET", path)

    def put(self, *path: str, body: object = None) -> Any:
        """PUT, with `body` as JSON."""
        return self._ask("PUT", path, body)

    def delete(self, *path: str) -> Any:
        """DELETE."""
        return self._ask("DELETE", path)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: tuple[str, ...], body: object = None) -> Any:
        """
        Raises:
            ManagementError: the answer is an error.
            OSError, http.client.HTTPException: there is no answer.
        """
        url = "/api/" + "/".join(quote(part, safe="") for part in path)
        used = self._connection.sock is not None
        try:
            status, text = self._exchange(method, url, body)
        except (http.client.RemoteDisconnected, ConnectionError):
            if not used:
                raise
            # the node was restarted since; every method asked for here may be repeated
            status, text = self._exchange(method, url, body)
        if status >= 400:
            raise ManagementError(f"{method} {url}: {status} {text.decode('utf-8', 'replace')[:300]}")
        return json.loads(text) if text else None

    def _exchange(self, method: str, url: str, body: object) -> tuple[int, bytes]:
        try:
            self._connection.request(method, url, None if body is None else json.dumps(body), self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except BaseException:
            self._connection.close()  # the next request opens it anew
            raise
