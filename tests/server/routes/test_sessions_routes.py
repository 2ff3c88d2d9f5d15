"""Tests of login, logout and sessions over HTTP."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
from argon2 import PasswordHasher

from actors.accounts.passwords import HashCost
from config.limits import DEVICE_CHARACTERS, TOKEN_LIFETIME_S, Limits
from config.settings import ServerSettings
from tests.server.routes.user_service import PASSWORD, UserService, UserServiceStores

PROTECTED = [
    ("GET", "/v1/users/me"),
    ("PATCH", "/v1/users/me"),
    ("PUT", "/v1/users/me/password"),
    ("GET", "/v1/users/x"),
    ("GET", "/v1/users/by-username/x"),
    ("GET", "/v1/users?q=an"),
    ("GET", "/v1/sessions"),
    ("DELETE", "/v1/sessions/current"),
    ("DELETE", "/v1/sessions/x"),
]


@pytest.mark.parametrize("login", ["ana", "ANA", "ana@example.test", "Ana@Example.TEST"])
async def test_login_by_either_name_in_any_case(service: UserService, login: str) -> None:
    """E-mail and username both work; every login creates a session."""
    registered = await service.register("ana")
    signed = await service.login(login)
    assert signed["user"] == registered["user"]
    assert signed["token"] != registered["token"]
    assert await service.expect(200, "GET", "/v1/users/me", token=signed["token"]) == registered["user"]


ODD_LOGINS: list[tuple[Any, Any]] = [
    ("ana", "a bad password"),
    ("nobody", PASSWORD),
    ("nobody@example.test", PASSWORD),
    ("", PASSWORD),
    ("ana", ""),
    ("ana", PASSWORD + "\x00"),
    ("ana", "x" * 10_000),
    ("ana\x00", PASSWORD),
    ("x" * 10_000, PASSWORD),
    ("ana", " " + PASSWORD),
]


async def test_all_failed_logins_look_the_same(service: UserService) -> None:
    """Unknown login, wrong password and odd input have the same status, body and headers."""
    await service.register("ana")
    looks = set()
    for login, password in ODD_LOGINS:
        response = await service.request("POST", "/v1/sessions", {"login": login, "password": password})
        problem = await response.json(content_type="application/problem+json")
        assert problem.pop("request_id")
        headers = frozenset(name for name in response.headers if name != "Date")
        looks.add((response.status, tuple(sorted(problem.items())), headers))
    assert len(looks) == 1
    assert next(iter(looks))[0] == 401


@pytest.mark.parametrize("backing", [None])
async def test_every_failed_login_costs_one_hash(
    service: UserService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown user costs the same verification as a known one."""
    await service.register("ana")
    verified: list[str] = []
    real = PasswordHasher.verify

    def counted(hasher: PasswordHasher, password_hash: str, password: bytes) -> bool:
        verified.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return real(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for login, password in ODD_LOGINS:
        await service.expect_error(
            "auth.invalid_credentials", "POST", "/v1/sessions", {"login": login, "password": password}
        )
    assert len(verified) == len(ODD_LOGINS)
    assert len(set(verified)) == 1


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize("body", [{}, {"login": 5, "password": None}])
async def test_malformed_login_names_both_fields(service: UserService, body: dict[str, Any]) -> None:
    """A login without its fields is 422, not 401."""
    problem = await service.expect_error("request.invalid", "POST", "/v1/sessions", body)
    assert {fault["field"] for fault in problem["errors"]} == {"login", "password"}


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 43, "Bearer é", "x"]
)
async def test_private_routes_require_a_token(
    service: UserService, method: str, path: str, header: str | None
) -> None:
    """No token, a wrong scheme and an unknown token are 401 with a challenge."""
    headers = {} if header is None else {"Authorization": header}
    response = await service.client.request(method, path, headers=headers, json={})
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (401, "auth.required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_expired_token_has_its_own_code(service: UserService, user_stores: UserServiceStores) -> None:
    """An expired token differs from an unknown one."""
    ana = await service.register("ana")
    token = "e" * 43
    hashed = sha256(token.encode()).hexdigest()
    await user_stores.sessions.open(ana["user"]["id"], hashed, -1)
    await service.expect_error("auth.expired", "GET", "/v1/users/me", token=token)


async def test_sessions_are_listed_and_revoked(service: UserService) -> None:
    """Each login is listed; ending one invalidates its token only."""
    ana = await service.register("ana")
    other = await service.login("ana")
    page = await service.expect(200, "GET", "/v1/sessions", token=ana["token"])
    assert [session["current"] for session in page["items"]].count(True) == 1
    assert len(page["items"]) == 2
    (gone,) = [session["id"] for session in page["items"] if not session["current"]]
    await service.expect(200, "GET", "/v1/users/me", token=other["token"])
    await service.expect(204, "DELETE", f"/v1/sessions/{gone}", token=ana["token"])
    await service.expect_error("auth.required", "GET", "/v1/users/me", token=other["token"])
    await service.expect(200, "GET", "/v1/users/me", token=ana["token"])
    assert service.revoked == [gone]
    await service.expect_error("session.not_found", "DELETE", f"/v1/sessions/{gone}", token=ana["token"])


async def test_session_has_the_name_of_its_device(service: UserService) -> None:
    """From the `User-Agent` of the registration or the login; a header without a name gives none."""
    firefox = "Mozilla/5.0 (Android 15; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"
    agents = [firefox, "x" * 5_000, "Mozilla/5.0"]
    body = {"email": "ana@example.test", "username": "ana", "password": PASSWORD}
    response = await service.client.post("/v1/users", json=body, headers={"User-Agent": "curl/8.5.0"})
    token = (await response.json())["token"]
    for agent in agents:
        login = {"login": "ana", "password": PASSWORD}
        response = await service.client.post("/v1/sessions", json=login, headers={"User-Agent": agent})
        assert response.status == 201
    page = await service.expect(200, "GET", "/v1/sessions", token=token)
    named = {session["device"] for session in page["items"]}
    assert named == {"curl", "Firefox on Android", "x" * DEVICE_CHARACTERS, None}
    (current,) = [session["device"] for session in page["items"] if session["current"]]
    assert current == "curl"


async def test_sessions_are_paginated(service: UserService) -> None:
    """Pages of one item contain every session once."""
    token = (await service.register("ana"))["token"]
    for _ in range(3):
        await service.login("ana")
    met: list[str] = []
    cursor = ""
    while True:
        page = await service.expect(200, "GET", f"/v1/sessions?limit=1{cursor}", token=token)
        met += [session["id"] for session in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(met) == len(set(met)) == 4


async def test_session_of_another_user_cannot_be_ended(service: UserService) -> None:
    """It looks as if it did not exist."""
    ana, ben = await service.register("ana"), await service.register("ben")
    page = await service.expect(200, "GET", "/v1/sessions", token=ben["token"])
    path = f"/v1/sessions/{page['items'][0]['id']}"
    await service.expect_error("session.not_found", "DELETE", path, token=ana["token"])
    await service.expect(200, "GET", "/v1/users/me", token=ben["token"])


async def test_logout_ends_the_current_session(service: UserService) -> None:
    """The token stops working, and subscribers are notified."""
    ana = await service.register("ana")
    await service.expect(204, "DELETE", "/v1/sessions/current", token=ana["token"])
    await service.expect_error("auth.required", "GET", "/v1/users/me", token=ana["token"])
    assert len(service.revoked) == 1


async def test_new_password_ends_the_other_sessions(service: UserService) -> None:
    """The old password and the other tokens stop working; the current session continues."""
    ana = await service.register("ana")
    other = await service.login("ana")
    await service.expect(200, "GET", "/v1/users/me", token=other["token"])
    change = {"current_password": PASSWORD, "new_password": "a better password"}
    await service.expect(204, "PUT", "/v1/users/me/password", change, ana["token"])
    await service.expect_error("auth.required", "GET", "/v1/users/me", token=other["token"])
    await service.expect(200, "GET", "/v1/users/me", token=ana["token"])
    assert len(service.revoked) == 1
    await service.expect_error(
        "auth.invalid_credentials", "POST", "/v1/sessions", {"login": "ana", "password": PASSWORD}
    )
    await service.login("ana", "a better password")


async def test_new_password_needs_the_old_one(service: UserService) -> None:
    """A stolen token alone does not take over an account."""
    ana = await service.register("ana")
    other = await service.login("ana")
    change = {"current_password": "a bad password", "new_password": "a better password"}
    await service.expect_error(
        "auth.invalid_credentials", "PUT", "/v1/users/me/password", change, ana["token"]
    )
    short = {"current_password": PASSWORD, "new_password": "short"}
    problem = await service.expect_error(
        "request.invalid", "PUT", "/v1/users/me/password", short, ana["token"]
    )
    assert [fault["field"] for fault in problem["errors"]] == ["new_password"]
    await service.expect(200, "GET", "/v1/users/me", token=other["token"])
    assert service.revoked == []


async def test_no_table_holds_a_raw_token_or_password(service: UserService, backing: str | None) -> None:
    """A copy of the database contains no credentials."""
    ana = await service.register("ana")
    signed = await service.login("ana")
    if backing is None:
        people = service.accounts._users._tables  # type: ignore[attr-defined]
        dump = repr([people.users, people.password_hashes, people.sessions, people.session_ids_by_token])
    else:
        connection = await asyncpg.connect(backing)
        rows = [
            *await connection.fetch("SELECT * FROM users"),
            *await connection.fetch("SELECT * FROM user_sessions"),
        ]
        await connection.close()
        dump = repr(rows)
    assert ana["user"]["id"] in dump
    assert "$argon2id$" in dump
    for secret in (ana["token"], signed["token"], PASSWORD):
        assert secret not in dump


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize("hash_cost", [HashCost(memory_kib=65_536, rounds=6)])
async def test_hashing_does_not_block_the_event_loop(service: UserService) -> None:
    """While passwords are hashed the event loop runs many iterations, because hashing has its own threads."""
    passwords = service.accounts._credential_checks._passwords
    hashing = asyncio.gather(*(passwords.verify(None, "x" * 8) for _ in range(4)))
    iterations = 0
    while not hashing.done():
        await asyncio.sleep(0)
        iterations += 1
    await hashing
    assert iterations > 100


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize("hash_cost", [HashCost()])
@pytest.mark.parametrize("limits", [Limits(password_hashes_in_flight=1, password_hashes_queued=1)])
async def test_full_hash_queue_is_overloaded_with_retry_after(service: UserService) -> None:
    """Over the queue bound a login is 503 `server.overloaded`; later it works."""
    body = {"login": "nobody", "password": PASSWORD}
    responses = await asyncio.gather(*(service.request("POST", "/v1/sessions", body) for _ in range(8)))
    problems = [await response.json(content_type="application/problem+json") for response in responses]
    codes = sorted({problem["code"] for problem in problems})
    assert codes == ["auth.invalid_credentials", "server.overloaded"]
    busy = next(r for r, p in zip(responses, problems, strict=True) if p["code"] == "server.overloaded")
    assert busy.status == 503
    assert int(busy.headers["Retry-After"]) >= 1
    await service.expect_error("auth.invalid_credentials", "POST", "/v1/sessions", body)


async def test_hash_with_old_parameters_is_upgraded_at_login(
    service: UserService, user_stores: UserServiceStores
) -> None:
    """The first successful login replaces it."""
    ana = await service.register("ana")
    user_id = ana["user"]["id"]
    before = await user_stores.users.credentials_of(user_id)
    assert before is not None
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    await user_stores.logins.replace_password_hash(user_id, before.password_hash, old)
    await service.login("ana")
    after = await user_stores.users.credentials_of(user_id)
    assert after is not None
    assert after.password_hash != old
    assert after.password_hash.split("$")[:4] == before.password_hash.split("$")[:4]
    await service.login("ana")
    assert await service.expect(200, "GET", "/v1/users/me", token=ana["token"]) == ana["user"]


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize(
    "limits", [Limits(logins_per_s=1, logins_burst=3, registrations_burst=2, registrations_per_s=1)]
)
async def test_logins_and_registrations_have_separate_rate_limits(service: UserService) -> None:
    """Over the burst of an address it is 429 with a retry time; the other limit is unaffected."""
    body = {"login": "nobody", "password": PASSWORD}
    left = []
    for _ in range(3):
        response = await service.request("POST", "/v1/sessions", body)
        left.append((response.status, response.headers["RateLimit-Remaining"]))
    assert left == [(401, "2"), (401, "1"), (401, "0")]
    refused = await service.request("POST", "/v1/sessions", body)
    problem = await refused.json(content_type="application/problem+json")
    assert (refused.status, problem["code"]) == (429, "rate.limited")
    assert refused.headers["Retry-After"] == "1"
    assert 0 < problem["retry_after_ms"] <= 1000
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == ("3", "0")
    await service.register("ana")


@pytest.mark.parametrize("backing", [None])
@pytest.mark.parametrize("server_settings", [ServerSettings(requests_per_s=1, requests_burst=2)])
async def test_request_rate_limit_is_per_user(service: UserService) -> None:
    """It does not depend on the address."""
    ana, ben = await service.register("ana"), await service.register("ben")
    await service.expect(200, "GET", "/v1/users/me", token=ana["token"])
    await service.expect(200, "GET", "/v1/users/me", token=ana["token"])
    await service.expect_error("rate.limited", "GET", "/v1/users/me", token=ana["token"])
    await service.expect(200, "GET", "/v1/users/me", token=ben["token"])


@pytest.mark.parametrize("backing", [None])
async def test_lifetime_is_thirty_days(service: UserService) -> None:
    """`expires_at` is thirty days ahead."""
    signed = await service.register("ana")
    left_s = (datetime.fromisoformat(signed["expires_at"]) - datetime.now(UTC)).total_seconds()
    assert abs(left_s - TOKEN_LIFETIME_S) < 60
