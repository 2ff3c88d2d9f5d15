"""Requests that are not HTTP."""

import re

import msgspec
import pytest

from tests.server.captured_log import captured_log
from tests.server.conftest import StartInstance
from tests.server.http.raw_client import raw_client


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
    """What aiohttp refuses is answered with a problem and a request id, and logged without a traceback."""
    instance = await start_instance()
    async with raw_client(instance.port) as client:
        status, headers, body = await client.request(head)
    assert status in {400, 404, 405, 417, 505}
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
