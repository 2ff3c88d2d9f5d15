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
from bench.harness.processor import OTHER_CORE

PATIENCE_S = 30.0
RECEIVED_BYTES = 256 * 1024
WITHOUT_BODY = frozenset((204, 304))


class Calls(msgspec.Struct, frozen=True):
    """What one slice brought. Latency is from the sending of a request to the last byte of its answer."""

    seconds: float
    requests: int
    refused: int
    bytes: int
    cpu_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
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


class Caller:
    def __init__(self, port: int, connections: int) -> None:
        self._lines: dict[int, Line] = {}
        self._poll = select.epoll()
        try:
            for _ in range(connections):
                line = Line(port)
                self._lines[line.number] = line
                self._poll.register(line.number, select.EPOLLIN)
        except OSError as error:
            self.close()
            raise GeneratorFailed(f"port {port} lets nobody in: {error}") from error

    def answer(self, asked: bytes) -> Answer:
        """Send one request alone and wait for all of its answer."""
        line = next(iter(self._lines.values()))
        line.send(asked)
        while not line.take():
            self._wait()
        return Answer(line.status, line.body)

    def slice(self, requests: Iterator[bytes], seconds: float, at_once: int) -> Calls:
        """Keep `at_once` requests under way for `seconds`, or for as long as there are any."""
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {OTHER_CORE} & cores or cores)
        gc.disable()
        try:
            return self._slice(requests, seconds, at_once)
        finally:
            gc.enable()
            os.sched_setaffinity(0, cores)

    def _slice(self, requests: Iterator[bytes], seconds: float, at_once: int) -> Calls:
        latencies: list[float] = []
        refused = size = under_way = 0
        lines, clock = self._lines, time.perf_counter
        cpu_s, began = time.thread_time(), clock()
        deadline = began + seconds
        for line, asked in zip(list(lines.values())[:at_once], requests, strict=False):
            line.send(asked)
            under_way += 1
        while under_way:
            for number in self._wait():
                line = lines[number]
                if not line.take():
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
        return Calls(
            seconds=took_s,
            requests=len(latencies),
            refused=refused,
            bytes=size,
            cpu_s=cpu_s,
            p50_ms=_share(latencies, 0.5),
            p99_ms=_share(latencies, 0.99),
            max_ms=_share(latencies, 1.0),
        )

    def _wait(self) -> list[int]:
        ready = self._poll.poll(PATIENCE_S)
        if not ready:
            raise GeneratorFailed(f"no answer within {PATIENCE_S:.0f} s")
        return [number for number, _ in ready]

    def close(self) -> None:
        self._poll.close()
        for line in self._lines.values():
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class Line:
    """One connection and the answer that comes in on it."""

    __slots__ = ("_length", "_received", "_socket", "body", "length", "number", "sent_at", "status")

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = self._socket.fileno()
        self._received = b""
        self._length = -1
        self.body = b""
        self.length = self.status = 0
        self.sent_at = 0.0

    def send(self, asked: bytes) -> None:
        self.sent_at = time.perf_counter()
        self._socket.sendall(asked)

    def take(self) -> bool:
        """Take what has come; whether that completes the answer."""
        came = self._socket.recv(RECEIVED_BYTES)
        if not came:
            raise GeneratorFailed("a connection was closed")
        received = self._received = self._received + came if self._received else came
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        if self._length < 0:
            self.status = int(received[9:12])
            self._length = end + (0 if self.status in WITHOUT_BODY else _body_length(received[:end]))
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


def _share(latencies: list[float], share: float) -> float:
    """That quantile of sorted latencies, in ms; 0 of none."""
    return 1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else 0.0
