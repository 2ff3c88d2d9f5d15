"""Connections that are kept open without a request, and too many of them."""

import asyncio

import msgspec
import pytest

from tests.server.conftest import StartInstance
from tests.server.http.raw_client import TIMEOUT_S, raw_client


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
