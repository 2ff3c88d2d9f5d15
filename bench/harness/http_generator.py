"""A generator of HTTP requests: kept connections, each with one request under way, in this process.

    ready bytes -> socket -> head and length of the answer -> the next ready bytes

It knows of answers no more than their status and length, so it costs little beside the servers that share
its core. It never opens a connection while it measures.
"""

import gc
import os
import select
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec

from bench.harness.generator import GeneratorFailed
from bench.harness.process_cpu import OTHER_CORE

REPLY_TIMEOUT_S = 30.0
RECEIVE_BYTES_MAX = 256 * 1024
STATUSES_WITHOUT_BODY = frozenset((204, 304))


class RequestSlice(msgspec.Struct, frozen=True):
    """What one slice brought. Latency is from the sending of a request to the last byte of its answer."""

    seconds: float
    requests: int
    refused: int
    bytes: int
    cpu_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class HttpResponse(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def encode_request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """The bytes of a request, with the headers that a client sends."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: bench",
        "Accept: application/json",
        f"Authorization: Bearer {token}",
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


class HttpGenerator:
    def __init__(self, port: int, connections: int) -> None:
        self._connections: dict[int, HttpConnection] = {}
        self._poll = select.epoll()
        try:
            for _ in range(connections):
                line = HttpConnection(port)
                self._connections[line.file_descriptor] = line
                self._poll.register(line.file_descriptor, select.EPOLLIN)
        except OSError as error:
            self.close()
            raise GeneratorFailed(f"port {port} lets nobody in: {error}") from error

    def send_one(self, encoded_request: bytes) -> HttpResponse:
        """Send one request alone and wait for all of its answer."""
        line = next(iter(self._connections.values()))
        line.send(encoded_request)
        while not line.receive():
            self._wait_readable()
        return HttpResponse(line.status, line.body)

    def slice(self, requests: Iterator[bytes], seconds: float, concurrency: int) -> RequestSlice:
        """Keep `at_once` requests under way for `seconds`, or for as long as there are any."""
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {OTHER_CORE} & cores or cores)
        gc.disable()
        try:
            return self._run_slice(requests, seconds, concurrency)
        finally:
            gc.enable()
            os.sched_setaffinity(0, cores)

    def _run_slice(self, requests: Iterator[bytes], seconds: float, concurrency: int) -> RequestSlice:
        latencies: list[float] = []
        refused = size = under_way = 0
        lines, clock = self._connections, time.perf_counter
        cpu_s, began = time.thread_time(), clock()
        deadline = began + seconds
        for line, asked in zip(list(lines.values())[:concurrency], requests, strict=False):
            line.send(asked)
            under_way += 1
        while under_way:
            for number in self._wait_readable():
                line = lines[number]
                if not line.receive():
                    continue
                now = clock()
                latencies.append(now - line.sent_at)
                size += line.length
                refused += line.status >= 300
                following = next(requests, None) if now < deadline else None
                if following is None:
                    under_way -= 1
                else:
                    line.send(following)
        took_s = clock() - began
        cpu_s = time.thread_time() - cpu_s
        latencies.sort()
        return RequestSlice(
            seconds=took_s,
            requests=len(latencies),
            refused=refused,
            bytes=size,
            cpu_s=cpu_s,
            p50_ms=_quantile_ms(latencies, 0.5),
            p99_ms=_quantile_ms(latencies, 0.99),
            max_ms=_quantile_ms(latencies, 1.0),
        )

    def _wait_readable(self) -> list[int]:
        ready = self._poll.poll(REPLY_TIMEOUT_S)
        if not ready:
            raise GeneratorFailed(f"no answer within {REPLY_TIMEOUT_S:.0f} s")
        return [number for number, _ in ready]

    def close(self) -> None:
        self._poll.close()
        for line in self._connections.values():
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class HttpConnection:
    """One connection and the answer that comes in on it."""

    __slots__ = ("_length", "_received", "_socket", "body", "file_descriptor", "length", "sent_at", "status")

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), REPLY_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file_descriptor = self._socket.fileno()
        self._received = b""
        self._length = -1
        self.body = b""
        self.length = self.status = 0
        self.sent_at = 0.0

    def send(self, encoded_request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self._socket.sendall(encoded_request)

    def receive(self) -> bool:
        """Take what has come; whether that completes the answer."""
        came = self._socket.recv(RECEIVE_BYTES_MAX)
        if not came:
            raise GeneratorFailed("a connection was closed")
        received = self._received = self._received + came if self._received else came
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        if self._length < 0:
            self.status = int(received[9:12])
            self._length = end + (0 if self.status in STATUSES_WITHOUT_BODY else _body_length(received[:end]))
        if len(received) < self._length:
            return False
        self.length, self.body = self._length, received[end:]
        self._received, self._length = b"", -1
        return True

    def close(self) -> None:
        self._socket.close()


def _body_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise GeneratorFailed(f"an answer without a length:\n{head.decode(errors='replace')}")
    return int(head[at + 17 : head.index(b"\r\n", at + 2)])


def _quantile_ms(latencies: list[float], share: float) -> float:
    """That quantile of sorted latencies, in ms; 0 of none."""
    return 1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else 0.0
