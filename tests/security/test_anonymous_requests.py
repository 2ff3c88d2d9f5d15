"""Requests without a valid token are counted per client address, whatever they ask for."""

import base64
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from config.settings import ServerSettings
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.http.raw_client import RawClient, raw_client
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance

BURST = 5
LIMITS = ServerSettings(port=0, requests_per_s=1, requests_burst=BURST, pages_per_s=1, pages_burst=BURST)


@pytest_asyncio.fixture
async def instance(stores: StoreUrls) -> AsyncIterator[Instance]:
    """A server with small budgets."""
    async with running_instance(
        stores, server=LIMITS, sockets_new_per_address_per_s=1.0, sockets_new_per_address_burst=BURST
    ) as started:
        yield started


def random_token() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


async def statuses(client: RawClient, target: str, headers: str = "", count: int = 2 * BURST) -> list[int]:
    return [(await client.request(f"{target} HTTP/1.1\nHost: x{headers}"))[0] for _ in range(count)]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("GET /nowhere", 404),
        ("GET /v1/nowhere", 404),
        ("DELETE /v1/users", 405),
        ("GET /", 200),
        ("GET /openapi.json", 200),
        ("GET /docs", 200),
        ("GET /web/nothing.js", 404),
        ("GET /readyz", 200),
        ("GET /healthz", 200),
        ("GET /v1/users/me", 401),
        ("GET /v1/posts/00000000-0000-4000-8000-000000000000", 401),
        ("GET /v1/stream", 401),
    ],
)
async def test_requests_without_a_token_are_limited(instance: Instance, target: str, status: int) -> None:
    """429 after the burst; health checks have a budget of their own, and a user is not affected."""
    async with raw_client(instance.port) as client:
        got = await statuses(client, target)
        assert got[:BURST] == [status] * BURST
        assert got[-1] == 429
        assert set(got) == {status, 429}
        if target not in {"GET /healthz", "GET /readyz"}:
            assert await statuses(client, "GET /healthz", count=1) == [200]


@pytest.mark.parametrize("path", ["/v1/users/me", "/v1/stream"])
async def test_unknown_tokens_are_limited(instance: Instance, path: str) -> None:
    """Each costs a lookup, so guessing another one does not help."""
    async with raw_client(instance.port) as client:
        got = [
            (await client.request(f"GET {path} HTTP/1.1\nHost: x\nAuthorization: Bearer {random_token()}"))[0]
            for _ in range(2 * BURST)
        ]
    assert got[:BURST] == [401] * BURST
    assert got[-1] == 429


async def test_compressed_bodies_are_limited(instance: Instance) -> None:
    """On routes too, which are not reached."""
    got = []
    for _ in range(2 * BURST):
        async with raw_client(instance.port) as client:
            got += await statuses(client, "POST /v1/sessions", "\nContent-Encoding: gzip", count=1)
    assert got[:BURST] == [415] * BURST
    assert got[-1] == 429


async def test_a_user_is_served_where_an_address_is_limited(
    instance: Instance, people: RegisteredUsers
) -> None:
    """Requests with a valid token count against the user."""
    (ana,) = await people.register(1, instance)
    async with raw_client(instance.port) as client:
        assert (await statuses(client, "GET /v1/users/me"))[-1] == 429
        own = f"\nAuthorization: Bearer {ana.token}"
        assert await statuses(client, "GET /v1/users/me", own, count=BURST) == [200] * BURST


async def test_new_event_streams_are_limited(instance: Instance, people: RegisteredUsers) -> None:
    """As new sockets are: opening and dropping them is work for the stores."""
    (ana,) = await people.register(1, instance)
    got = []
    for _ in range(2 * BURST):
        async with raw_client(instance.port) as client:
            client.writer.write(
                f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ana.token}\r\n\r\n".encode()
            )
            got.append(int((await client.reader.readuntil(b"\r\n\r\n")).split()[1]))
    assert got[:BURST] == [200] * BURST
    assert got[-1] == 429
