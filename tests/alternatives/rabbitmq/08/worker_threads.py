"""Publishes by worker threads that a queue feeds, each with a connection of its own; a table with a unique key decides in
the inbox; the consumer is a callback."""

from __future__ import annotations

import json
import queue
import random
import sqlite3
import ssl
import threading
import time
import uuid
import zlib
from concurrent.futures import Future
from dataclasses import dataclass

import pika
import pika.exceptions
import tenacity
from cryptography import fernet


class Unroutable(Exception):
    pass


class NotConfirmed(Exception):
    pass


class UnsupportedVersion(Exception):
    pass


class CannotOpen(Exception):
    pass


class Park(Exception):
    pass


@dataclass(frozen=True)
class Report:
    done: int
    retried: int
    parked: int


def backoff(attempt, *, base=0.1, cap=5.0, rng=random.random):
    ceiling = base
    for _ in range(attempt - 1):
        ceiling *= 2
        if ceiling >= cap:
            break
    ceiling = min(ceiling, cap)
    return ceiling * 0.5 + ceiling * 0.5 * rng()


class Publisher:
    def __init__(self, url, *, pool_size=2, attempts=6, base=0.1, cap=2.0):
        self._url, self._attempts, self._base, self._cap = url, attempts, base, cap
        self._jobs = queue.SimpleQueue()
        self._threads = []
        self._size = pool_size

    def publish(self, exchange, routing_key, body, properties=None):
        given = properties or pika.BasicProperties()
        mine = pika.BasicProperties(
            **{
                name: getattr(given, name)
                for name in (
                    "content_type",
                    "content_encoding",
                    "headers",
                    "priority",
                    "correlation_id",
                    "reply_to",
                    "expiration",
                    "message_id",
                    "timestamp",
                    "type",
                    "user_id",
                    "app_id",
                )
            },
            delivery_mode=2,
        )
        mine.message_id = mine.message_id or uuid.uuid4().hex
        answer = Future()
        self._jobs.put((answer, exchange, routing_key, body, mine))
        if len(self._threads) < self._size:
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        answer.result()
        return mine.message_id

    def _work(self):
        connection = channel = None
        while (job := self._jobs.get()) is not None:
            answer, *message = job
            for attempt in range(1, self._attempts + 1):
                try:
                    if channel is None or channel.is_closed:
                        connection = pika.BlockingConnection(pika.URLParameters(self._url))
                        channel = connection.channel()
                        channel.confirm_delivery()
                    channel.basic_publish(*message, mandatory=True)
                except pika.exceptions.UnroutableError:
                    answer.set_exception(Unroutable(message[1]))
                    break
                except Exception as error:
                    if connection is not None and connection.is_open:
                        connection.close()
                    channel = None
                    if attempt == self._attempts:
                        failure = NotConfirmed(f"{attempt} attempts")
                        failure.__cause__ = error
                        answer.set_exception(failure)
                        break
                    time.sleep(backoff(attempt, base=self._base, cap=self._cap))
                else:
                    answer.set_result(None)
                    break
        if connection is not None and connection.is_open:
            connection.close()

    def close(self):
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def seal(event, *, version, keys, compress_over=1024):
    data = json.dumps(event).encode("utf-8")
    encoding = "identity"
    if len(data) > compress_over:
        gzip = zlib.compressobj(wbits=31)
        data, encoding = gzip.compress(data) + gzip.flush(), "gzip"
    return fernet.MultiFernet([fernet.Fernet(key) for key in keys]).encrypt(data), pika.BasicProperties(
        content_type="application/json",
        content_encoding=encoding,
        headers={"schema-version": version},
        message_id=uuid.uuid4().hex,
        delivery_mode=pika.DeliveryMode.Persistent.value,
    )


def unseal(body, properties, *, keys, current, upcasters):
    for key in keys:
        try:
            data = fernet.Fernet(key).decrypt(body)
            break
        except fernet.InvalidToken:
            continue
    else:
        raise CannotOpen("no key opens it")
    try:
        if properties.content_encoding == "gzip":
            data = zlib.decompress(data, wbits=31)
        event = json.loads(data.decode("utf-8"))
        if not hasattr(event, "items"):
            raise TypeError("not an object")
    except (zlib.error, ValueError, TypeError) as error:
        raise CannotOpen(str(error)) from error
    version = (properties.headers or {}).get("schema-version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1 or version > current:
        raise UnsupportedVersion(repr(version))
    while version < current:
        if version not in upcasters:
            raise UnsupportedVersion(f"{version}: no upcaster")
        event = upcasters[version](event)
        version += 1
    return event


class Inbox:
    def __init__(self, path):
        self._path = path
        db = sqlite3.connect(path, timeout=20)
        with db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS handled_messages (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)"
            )
        db.close()

    def once(self, message_id, effect):
        db = sqlite3.connect(self._path, timeout=20)
        try:
            with db:  # commits, or rolls back when something is raised
                db.execute("INSERT INTO handled_messages (name) VALUES (:name)", {"name": message_id})
                effect(db)
        except sqlite3.IntegrityError:
            if db.execute("SELECT 1 FROM handled_messages WHERE name = ?", (message_id,)).fetchone():
                return False
            raise
        finally:
            db.close()
        return True


def declare_retry(channel, queue, delays):
    for name in (queue, queue + ".parked"):
        channel.queue_declare(queue=name, durable=True)
    channel.exchange_declare(queue + ".back", "fanout", durable=True)
    channel.queue_bind(queue, queue + ".back")
    for index, seconds in enumerate(delays):
        channel.queue_declare(
            queue=f"{queue}.retry.{index + 1}",
            durable=True,
            arguments={
                "x-message-ttl": int(1000 * seconds),
                "x-dead-letter-exchange": queue + ".back",
            },
        )


def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    counts = {"done": 0, "retried": 0, "parked": 0}
    last = [time.monotonic()]
    channel.confirm_delivery()

    def on_message(_, method, properties, body):
        try:
            handle(body, properties)
        except Exception as error:
            headers = dict(properties.headers or {})
            headers["x-attempt"] = headers.get("x-attempt", 0) + 1
            headers["x-error"] = repr(error) + str(error)
            outcome, target = "parked", queue + ".parked"
            if headers["x-attempt"] <= len(delays) and not isinstance(error, Park):
                outcome, target = "retried", f"{queue}.retry.{headers['x-attempt']}"
            about = pika.BasicProperties(
                content_type=properties.content_type,
                content_encoding=properties.content_encoding,
                headers=headers,
                message_id=properties.message_id,
                delivery_mode=2,
                type=properties.type,
            )
            tenacity.Retrying(stop=tenacity.stop_after_attempt(2), reraise=True)(
                channel.basic_publish, "", target, body, about, mandatory=True
            )
        else:
            outcome = "done"
        channel.basic_ack(method.delivery_tag)
        counts[outcome] += 1
        last[0] = time.monotonic()

    tag = channel.basic_consume(queue, on_message)
    while time.monotonic() - last[0] < idle_timeout:
        channel.connection.process_data_events(time_limit=0.05)
    channel.basic_cancel(tag)
    channel.basic_recover(requeue=True)
    return Report(**counts)


def connect_tls(url, *, ca_file, cert_file=None, key_file=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(ca_file)
    if cert_file is not None:
        context.load_cert_chain(cert_file, key_file)
    given = pika.URLParameters(url)
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=given.host,
            port=given.port,
            virtual_host=given.virtual_host,
            credentials=given.credentials,
            ssl_options=pika.SSLOptions(context, given.host),
            blocked_connection_timeout=10,
        )
    )
