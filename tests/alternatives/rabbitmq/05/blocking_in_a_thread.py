"""The blocking client; each connection works in a thread of its own, and one that stays silent is left behind.

It shows that pika's blocking confirms are enough if somebody else holds the deadline: the publisher waits on a queue for
the thread's result, and takes another node and another thread when it does not come.
"""

from __future__ import annotations

import http.client
import json
import queue as queues
import threading
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import pika
from pika.exceptions import AMQPConnectionError, UnroutableError


class NotConfirmed(Exception):
    pass


class Unroutable(Exception):
    pass


@dataclass(frozen=True)
class Replicas:
    leader: str | None
    members: tuple[str, ...]
    online: tuple[str, ...]

    @property
    def can_lose(self):
        lost = -len(self.members)
        while 2 * (len(self.online) - lost - 1) > len(self.members):
            lost += 1
        return lost


def declare_ha_queue(channel, queue, *, replicas=3, delivery_limit=None, dead_letter_queue=None):
    copies = {"x-queue-type": "quorum", "x-quorum-initial-group-size": replicas}
    extra = {}
    if delivery_limit is not None:
        extra["x-delivery-limit"] = delivery_limit
    if dead_letter_queue:
        exchange = f"{queue}.dead"
        channel.exchange_declare(exchange, "fanout", durable=True)
        channel.queue_declare(dead_letter_queue, durable=True, arguments=copies)
        channel.queue_bind(dead_letter_queue, exchange)
        extra["x-dead-letter-exchange"] = exchange
        extra["x-dead-letter-strategy"] = "at-least-once"
        extra["x-overflow"] = "reject-publish"
    channel.queue_declare(queue, durable=True, arguments=copies | extra)


def call(management_url, method, path, body=None):
    place = urlsplit(management_url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        login = b64encode(f"{place.username}:{place.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{path}: {answer.status}")
        return json.loads(text) if text else None
    finally:
        connection.close()


def replicas(management_url, vhost, queue):
    for found in call(management_url, "GET", f"/api/queues/{quote(vhost, safe='')}"):
        if found["name"] == queue:
            leader = found["leader"]
            return Replicas(
                leader if leader in found["online"] else None, tuple(found["members"]), tuple(found["online"])
            )
    raise LookupError(queue)


class Worker(threading.Thread):
    """Does one thing after the other with its connection, until it is told None."""

    def __init__(self, url, timeout):
        super().__init__(daemon=True)
        self.url, self.timeout = url, timeout
        self.jobs, self.answers = queues.Queue(), queues.Queue()
        self.start()

    def run(self):
        try:
            parameters = pika.URLParameters(self.url)
            parameters.socket_timeout = parameters.stack_timeout = self.timeout
            parameters.connection_attempts = 1
            connection = pika.BlockingConnection(parameters)
        except Exception as error:
            self.answers.put(error)
            return
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            while (job := self.jobs.get()) is not None:
                try:
                    channel.basic_publish("", mandatory=True, **job)
                    self.answers.put(None)
                except UnroutableError as error:
                    self.answers.put(error)
        except Exception as error:
            self.answers.put(error)
        finally:
            try:
                connection.close()
            except Exception:
                pass


class ConfirmedPublisher:
    def __init__(self, urls, *, confirm_timeout=5.0, give_up_after=30.0):
        self.urls, self.confirm_timeout, self.give_up_after = list(urls), confirm_timeout, give_up_after
        self.worker = None

    def publish(self, queue, body, message_id=None):
        until = time.monotonic() + self.give_up_after
        message_id = message_id or uuid.uuid4().hex
        job = {
            "routing_key": queue,
            "body": body,
            "properties": pika.BasicProperties(message_id=message_id, delivery_mode=2),
        }
        while (left := until - time.monotonic()) > 0:
            if self.worker is None:
                self.worker = Worker(self.urls[0], min(left, 2.0))
            self.worker.jobs.put(job)
            try:
                answer = self.worker.answers.get(timeout=min(left, self.confirm_timeout))
            except queues.Empty:
                answer = TimeoutError()
            if answer is None:
                return message_id
            if isinstance(answer, UnroutableError):
                raise Unroutable(queue)
            self.close(0)
            self.urls.append(self.urls.pop(0))
            time.sleep(0.1)
        raise NotConfirmed(message_id)

    def close(self, patience=2):
        if self.worker is not None:
            self.worker.jobs.put(None)
            self.worker.join(patience)
            self.worker = None


def consume_once(urls, queue, handle, *, idle_timeout, seen=None):
    seen = set() if seen is None else seen
    handled, failures, turn = 0, 0, 0
    quiet_since = time.monotonic()
    while True:
        parameters = pika.URLParameters(urls[turn % len(urls)])
        parameters.socket_timeout = parameters.stack_timeout = 2
        turn += 1
        try:
            connection = pika.BlockingConnection(parameters)
        except Exception:
            failures += 1
            if failures > 100:
                raise
            time.sleep(0.1)
            continue
        failures = 0
        quiet_since = time.monotonic()
        try:
            channel = connection.channel()
            while time.monotonic() - quiet_since < idle_timeout:
                try:
                    method, properties, body = channel.basic_get(queue)
                    if method is None:
                        connection.sleep(0.02)
                        continue
                except AMQPConnectionError:
                    break
                if properties.message_id not in seen:
                    handle(properties.message_id, body)
                    seen.add(properties.message_id)
                    handled += 1
                try:
                    channel.basic_ack(method.delivery_tag)
                except AMQPConnectionError:
                    break
                quiet_since = time.monotonic()
            else:
                return handled
        finally:
            if connection.is_open:
                connection.close()


def mirror_queues(management_url, vhost, pattern, *, replicas=2):
    major = call(management_url, "GET", "/api/overview")["rabbitmq_version"].split(".")[0]
    if int(major) > 3:
        return False
    definition = {"ha-mode": "exactly", "ha-params": replicas, "ha-sync-mode": "automatic", "ha-sync-batch-size": 50}
    policy = {"pattern": pattern, "definition": definition, "priority": 1, "apply-to": "queues"}
    call(management_url, "PUT", f"/api/policies/{quote(vhost, safe='')}/mirrored", policy)
    return True
