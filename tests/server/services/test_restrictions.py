"""Tests of what moderators do to users over HTTP: silence, suspensions, bans, and appeals against them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EFFECTIVE_S = 20.0
"""Far more than promised, for slow machines."""


async def act(
    api: ApiClient, moderator: RegisteredUser, type_: str, user: RegisteredUser, **more: Json
) -> Json:
    body = {"type": type_, "kind": "user", "id": user.id, "reason": f"to {type_}", **more}
    return await api.expect(201, moderator, "POST", "/v1/admin/actions", body)


async def refused(api: ApiClient, actor: RegisteredUser, type_: str, user: RegisteredUser) -> str:
    body = {"type": type_, "kind": "user", "id": user.id, "reason": "x"}
    status, answer, _ = await api.request(actor, "POST", "/v1/admin/actions", body)
    assert status >= 400, answer
    return str(answer["code"])


async def test_silenced_user_reads_and_does_not_write(
    api: ApiClient,
    second_api: ApiClient,
    second_instance: Instance,
    instance: Instance,
    people: RegisteredUsers,
    moderator: RegisteredUser,
) -> None:
    """On all instances, over HTTP and on an open socket, until it is lifted."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben))["id"]
    post = await api.post(ben)
    path = f"/v1/conversations/{group}"
    async with connect_peer(second_instance.port) as peer:
        await peer.open(ana.token)

        async def send() -> str:
            body = {"conversation_id": group, "client_id": uuid4().hex, "content": "x"}
            answer = await peer.request("message.send", **body)
            return "ok" if answer["type"] == "ok" else str(answer["code"])

        async def until_socket(outcome: str) -> None:
            async with asyncio.timeout(EFFECTIVE_S):
                while await send() != outcome:
                    pass

        await second_api.get(ana, "/v1/users/me")
        assert await send() == "ok"
        await act(api, moderator, "silence", ana)
        await until_socket("user.silenced")
        for each in (api, second_api):
            await each.wait_for(ana, "/v1/posts", lambda _: True, 403, EFFECTIVE_S, "POST", {"content": "x"})
            for method, route, body in (
                ("POST", "/v1/posts", {"content": "x"}),
                ("POST", f"/v1/posts/{post['id']}/comments", {"content": "x"}),
                ("PUT", f"/v1/posts/{post['id']}/like", None),
                ("POST", f"{path}/messages", {"client_id": "c", "content": "x"}),
                ("PATCH", "/v1/users/me", {"bio": "x"}),
                ("PUT", f"/v1/users/{ben.id}/follow", None),
            ):
                await each.expect_error("user.silenced", 403, ana, method, route, body)
            assert (await each.get(ana, "/v1/users/me"))["silenced_until"].startswith("9999")
            await each.get(ana, f"{path}/messages")
            await each.expect(204, ana, "PUT", "/v1/notifications/read")
            await each.expect(200, ana, "PUT", f"{path}/read", {"seq": 1})
        assert (await peer.request("conversation.read", conversation_id=group, seq=1))["type"] == "ok"
        await act(api, moderator, "unsilence", ana)
        await until_socket("ok")
        for each in (api, second_api):
            await each.wait_for(ana, "/v1/posts", lambda _: True, 201, EFFECTIVE_S, "POST", {"content": "x"})


