"""Roles of moderators and admins over HTTP, and the users that moderators find."""

import asyncio
from typing import Any

import asyncpg
import pytest

from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from tests.moderation import make_admin
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.services.moderation_requests import set_role

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EFFECTIVE_S = 20.0
"""Far more than promised, for slow machines; a test of the promise would depend on the machine."""


async def test_role_is_effective_on_all_instances(
    api: ApiClient,
    second_api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
) -> None:
    """A cached token has the new role at once on this instance, and soon on the others."""
    (ana,) = await people.register(1, instance)
    path = "/v1/admin/reports"
    for each in (api, second_api):
        await each.expect_error("permission.denied", 403, ana, "GET", path)
        assert (await each.get(ana, "/v1/users/me"))["role"] is None
    assert (await set_role(api, admin, ana, "moderator"))["role"] == "moderator"
    await api.get(ana, path)
    await second_api.wait_for(ana, path, lambda _: True, timeout_s=EFFECTIVE_S)
    assert (await second_api.get(ana, "/v1/users/me"))["role"] == "moderator"
    await set_role(api, admin, ana, None)
    await api.expect_error("permission.denied", 403, ana, "GET", path)
    await second_api.wait_for(ana, path, lambda _: True, status=403, timeout_s=EFFECTIVE_S)


async def test_moderator_finds_users(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """By name in any case, and by id, also those who block the moderator."""
    (ana,) = await people.register(1, instance)
    await api.block(ana, moderator)
    by_name = await api.get(moderator, f"/v1/admin/users/by-username/{ana.username.upper()}")
    assert by_name == await api.get(moderator, f"/v1/admin/users/{ana.id}")
    assert (by_name["id"], by_name["role"], by_name["banned_at"]) == (ana.id, None, None)
    for unknown in ("nobody", "%00", "a" * 300):
        path = f"/v1/admin/users/by-username/{unknown}"
        await api.expect_error("user.not_found", 404, moderator, "GET", path)
    staff = await api.collect_pages(moderator, "/v1/admin/users?with_role=true", 1)
    assert moderator.id in [one["id"] for one in staff]


async def test_moderators_do_not_give_roles(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Only admins do."""
    (ana,) = await people.register(1, instance)
    body = {"role": "moderator", "reason": "x"}
    path = f"/v1/admin/users/{ana.id}/role"
    await api.expect_error("permission.denied", 403, moderator, "PUT", path, body)


async def test_last_admin_stays(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser, stores: StoreUrls
) -> None:
    """An admin can step down while there is another one, also if two do so at the same time."""
    connection = await asyncpg.connect(database_url(stores.postgres, "users"))
    others = [
        row["id"]
        for row in await connection.fetch(
            "UPDATE users SET role = NULL WHERE role = 'admin' AND id <> $1 RETURNING id", admin.id
        )
    ]
    try:
        path = f"/v1/admin/users/{admin.id}/role"
        body = {"role": None, "reason": "x"}
        await api.expect_error("role.last_admin", 409, admin, "PUT", path, body)
        (ana,) = await people.register(1, instance)
        await set_role(api, admin, ana, "admin")
        answers = await asyncio.gather(
            api.request(ana, "PUT", path, body),
            api.request(admin, "PUT", f"/v1/admin/users/{ana.id}/role", body),
        )
        left = await connection.fetch("SELECT id FROM users WHERE role = 'admin'")
        assert len(left) == 1, answers
    finally:
        await connection.execute("UPDATE users SET role = 'admin' WHERE id = ANY($1)", [*others, admin.id])
        await connection.close()


async def test_last_admin_keeps_the_account(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser, stores: StoreUrls
) -> None:
    """Until another user is admin."""
    connection = await asyncpg.connect(database_url(stores.postgres, "users"))
    others = [
        row["id"]
        for row in await connection.fetch("UPDATE users SET role = NULL WHERE role = 'admin' RETURNING id")
    ]
    try:
        (ana,) = await people.register(1, instance)
        await make_admin(stores, ana.id)
        body = {"current_password": PASSWORD}
        await api.expect_error("role.last_admin", 409, ana, "DELETE", "/v1/users/me", body)
        await api.get(ana, "/v1/users/me")
        await connection.execute("UPDATE users SET role = 'admin' WHERE id = ANY($1)", others)
        await api.expect(204, ana, "DELETE", "/v1/users/me", body)
    finally:
        await connection.execute("UPDATE users SET role = 'admin' WHERE id = ANY($1)", others)
        await connection.close()
