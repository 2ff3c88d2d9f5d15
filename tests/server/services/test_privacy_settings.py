"""Tests of the settings that decide who may add or invite a user."""

from typing import Any
from uuid import uuid4

import pytest

from actors.protocol.objects import Audience, Privacy
from client.http_client import HttpClient
from config.settings import PrivacyDefaults
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.services.consent_requests import (
    Pair,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
WAIT_TIMEOUT_S = 30.0


async def test_settings_start_open_and_change_one_by_one(pair: Pair, people: RegisteredUsers) -> None:
    """A user without settings allows everyone; an absent field stays; another value is refused."""
    (ana,) = await people.register(1, pair.first)
    api, path = pair.api, "/v1/users/me/privacy"
    assert await api.get(ana, path) == {"groups": "everyone", "invites": "everyone"}
    changed = await api.expect(200, ana, "PATCH", path, {"invites": "nobody"})
    assert changed == {"groups": "everyone", "invites": "nobody"}
    changed = await api.expect(200, ana, "PATCH", path, {"groups": "known"})
    assert changed == {"groups": "known", "invites": "nobody"}
    assert await pair.api_of_second.get(ana, path) == changed
    await api.expect_error("request.invalid", 422, ana, "PATCH", path, {"groups": "friends"})


async def test_python_client_has_the_settings(pair: Pair, people: RegisteredUsers) -> None:
    """As types; one that is not given stays."""
    (ana,) = await people.register(1, pair.first)
    async with HttpClient(f"http://127.0.0.1:{pair.first.port}", ana.token) as client:
        await client.update_privacy(groups=Audience.KNOWN)
        changed = await client.update_privacy(invites=Audience.NO_ONE)
        assert await client.privacy() == changed == Privacy(Audience.KNOWN, Audience.NO_ONE)


async def test_new_accounts_get_the_configured_settings(stores: StoreUrls) -> None:
    """`[privacy]` decides what an account starts with, also for a registration with an idempotency key."""
    async with running_instance(stores, privacy=PrivacyDefaults("known", "nobody")) as instance:
        users = RegisteredUsers()
        (ana,) = await users.register(1, instance)
        async with ApiClient(instance) as api:
            settings = await api.get(ana, "/v1/users/me/privacy")
            assert settings == {"groups": "known", "invites": "nobody"}
            name = f"u{uuid4().hex}"
            body = {"email": f"{name}@example.test", "username": name, "password": "correct horse battery"}
            made = await api.expect(201, None, "POST", "/v1/users", body, Idempotency_Key=name)
            keyed = RegisteredUser(made["user"]["id"], name, made["token"])
            assert await api.get(keyed, "/v1/users/me/privacy") == settings
