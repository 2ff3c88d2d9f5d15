"""Who may use `/ops`: the bearer token, the cookie of the login page, and the rules without a token."""

import time
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from actors.diagnostics.operator_channel import Answers
from actors.diagnostics.queries import InstanceOverview, Query
from actors.protocol.errors import ApiError
from server.application import error_middleware
from server.ops.access import (
    COOKIE,
    FAILED_ATTEMPTS_BURST,
    FAILED_ATTEMPTS_PER_S,
    SESSION_S,
    OperatorAccess,
)
from server.ops.endpoints import OperatorEndpoints
from tests.server.ops.conftest import TOKEN

Client = TestClient[web.Request, web.Application]
PATHS = ("/ops", "/ops/actors", "/ops/explain", "/ops/sessions/1", f"/ops/conversations/{'a' * 24}")
API = ("/ops/v1/overview", "/ops/v1/actors", "/ops/v1/explain", "/ops/v1/sessions/1")


class OneInstance:
    """An `OperatorChannel` with an instance that knows nothing."""

    async def ask(self, query: Query) -> Answers:
        overview = InstanceOverview("i1", "1", 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, True, 0.0, True)
        return Answers([overview], [], instances_known=True)


class NoSections:
    async def sections(self) -> list[str]:
        return []


def create_client(
    token: str | None, host: str = "127.0.0.1", clock: Callable[[], float] = time.monotonic
) -> Client:
    async def find_user(_name: str) -> str:
        raise AssertionError

    stand_ins: tuple[Any, Any, Any] = OneInstance(), None, NoSections()
    endpoints = OperatorEndpoints(OperatorAccess(token, host, clock), *stand_ins, find_user)
    app = web.Application(middlewares=[error_middleware])
    app.add_subapp("/ops", endpoints.create_application())
    return TestClient(TestServer(app))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with create_client(TOKEN) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_pages_redirect_to_the_login(path: str, client: Client) -> None:
    """Without credentials, nothing is shown."""
    async with client.get(path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/ops/login")


@pytest.mark.parametrize("path", API)
async def test_requests_without_a_token_are_401(path: str, client: Client) -> None:
    """With a problem, as on the public port."""
    async with client.get(path) as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == "auth.required"


@pytest.mark.parametrize("path", [*PATHS, *API])
@pytest.mark.parametrize("token", ["a-token-of-operatorS", TOKEN + "x", "", "é"])
async def test_wrong_bearer_token(token: str, path: str, client: Client) -> None:
    """401, also where the prefix is right. An empty token is none."""
    headers = {"Authorization": f"Bearer {token}"}
    async with client.get(path, headers=headers, allow_redirects=False) as answer:
        assert answer.status == (303 if not token and path in PATHS else 401)


def test_token_that_is_not_utf8_is_wrong() -> None:
    """And counts as a failed attempt."""
    access = OperatorAccess(TOKEN, "127.0.0.1")
    request = make_mocked_request("GET", "/ops/v1/overview")
    for _ in range(FAILED_ATTEMPTS_BURST):
        assert not access.is_token(request, "\udcff")
    with pytest.raises(ApiError, match="Too many failed attempts"):
        access.is_token(request, TOKEN)


async def test_bearer_token(client: Client) -> None:
    """Serves pages and JSON."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/ops", "/ops/v1/overview"):
        async with client.get(path, headers=headers) as answer:
            assert answer.status == 200


async def test_login_sets_a_strict_cookie(client: Client) -> None:
    """HTTP only, same site only, for `/ops` only; it contains no token, and no URL does."""
    async with client.post("/ops/login", data={"token": TOKEN}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/ops")
        cookie = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/ops"
    assert int(cookie["max-age"]) == SESSION_S
    assert TOKEN not in cookie.value
    async with client.get("/ops") as answer:
        assert answer.status == 200
        assert TOKEN not in await answer.text()
    async with client.post("/ops/logout", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/ops/login"
    async with client.get("/ops", allow_redirects=False) as answer:
        assert answer.status == 303


async def test_wrong_token_on_the_login_page(client: Client) -> None:
    """403, and no cookie."""
    async with client.post("/ops/login", data={"token": "x" * 20}) as answer:
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
        assert "not the token" in await answer.text()


async def test_failed_attempts_are_limited_per_address() -> None:
    """As bearer token, on the login page and as cookie together; then 429, also for the right token."""
    now_s = 0.0
    async with create_client(TOKEN, clock=lambda: now_s) as client:
        forged = {"Cookie": f"{COOKIE}=1.x"}

        async def statuses() -> list[int]:
            found = []
            for headers, path in (
                ({"Authorization": "Bearer x"}, "/ops/v1/overview"),
                (forged, "/ops/v1/overview"),
                ({"Authorization": f"Bearer {TOKEN}"}, "/ops"),
            ):
                async with client.get(path, headers=headers) as answer:
                    found.append(answer.status)
                    if answer.status == 429:
                        assert int(answer.headers["Retry-After"]) > 0
            async with client.post("/ops/login", data={"token": "x"}) as answer:
                return [*found, answer.status]

        for _ in range(FAILED_ATTEMPTS_BURST // 3):
            assert await statuses() == [401, 401, 200, 403]
        assert await statuses() == [401, 429, 429, 429]
        async with client.get("/ops/login") as answer:
            assert answer.status == 200
        now_s = 1 / FAILED_ATTEMPTS_PER_S
        assert await statuses() == [401, 429, 429, 429]
        now_s = 1000.0
        assert await statuses() == [401, 401, 200, 403]


async def test_expired_cookie_is_no_failed_attempt(client: Client) -> None:
    """A page that is open for long leads to the login."""
    expiry = str(int(time.time()) - 1)
    headers = {"Cookie": f"{COOKIE}={expiry}.{OperatorAccess(TOKEN, '127.0.0.1')._sign(expiry)}"}
    for _ in range(2 * FAILED_ATTEMPTS_BURST):
        async with client.get("/ops", headers=headers, allow_redirects=False) as answer:
            assert answer.status == 303


async def test_large_login_is_refused(client: Client) -> None:
    """The body of a login is small."""
    async with client.post("/ops/login", data={"token": "x" * 10_000}) as answer:
        assert answer.status == 413


@pytest.mark.parametrize("change", ["expiry", "signature", "token", "old", "empty", "digits"])
async def test_forged_or_old_cookie(change: str, client: Client) -> None:
    """A cookie holds only as it was set, until it expires, and while the token is the same."""
    access = OperatorAccess(TOKEN, "127.0.0.1")
    expiry = str(int(time.time()) + 100)
    signature = access._sign(expiry)
    value = {
        "expiry": f"{int(expiry) + 1}.{signature}",
        "signature": f"{expiry}.{signature[:-1]}",
        "token": f"{expiry}.{OperatorAccess(TOKEN + 'x', '127.0.0.1')._sign(expiry)}",
        "old": f"{int(time.time()) - 1}.{access._sign(str(int(time.time()) - 1))}",
        "empty": ".",
        "digits": "9" * 5000 + "." + signature,
    }[change]
    for cookie, status in ((f"{expiry}.{signature}", 200), (value, 303)):
        async with client.get(
            "/ops", headers={"Cookie": f"{COOKIE}={cookie}"}, allow_redirects=False
        ) as answer:
            assert answer.status == status


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[", ""])
async def test_form_of_another_site_is_refused(origin: str, client: Client) -> None:
    """Also with the right token: another site cannot log an operator in or out."""
    for path in ("/ops/login", "/ops/logout"):
        headers = {"Origin": origin, "Authorization": f"Bearer {TOKEN}"}
        async with client.post(path, data={"token": TOKEN}, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers


async def test_without_a_token_on_loopback() -> None:
    """Served to requests to a loopback name; a page that resolves its own name to 127.0.0.1 is refused."""
    async with create_client(None) as client:
        for host in ("127.0.0.1:1", "localhost:1", "[::1]:1"):
            async with client.get("/ops", headers={"Host": host}) as answer:
                assert answer.status == 200, host
        for host in ("rebound.example:1", "10.0.0.1", "localhost.example"):
            async with client.get("/ops", headers={"Host": host}) as answer:
                assert answer.status == 403, host


async def test_without_a_token_where_others_can_reach_it() -> None:
    """Refused, with the reason; no login is offered."""
    async with create_client(None, "0.0.0.0") as client:
        for path in (*PATHS, *API, "/ops/login"):
            async with client.get(path, allow_redirects=False) as answer:
                assert answer.status == 403
                assert "CONVENE_OPS_TOKEN" in await answer.text()


async def test_security_headers(client: Client) -> None:
    """No script, no frame, no cache, no referrer."""
    async with client.get("/ops/login") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        text = await answer.text()
    assert "<script" not in text
    assert "style=" not in text
