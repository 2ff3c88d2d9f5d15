"""Connections that are kept open without a request or without reading, and too many of them."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from server.api_docs.endpoints import VIEWER_PATH
from server.instance import Instance
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


@contextmanager
def unread_connection(port: int, request: bytes) -> Iterator[socket.socket]:
    """A client with the smallest possible receive buffer that sends a request and reads nothing."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(request)
        yield client


async def http_connections(instance: Instance) -> int:
    """Return how many connections the server has, without that of this request."""
    async with raw_client(instance.port) as client:
        _, _, body = await client.request("GET /metrics HTTP/1.1\nHost: x")
    found = re.search(r"^convene_http_connections (\d+)", body.decode(), re.MULTILINE)
    assert found is not None
    return int(found[1]) - 1


@pytest.mark.parametrize("requests", [1, 50])
async def test_clients_that_read_nothing_are_disconnected(
    start_instance: StartInstance, requests: int
) -> None:
    """A response that is not taken ends the connection, also behind others that wait on it."""
    instance = await start_instance(write_timeout_ms=300)
    request = f"GET {VIEWER_PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * requests * 4
    with unread_connection(instance.port, request):
        async with asyncio.timeout(TIMEOUT_S):
            while not await http_connections(instance):
                """Not accepted yet."""
        async with asyncio.timeout(6 * TIMEOUT_S):
            while await http_connections(instance):
                """Still open."""
