"""Tests of the limits on password attempts: per account, without a lock-out by others."""

from typing import Any

import pytest

from config.limits import Limits
from config.settings import ServerSettings
from tests.server.routes.user_service import PASSWORD, UserService

HOME, AWAY = "198.51.100.1", "203.0.113.7"
TIGHT = Limits(
    logins_per_s=1000,
    logins_burst=100_000,
    login_failures_burst=3,
    login_failures_per_minute=0.1,
    login_failures_elsewhere_burst=5,
    login_failures_elsewhere_per_minute=0.1,
    password_confirmations_burst=3,
    password_confirmations_per_minute=0.1,
)

pytestmark = [
    pytest.mark.parametrize("backing", [None]),
    pytest.mark.parametrize("limits", [TIGHT]),
    pytest.mark.parametrize("server_settings", [ServerSettings(trusted_proxies=1)]),
]


async def try_login(service: UserService, login: str, password: str, address: str) -> Any:
    """Log in from an address; return the token, or the code of the problem."""
    response = await service.client.post(
        "/v1/sessions",
        json={"login": login, "password": password},
        headers={"X-Forwarded-For": address},
    )
    body = await response.json(content_type=None)
    if response.status == 429:
        assert body["retry_after_ms"] > 0
        assert response.headers["Retry-After"]
    return body["token"] if response.status == 201 else body["code"]


async def register_at(service: UserService, address: str) -> None:
    body = {"email": "ana@example.test", "username": "ana", "password": PASSWORD}
    response = await service.client.post("/v1/users", json=body, headers={"X-Forwarded-For": address})
    assert response.status == 201


async def guess(service: UserService, login: str, address: str, count: int = 1) -> list[Any]:
    return [await try_login(service, login, "a bad password", address) for _ in range(count)]


async def test_wrong_passwords_are_limited_per_network(service: UserService) -> None:
    """Then even the right password waits there; another network is not affected."""
    await service.register("ana")
    assert await guess(service, "ana", AWAY, 4) == ["auth.invalid_credentials"] * 3 + ["rate.limited"]
    assert await try_login(service, "ana", PASSWORD, AWAY) == "rate.limited"
    assert len(await try_login(service, "ana", PASSWORD, HOME)) == 43


async def test_right_passwords_are_not_limited(service: UserService) -> None:
    """Only wrong ones count."""
    await service.register("ana")
    for _ in range(10):
        assert len(await try_login(service, "ana", PASSWORD, HOME)) == 43


async def test_attempts_from_many_networks_do_not_lock_the_owner_out(service: UserService) -> None:
    """They share one budget per account. A network where the account has logged in has its own."""
    await register_at(service, HOME)
    codes = [code for host in range(10) for code in await guess(service, "ana", f"192.0.2.{host}")]
    assert codes == ["auth.invalid_credentials"] * 5 + ["rate.limited"] * 5
    # Not known yet: waits. Known: logs in, by either login.
    assert await try_login(service, "ana", PASSWORD, AWAY) == "rate.limited"
    assert len(await try_login(service, "ana", PASSWORD, HOME)) == 43
    assert len(await try_login(service, "ANA@example.test", PASSWORD, HOME)) == 43


async def test_one_ipv6_network_counts_as_one(service: UserService) -> None:
    """A /64 is one customer."""
    await service.register("ana")
    codes = [code for host in range(4) for code in await guess(service, "ana", f"2001:db8::{host + 1}")]
    assert codes == ["auth.invalid_credentials"] * 3 + ["rate.limited"]


async def test_unknown_logins_are_limited_alike(service: UserService) -> None:
    """The limit does not tell which logins exist, nor that two belong to one account."""
    await service.register("ana")
    expected = ["auth.invalid_credentials"] * 3 + ["rate.limited"]
    for login in ("nobody", "nobody@example.test", "ana", "ana@example.test"):
        assert await guess(service, login, AWAY, 4) == expected
    assert await guess(service, " NOBODY ", AWAY) == ["rate.limited"]


async def test_current_password_is_limited_per_user(service: UserService) -> None:
    """Over all the requests that need it; whoever has a token can not guess on."""
    ana, ben = await service.register("ana"), await service.register("ben")
    change = {"current_password": "a bad password", "new_password": "a better password"}
    email = {"current_password": "a bad password", "email": "new@example.test"}
    for method, path, body in (
        ("PUT", "/v1/users/me/password", change),
        ("PATCH", "/v1/users/me", email),
        ("PUT", "/v1/users/me/password", change),
    ):
        await service.expect_error("auth.invalid_credentials", method, path, body, ana["token"])
    right = {**email, "current_password": PASSWORD}
    await service.expect_error("rate.limited", "PATCH", "/v1/users/me", right, ana["token"])
    await service.expect(200, "PATCH", "/v1/users/me", right, ben["token"])
    # The login has a budget of its own.
    assert len(await try_login(service, "ana", PASSWORD, HOME)) == 43