async def test_silenced_user_deletes_own_things_only(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """A host removes no attendee, co-host or request, an admin no member or message, an author no comment."""
    ana, ben, cyd = await people.register(3, instance)
    group = (await api.group(ana, ben, cyd))["id"]
    messages = f"/v1/conversations/{group}/messages"
    own, other = [
        (await api.expect(201, user, "POST", messages, {"client_id": uuid4().hex, "content": "x"}))["id"]
        for user in (ana, ben)
    ]
    more = (await api.expect(201, ana, "POST", messages, {"client_id": uuid4().hex, "content": "x"}))["id"]
    post = (await api.post(ana))["id"]
    comments = f"/v1/posts/{post}/comments"
    own_comment, other_comment = [
        (await api.expect(201, user, "POST", comments, {"content": "x"}))["id"] for user in (ana, ben)
    ]
    event = (await api.event(ana))["id"]
    await api.expect(200, ben, "PUT", f"/v1/events/{event}/rsvp", {"status": "GOING"})
    await api.expect(204, ana, "PUT", f"/v1/events/{event}/hosts/{cyd.id}")
    hosted = (await api.event(ben))["id"]
    await api.expect(204, ben, "PUT", f"/v1/events/{hosted}/hosts/{ana.id}")
    await act(api, moderator, "silence", ana)
    await api.wait_for(ana, "/v1/posts", lambda _: True, 403, EFFECTIVE_S, "POST", {"content": "x"})
    for path in (
        f"/v1/conversations/{group}/participants/{ben.id}",
        f"{messages}/{other}",
        f"/v1/comments/{other_comment}",
        f"/v1/events/{event}/rsvps/{ben.id}",
        f"/v1/events/{event}/hosts/{cyd.id}",
        f"/v1/events/{event}/requests/{ben.id}",
    ):
        await api.expect_error("user.silenced", 403, ana, "DELETE", path)
    async with connect_peer(instance.port) as peer:
        await peer.open(ana.token)
        answer = await peer.request("message.delete", conversation_id=group, message_id=other)
        assert answer["code"] == "user.silenced"
        answer = await peer.request("message.delete", conversation_id=group, message_id=more)
        assert answer["type"] == "ok"
    for path in (
        f"{messages}/{own}",
        f"/v1/comments/{own_comment}",
        f"/v1/events/{hosted}/hosts/{ana.id}",
        f"/v1/conversations/{group}/participants/{ana.id}",
        f"/v1/posts/{post}",
        f"/v1/events/{event}",
    ):
        await api.expect(204, ana, "DELETE", path)


async def test_silence_ends_at_its_time(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Without another action."""
    (ana,) = await people.register(1, instance)
    end = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    await act(api, moderator, "silence", ana, expires_at=end)
    await api.expect_error("user.silenced", 403, ana, "POST", "/v1/posts", {"content": "x"})
    await api.wait_for(ana, "/v1/posts", lambda _: True, 201, EFFECTIVE_S, "POST", {"content": "x"})
    assert (await api.get(moderator, f"/v1/admin/users/{ana.id}"))["silenced_until"] is None
    for expires_at in ("2020-01-01T00:00:00Z", "tomorrow"):
        body = {"type": "silence", "kind": "user", "id": ana.id, "reason": "x", "expires_at": expires_at}
        await api.expect_error("request.invalid", 422, moderator, "POST", "/v1/admin/actions", body)


@pytest.mark.parametrize(("action", "lift"), [("suspend", "unsuspend"), ("ban", "unban")])
async def test_suspension_ends_all_sessions_and_logins(
    api: ApiClient,
    second_api: ApiClient,
    second_instance: Instance,
    instance: Instance,
    people: RegisteredUsers,
    moderator: RegisteredUser,
    action: str,
    lift: str,
) -> None:
    """Sockets close on all instances; who knows the password learns why, and can appeal once."""
    (ana,) = await people.register(1, instance)
    login = {"login": ana.username, "password": PASSWORD}
    await second_api.get(ana, "/v1/users/me")
    async with connect_peer(second_instance.port) as peer:
        await peer.open(ana.token)
        acted = await act(api, moderator, action, ana)
        assert (await peer.read_until_closed()).code == 4503
    for each in (api, second_api):
        await each.wait_for(ana, "/v1/users/me", lambda _: True, 401, EFFECTIVE_S)
        await each.expect_error("user.suspended", 403, None, "POST", "/v1/sessions", login)
        wrong = {**login, "password": "another password"}
        await each.expect_error("auth.invalid_credentials", 401, None, "POST", "/v1/sessions", wrong)
    assert await refused(api, moderator, action, ana) == "action.no_effect"
    seen = await api.get(moderator, f"/v1/admin/users/{ana.id}")
    assert (seen["banned_at"] is not None, seen["suspended_until"] is not None) == (
        action == "ban",
        action == "suspend",
    )
    restricted = await api.collect_pages(moderator, "/v1/admin/users", 1)
    assert ana.id in [one["id"] for one in restricted]
    path = "/v1/account-appeals"
    appeal = {**login, "content": "please"}
    wrong = {**appeal, "password": "another password"}
    await api.expect_error("auth.invalid_credentials", 401, None, "POST", path, wrong)
    created = await api.expect(201, None, "POST", path, appeal)
    assert created["action_id"] == acted["id"]
    await api.expect_error("appeal.exists", 409, None, "POST", path, appeal)
    await act(api, moderator, lift, ana)
    assert await refused(api, moderator, lift, ana) == "action.no_effect"
    await api.expect(201, None, "POST", "/v1/sessions", login)
    await api.expect_error("auth.invalid_credentials", 401, None, "POST", path, appeal)


async def test_suspension_ends_at_its_time(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """The user can log in again without another action."""
    (ana,) = await people.register(1, instance)
    login = {"login": ana.username, "password": PASSWORD}
    end = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    await act(api, moderator, "suspend", ana, expires_at=end)
    problem = await api.expect_error("user.suspended", 403, None, "POST", "/v1/sessions", login)
    assert "until" in problem["detail"]
    await api.wait_for(None, "/v1/sessions", lambda _: True, 201, EFFECTIVE_S, "POST", login)


async def test_moderators_act_below_their_rank_only(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    moderator: RegisteredUser,
) -> None:
    """Not on themselves, on other moderators or on admins; admins act on moderators."""
    (other,) = await people.register(1, instance)
    body = {"role": "moderator", "reason": "x"}
    await api.expect(200, admin, "PUT", f"/v1/admin/users/{other.id}/role", body)
    for actor, target in ((moderator, moderator), (moderator, other), (moderator, admin), (admin, admin)):
        for type_ in ("warn", "silence", "ban"):
            assert await refused(api, actor, type_, target) == "permission.denied"
    await act(api, admin, "silence", other)


async def test_appeal_is_answered(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """One per action and by its user only; the answer notifies the user, and shows with the action."""
    ana, ben = await people.register(2, instance)
    warned = await act(api, moderator, "warn", ana)
    await act(api, moderator, "silence", ana)
    body = {"action_id": warned["id"], "content": " why? "}
    await api.expect_error("action.not_found", 404, ben, "POST", "/v1/appeals", body)
    key = uuid4().hex
    appeal = await api.expect(201, ana, "POST", "/v1/appeals", body, Idempotency_Key=key)
    assert await api.expect(201, ana, "POST", "/v1/appeals", body, Idempotency_Key=key) == appeal
    assert appeal["content"] == "why?"
    await api.expect_error("appeal.exists", 409, ana, "POST", "/v1/appeals", body)
    appeals = await api.collect_pages(moderator, "/v1/admin/appeals", 1)
    (listed,) = (one for one in appeals if one["id"] == appeal["id"])
    assert (listed["action"]["id"], listed["action"]["user"]["id"]) == (warned["id"], ana.id)
    path = f"/v1/admin/appeals/{appeal['id']}/answer"
    answer = {"accepted": True, "answer": "a mistake"}
    await api.expect(204, moderator, "PUT", path, answer)
    await api.expect_error("appeal.not_found", 404, moderator, "PUT", path, answer)
    assert appeal["id"] not in [
        one["id"] for one in await api.collect_pages(moderator, "/v1/admin/appeals", 100)
    ]
    silenced, own = await api.collect_pages(ana, "/v1/users/me/moderation-actions", 1)
    assert (own["id"], own["type"], own["reason"]) == (warned["id"], "warn", "to warn")
    assert "actor" not in own
    assert (own["appeal"]["accepted"], own["appeal"]["answer"]) == (True, "a mistake")
    assert (silenced["type"], silenced["appeal"]) == ("silence", None)
    page = await api.wait_for(ana, "/v1/notifications", lambda page: len(page["items"]) == 3)
    assert {one["message"] for one in page["items"]} == {
        "Moderators warn you: to warn",
        "Moderators have silenced you: you can read but not write: to silence",
        "Moderators have accepted your appeal",
    }
