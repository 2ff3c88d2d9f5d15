"""HTTP load generator: keep-alive connections with one outstanding request each, in this process.

    encoded request -> socket -> status and length of the response -> next encoded request

Responses are parsed for status and length only, so that the generator costs little next to the stores that
share its core. All connections are opened before the measurement.
"""

import gc
import select
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec

from bench.harness.generator import GeneratorFailed
from bench.harness.process_cpu import OTHER_CORE, on_core

REPLY_TIMEOUT_S = 30.0
RECEIVE_BYTES_MAX = 256 * 1024
STATUSES_WITHOUT_BODY = frozenset((204, 304))


class RequestSlice(msgspec.Struct, frozen=True):
    """Result of one slice. Latency is from sending a request to the last byte of its response."""

    seconds: float
    requests: int
    rejected: int
    bytes: int
    cpu_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class HttpResponse(msgspec.Struct, frozen=True):
    status: int
    body: bytes


def encode_request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """Encode a request with the headers that a typical client sends."""
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
                connection = HttpConnection(port)
                self._connections[connection.file_descriptor] = connection
                self._poll.register(connection.file_descriptor, select.EPOLLIN)
        except OSError as error:
            self.close()
            raise GeneratorFailed(f"cannot connect to port {port}: {error}") from error

    def send_one(self, encoded_request: bytes) -> HttpResponse:
        """Send one request and wait for the complete response."""
        connection = next(iter(self._connections.values()))
        connection.send(encoded_request)
        while not connection.receive():
            self._wait_readable()
        return HttpResponse(connection.status, connection.body)

    def slice(self, requests: Iterator[bytes], seconds: float, concurrency: int) -> RequestSlice:
        """Keep `concurrency` requests outstanding for `seconds`, or until `requests` is exhausted."""
        with on_core(OTHER_CORE):
            gc.disable()
            try:
                return self._run_slice(requests, seconds, concurrency)
            finally:
                gc.enable()

    def _run_slice(self, requests: Iterator[bytes], seconds: float, concurrency: int) -> RequestSlice:
        latencies: list[float] = []
        rejected = size = outstanding = 0
        connections, clock = self._connections, time.perf_counter
        cpu_s, started_at = time.thread_time(), clock()
        deadline = started_at + seconds
        for connection, request in zip(list(connections.values())[:concurrency], requests, strict=False):
            connection.send(request)
            outstanding += 1
        while outstanding:
            for file_descriptor in self._wait_readable():
                connection = connections[file_descriptor]
                if not connection.receive():
                    continue
                now = clock()
                latencies.append(now - connection.sent_at)
                size += connection.length
                rejected += connection.status >= 300
                next_request = next(requests, None) if now < deadline else None
                if next_request is None:
                    outstanding -= 1
                else:
                    connection.send(next_request)
        duration_s = clock() - started_at
        cpu_s = time.thread_time() - cpu_s
        latencies.sort()
        return RequestSlice(
            seconds=duration_s,
            requests=len(latencies),
            rejected=rejected,
            bytes=size,
            cpu_s=cpu_s,
            p50_ms=_quantile_ms(latencies, 0.5),
            p99_ms=_quantile_ms(latencies, 0.99),
            max_ms=_quantile_ms(latencies, 1.0),
        )

    def _wait_readable(self) -> list[int]:
        ready = self._poll.poll(REPLY_TIMEOUT_S)
        if not ready:
            raise GeneratorFailed(f"no response within {REPLY_TIMEOUT_S:.0f} s")
        return [file_descriptor for file_descriptor, _ in ready]

    def close(self) -> None:
        self._poll.close()
        for connection in self._connections.values():
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class HttpConnection:
    """A keep-alive connection and its latest response."""

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
        """Read available bytes; return whether the response is complete."""
        data = self._socket.recv(RECEIVE_BYTES_MAX)
        if not data:
            raise GeneratorFailed("the server closed a connection")
        received = self._received = self._received + data if self._received else data
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
        raise GeneratorFailed(f"response without Content-Length:\n{head.decode(errors='replace')}")
    return int(head[at + 17 : head.index(b"\r\n", at + 2)])


def _quantile_ms(latencies: list[float], share: float) -> float:
    """Return a quantile of sorted latencies in ms; 0 if there are none."""
    return 1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else 0.0
