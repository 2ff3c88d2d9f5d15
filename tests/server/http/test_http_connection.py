"""Connections and bodies that cost a server more than their sender."""

import asyncio
import contextlib
import gzip
import re
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.server.captured_log import captured_log
from tests.server.conftest import StartInstance

TIMEOUT_S = 10.0


class RawClient:
    """One TCP connection that sends whatever bytes a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """Send a request and return status, headers and body of the response."""
        self.writer.write(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
        return await self.response()

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(TIMEOUT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            headers = {
                name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:] if line)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(lines[0].split()[1]), headers, body

    async def closed(self) -> bool:
        """Wait until the server has closed the connection."""
        async with asyncio.timeout(TIMEOUT_S):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65536):
                    pass
        return True


@contextlib.asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


COMPRESSED = gzip.compress(b"x" * 1_000_000)


@pytest.mark.parametrize("target", ["POST /v1/posts", "POST /v1/users", "GET /healthz", "POST /nowhere"])
async def test_compressed_bodies_are_rejected_unread(start_instance: StartInstance, target: str) -> None:
    """Every route answers 415 to any Content-Encoding, before authentication."""
    instance = await start_instance()
    async with raw_client(instance.port) as client:
        status, headers, body = await client.request(
            f"{target} HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Encoding: gzip\n"
            f"Content-Length: {len(COMPRESSED)}",
            COMPRESSED,
        )
        assert status == 415
        assert msgspec.json.decode(body)["code"] == "request.unsupported_media_type"
        assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_a_body_must_be_json(start_instance: StartInstance, content_type: str) -> None:
    """A form of another site cannot log a user in."""
    instance = await start_instance()
    body = b'{"login": "ana", "password": "correct horse"}'
    async with raw_client(instance.port) as client:
        status, _, answer = await client.request(
            f"POST /v1/sessions HTTP/1.1\nHost: x\nContent-Type: {content_type}\nContent-Length: {len(body)}",
            body,
        )
        assert status == 415
        assert msgspec.json.decode(answer)["code"] == "request.unsupported_media_type"


@pytest.mark.parametrize("sent", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_silent_connections_are_closed(start_instance: StartInstance, sent: bytes) -> None:
    """A first request that does not arrive in time ends the connection, whatever part of it was sent."""
    instance = await start_instance(request_timeout_ms=200)
    async with raw_client(instance.port) as client:
        client.writer.write(sent)
        assert await client.closed()


async def test_idle_connections_are_closed(start_instance: StartInstance) -> None:
    """A connection is kept for the keep-alive time after a response, and then closed."""
    instance = await start_instance(http_keepalive_s=0.3)
    async with raw_client(instance.port) as client:
        assert (await client.request("GET /healthz HTTP/1.1\nHost: x"))[0] == 200
        assert (await client.request("GET /healthz HTTP/1.1\nHost: x"))[0] == 200
        assert await client.closed()


@pytest.mark.parametrize("limit", ["http_connections", "http_connections_per_address"])
async def test_connections_beyond_the_limit_get_503(start_instance: StartInstance, limit: str) -> None:
    """Health and metrics are still answered; a closed connection frees its place."""
    instance = await start_instance(**{limit: 1})
    async with raw_client(instance.port) as first, raw_client(instance.port) as second:
        assert (await first.request("GET /v1/users/me HTTP/1.1\nHost: x"))[0] == 401
        assert (await second.request("GET /healthz HTTP/1.1\nHost: x"))[0] == 200
        status, headers, body = await second.request("GET /v1/users/me HTTP/1.1\nHost: x")
        assert status == 503
        assert msgspec.json.decode(body)["code"] == "server.overloaded"
        assert int(headers["retry-after"]) >= 1
        first.writer.close()
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                async with raw_client(instance.port) as third:
                    if (await third.request("GET /v1/users/me HTTP/1.1\nHost: x"))[0] == 401:
                        break


@pytest.mark.parametrize(
    "head",
    [
        "GET /" + "x" * 20_000 + " HTTP/1.1\nHost: x",
        "GET / HTTP/1.1\nHost: x\nX-Long: " + "x" * 20_000,
        "GE\x01T / HTTP/1.1\nHost: x",
        "GET / HTTP/9.9\nHost: x",
    ],
    ids=["long URL", "long header", "invalid method", "unknown version"],
)
async def test_malformed_http_gets_a_problem(
    start_instance: StartInstance, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be parsed is answered with a problem and a request id, and logged without a traceback."""
    instance = await start_instance()
    async with raw_client(instance.port) as client:
        status, headers, body = await client.request(head)
    assert status in {400, 405, 505}
    assert headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(body)["request_id"] == headers["x-request-id"]
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
