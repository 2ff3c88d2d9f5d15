"""Requests that are not HTTP, and responses that are not read."""

import asyncio
import functools
import re
from unittest.mock import MagicMock

import msgspec
import pytest
from aiohttp import web

from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from server.http.http_connection import HttpConnection, HttpConnectionLimiter
from tests.server.captured_log import captured_log
from tests.server.conftest import StartInstance
from tests.server.http.raw_client import raw_client
from tests.until import until


@pytest.mark.parametrize(
    "head",
    [
        "GET /" + "x" * 20_000 + " HTTP/1.1\nHost: x",
        "GET / HTTP/1.1\nHost: x\nX-Long: " + "x" * 20_000,
        "GE\x01T / HTTP/1.1\nHost: x",
        "GET / HTTP/9.9\nHost: x",
        "FOO / HTTP/1.1\nHost: x",
        "PROPFIND /v1/users HTTP/1.1\nHost: x",
        "POST /v1/users HTTP/1.1\nHost: x\nExpect: banana",
        "GET /nothing HTTP/1.1\nHost: x\nExpect: 100-continue\nExpect: banana",
        "GET /v1/ws HTTP/1.1\nHost: x\nExpect: banana",
        "GET /healthz HTTP/1.1\nHost: x\nExpect: 100-continue, banana",
    ],
    ids=[
        "long URL",
        "long header",
        "invalid method",
        "unknown version",
        "unknown method",
        "method of WebDAV",
        "odd Expect",
        "odd Expect in a second line",
        "odd Expect of a handshake",
        "odd Expect in a list",
    ],
)
async def test_malformed_http_gets_a_problem(
    start_instance: StartInstance, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What aiohttp refuses is answered with a problem, its status and a request id.

    It is logged without a traceback.
    """
    instance = await start_instance()
    async with raw_client(instance.port) as client:
        status, headers, body = await client.request(head)
    assert status in {400, 404, 405, 417, 505}
    assert headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(body)
    assert (problem["request_id"], problem["status"]) == (headers["x-request-id"], status)
    assert not re.search(r"python|aiohttp", headers["server"], re.IGNORECASE)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_client_that_goes_away_is_no_error(start_instance: StartInstance) -> None:
    """While its body is read. It leaves no traceback."""
    instance = await start_instance()
    head = "POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with captured_log() as log:
        async with raw_client(instance.port) as client:
            client.writer.write(f"{head}Expect: 100-continue\r\nContent-Length: 100\r\n\r\n".encode())
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.writer.write(b"{")
            await client.writer.drain()
            client.writer.transport.abort()
        await instance.stop()
    assert log.records("warning", "error") == []
    assert "exception" not in log.text


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n: none\r\n\r\n",
        b"POST /v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_malformed_http_is_one_line(start_instance: StartInstance, sent: bytes) -> None:
    """At INFO, without what was sent."""
    instance = await start_instance()
    with captured_log() as log:
        async with raw_client(instance.port) as client:
            client.writer.write(sent)
            await client.writer.drain()
            assert await client.closed()
        await instance.stop()
    assert [record["event"] for record in log.records("info", "warning", "error")].count(
        "malformed request"
    ) == 1
    assert log.records("warning", "error") == []
    assert "exception" not in log.text


class FakeTransport(asyncio.Transport):
    """A transport with a number of unsent bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.unsent = 0
        self.size_reads = 0
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        self.size_reads += 1
        return self.unsent

    def was_read_after(self, reads: int) -> bool:
        """Whether the buffer's size was looked at since it had been `reads` times."""
        return self.size_reads > reads

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (0, None)

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        """Like a real one with unsent bytes: it stays open until they are sent."""


async def test_only_clients_that_take_no_byte_are_aborted() -> None:
    """A slow one goes on, as long as it reads something in each period; also after the last response."""
    wheel = TimerWheel(asyncio.get_running_loop(), 0.01)
    limiter = HttpConnectionLimiter(wheel, Limits(write_timeout_ms=20), 0)
    connection = HttpConnection(
        limiter, web.Server(MagicMock()), loop=asyncio.get_running_loop(), access_log=None
    )
    transport = FakeTransport()
    connection.connection_made(transport)
    transport.unsent = 10
    connection.pause_writing()
    while transport.unsent:
        reads = transport.size_reads
        transport.unsent -= 1
        await until(functools.partial(transport.was_read_after, reads))
        assert not transport.aborted
    connection.resume_writing()
    transport.unsent = 10
    connection.pause_writing()
    connection.force_close()
    await until(lambda: transport.aborted)
    connection.connection_lost(None)
    wheel.close()
