"""What moderators may act on over HTTP, repeated requests, and the audit log."""

import asyncio
import itertools
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.services.moderation_requests import act, find_report, refused, report

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


async def test_moderators_act_on_contents_of_users_without_a_role(
    api: ApiClient, admin: RegisteredUser, moderator: RegisteredUser
) -> None:
    """Not on those of admins, nor on their own."""
    by_admin, own = await api.post(admin), await api.post(moderator)
    assert await refused(api, moderator, "hide", "post", by_admin["id"]) == "permission.denied"
    assert await refused(api, moderator, "hide", "post", own["id"]) == "permission.denied"
    await act(api, admin, "hide", "post", own["id"])
    assert await refused(api, moderator, "restore", "post", own["id"]) == "permission.denied"
    await act(api, admin, "restore", "post", own["id"])


async def test_action_on_what_does_not_exist(
    api: ApiClient, moderator: RegisteredUser, admin: RegisteredUser
) -> None:
    """404 by kind; an action that does not fit its target is invalid, and nothing is recorded."""
    before = (await api.get(moderator, "/v1/admin/audit?limit=1"))["items"]
    for kind in ("post", "comment", "event", "message"):
        for target_id in (str(uuid4()), "0" * 24, "no id"):
            assert await refused(api, moderator, "hide", kind, target_id) == f"{kind}.not_found"
    assert await refused(api, moderator, "warn", "user", str(uuid4())) == "user.not_found"
    assert await refused(api, moderator, "hide", "user", admin.id) == "request.invalid"
    assert await refused(api, moderator, "ban", "post", str(uuid4())) == "request.invalid"
    assert (await api.get(moderator, "/v1/admin/audit?limit=1"))["items"] == before


async def test_repeated_request_acts_once(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """The same key gives the first action again, and does not hide again what was restored."""
    (ana,) = await people.register(1, instance)
    post = await api.post(ana)
    body = {"type": "hide", "kind": "post", "id": post["id"], "reason": "x"}
    key = uuid4().hex
    first = await api.expect(201, moderator, "POST", "/v1/admin/actions", body, Idempotency_Key=key)
    await act(api, moderator, "restore", "post", post["id"])
    again = await api.expect(201, moderator, "POST", "/v1/admin/actions", body, Idempotency_Key=key)
    assert again == first
    assert (await api.get(ana, f"/v1/posts/{post['id']}"))["hidden_at"] is None
    actions = await api.collect_pages(moderator, f"/v1/admin/audit?user_id={ana.id}", 1)
    assert [one["type"] for one in actions] == ["restore", "hide"]


async def test_actions_are_counted(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """By type, in a metric of the instance."""
    (ana,) = await people.register(1, instance)
    await act(api, moderator, "warn", "user", ana.id)
    _, metrics, _ = await api.request_bytes(None, "GET", "/metrics")
    assert b'convene_moderation_actions_total{type="warn"}' in metrics


async def test_audit_log_is_append_only(
    stores: StoreUrls, instance: Instance, people: RegisteredUsers, admin: RegisteredUser, api: ApiClient
) -> None:
    """The database refuses to change or delete what was recorded."""
    (ana,) = await people.register(1, instance)
    await act(api, admin, "warn", "user", ana.id)
    assert (await api.get(admin, "/v1/admin/audit"))["items"]
    connection = await asyncpg.connect(database_url(stores.postgres, "users"))
    try:
        for statement in ("UPDATE moderation_actions SET reason = 'x'", "DELETE FROM moderation_actions"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_hiding_and_restoring_at_once_agree_with_the_log(
    api: ApiClient,
    second_api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    moderator: RegisteredUser,
) -> None:
    """The content ends in the state of its latest record, over two instances."""
    ana, ben = await people.register(2, instance)
    post = (await api.post(ana))["id"]
    group = (await api.group(ana, ben))["id"]
    body = {"client_id": "c", "content": "not nice"}
    message = (await api.expect(201, ana, "POST", f"/v1/conversations/{group}/messages", body))["id"]
    for kind, target_id in (("post", post), ("message", message)):
        await report(api, ben, kind, target_id)
        path = f"/v1/admin/reports/{(await find_report(api, moderator, target_id))['id']}"
        for _ in range(3):
            requests = [
                each.request(
                    actor,
                    "POST",
                    "/v1/admin/actions",
                    {"type": type_, "kind": kind, "id": target_id, "reason": "x"},
                )
                for each, actor, type_ in (
                    (api, admin, "hide"),
                    (second_api, moderator, "restore"),
                    (api, moderator, "hide"),
                    (second_api, admin, "restore"),
                )
            ]
            answers = await asyncio.gather(*requests)
            assert {status for status, _, _ in answers} <= {201, 409}, answers
            log = [
                one["type"]
                for one in await api.collect_pages(admin, f"/v1/admin/audit?user_id={ana.id}", 100)
                if one["target_id"] == target_id
            ]
            assert all(one != other for one, other in itertools.pairwise(log)), log
            assert (await api.get(moderator, path))["is_hidden"] == (log[0] == "hide"), log
