"""Tests of moderation over HTTP: roles, reports with snapshots, hidden contents and the audit log."""

import asyncio
import itertools
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from tests.moderation import make_admin
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EFFECTIVE_S = 20.0
"""Far more than promised, for slow machines; a test of the promise would depend on the machine."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stores: StoreUrls, instance: Instance, people: RegisteredUsers) -> RegisteredUser:
    (user,) = await people.register(1, instance)
    await make_admin(stores, user.id)
    return user


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def moderator(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> RegisteredUser:
    (user,) = await people.register(1, instance)
    await set_role(api, admin, user, "moderator")
    return user


async def set_role(api: ApiClient, admin: RegisteredUser, user: RegisteredUser, role: str | None) -> Json:
    body = {"role": role, "reason": "a reason"}
    return await api.expect(200, admin, "PUT", f"/v1/admin/users/{user.id}/role", body)


async def act(
    api: ApiClient, moderator: RegisteredUser, type_: str, kind: str, target_id: str, **more: Json
) -> Json:
    body = {"type": type_, "kind": kind, "id": target_id, "reason": f"to {type_}", **more}
    return await api.expect(201, moderator, "POST", "/v1/admin/actions", body)


async def refused(
    api: ApiClient, moderator: RegisteredUser, type_: str, kind: str, target_id: str, **more: Json
) -> str:
    body = {"type": type_, "kind": kind, "id": target_id, "reason": "a reason", **more}
    status, answer, _ = await api.request(moderator, "POST", "/v1/admin/actions", body)
    assert status >= 400, answer
    return str(answer["code"])


async def report(api: ApiClient, user: RegisteredUser, kind: str, target_id: str) -> None:
    body = {"kind": kind, "id": target_id, "reason": "not nice"}
    await api.expect(202, user, "POST", "/v1/reports", body)


async def find_report(api: ApiClient, moderator: RegisteredUser, target_id: str) -> Json:
    reports = await api.collect_pages(moderator, "/v1/admin/reports?state=open", 100)
    (found,) = (one for one in reports if one["target_id"] == target_id)
    return await api.get(moderator, f"/v1/admin/reports/{found['id']}")


# --- roles


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


# --- reports


async def test_report_of_a_post_has_its_text_of_then(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Also after an edit and after the deletion."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana, "the first text")
    await report(api, ben, "post", post["id"])
    await api.expect(200, ana, "PATCH", f"/v1/posts/{post['id']}", {"content": "another text"})
    found = await find_report(api, moderator, post["id"])
    assert found["is_hidden"] is False
    await api.expect(204, ana, "DELETE", f"/v1/posts/{post['id']}")
    found = await find_report(api, moderator, post["id"])
    assert found["is_hidden"] is None
    assert found["reporter"]["id"] == ben.id
    assert found["snapshot"] == {
        "author_id": ana.id,
        "author_name": ana.username,
        "content": "the first text",
        "created_at": post["created_at"],
        "container_id": None,
        "context": [],
    }


async def test_report_of_a_message_has_the_messages_around(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Three before and three after it, in order; the moderator need not be a member."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben))["id"]
    sent = [await api.send(ana if number % 2 else ben, group, f"text {number}") for number in range(9)]
    await report(api, ana, "message", sent[4]["id"])
    snapshot = (await find_report(api, moderator, sent[4]["id"]))["snapshot"]
    assert (snapshot["content"], snapshot["author_id"]) == ("text 4", ben.id)
    assert snapshot["container_id"] == group
    assert [entry["content"] for entry in snapshot["context"]] == [
        f"text {number}" for number in (1, 2, 3, 5, 6, 7)
    ]


async def test_report_of_comment_event_and_user(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """A comment comes with its post; an event and a user with their texts."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana, "a post")
    comment = await api.comment(ana, post["id"], "a comment")
    event = await api.event(ana, title="a title", description="a description")
    await api.expect(200, ana, "PATCH", "/v1/users/me", {"display_name": "Ana", "bio": "a bio"})
    for kind, target_id in (("comment", comment["id"]), ("event", event["id"]), ("user", ana.id)):
        await report(api, ben, kind, target_id)
    snapshot = (await find_report(api, moderator, comment["id"]))["snapshot"]
    assert (snapshot["content"], snapshot["container_id"]) == ("a comment", post["id"])
    assert [entry["content"] for entry in snapshot["context"]] == ["a post"]
    for target_id, content in ((event["id"], "a title\n\na description"), (ana.id, "Ana\n\na bio")):
        assert (await find_report(api, moderator, target_id))["snapshot"]["content"] == content


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


async def test_report_is_assigned(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    moderator: RegisteredUser,
) -> None:
    """To a moderator, and then to no one; both are in the audit log, and neither is a notification."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    await report(api, ben, "post", post["id"])
    found = await find_report(api, moderator, post["id"])
    assert found["assigned_to"] is None
    path = f"/v1/admin/reports/{found['id']}"

    async def ids(query: str) -> list[str]:
        return [one["id"] for one in await api.collect_pages(admin, f"/v1/admin/reports?{query}", 1)]

    assert found["id"] in await ids("unassigned=true")
    await api.expect(204, admin, "PUT", f"{path}/assignee", {"user_id": moderator.id})
    assert (await api.get(admin, path))["assigned_to"]["id"] == moderator.id
    assert found["id"] not in await ids("unassigned=true")
    assert found["id"] in await ids(f"assigned_to={moderator.id}&state=open")
    assert found["id"] not in await ids(f"assigned_to={admin.id}")
    await api.expect_error("report.not_moderator", 409, admin, "PUT", f"{path}/assignee", {"user_id": ben.id})
    await api.expect_error("user.not_found", 404, admin, "PUT", f"{path}/assignee", {"user_id": str(uuid4())})
    await api.expect(204, moderator, "PUT", f"{path}/assignee", {"user_id": None})
    assert found["id"] in await ids("unassigned=true")
    actions = [
        (one["type"], one["reason"], one["actor"]["id"])
        for one in await api.collect_pages(admin, "/v1/admin/audit", 100)
        if one["target_id"] == found["id"]
    ]
    assert actions == [
        ("unassign", "Assigned to no one.", moderator.id),
        ("assign", f"Assigned to @{moderator.username}.", admin.id),
    ]
    await api.expect(204, moderator, "PUT", f"{path}/resolution", {"resolution": "x"})
    await api.expect_error("report.not_found", 404, admin, "PUT", f"{path}/assignee", {"user_id": None})


@pytest.mark.parametrize("kind", ["post", "user"])
async def test_reports_about_a_moderator_are_for_others(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    moderator: RegisteredUser,
    kind: str,
) -> None:
    """The moderator neither resolves them nor has them assigned."""
    (ben,) = await people.register(1, instance)
    target_id = moderator.id if kind == "user" else (await api.post(moderator))["id"]
    await report(api, ben, kind, target_id)
    path = f"/v1/admin/reports/{(await find_report(api, admin, target_id))['id']}"
    resolution, assignee = {"resolution": "nothing wrong"}, {"user_id": moderator.id}
    await api.expect_error("permission.denied", 403, moderator, "PUT", f"{path}/resolution", resolution)
    for each in (admin, moderator):
        await api.expect_error("permission.denied", 403, each, "PUT", f"{path}/assignee", assignee)
    assert (await api.get(admin, path))["resolved_at"] is None
    await api.expect(204, admin, "PUT", f"{path}/resolution", resolution)


async def test_report_is_resolved_with_a_note(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Once; it moves from the open to the resolved ones."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    await report(api, ben, "post", post["id"])
    found = await find_report(api, moderator, post["id"])
    path = f"/v1/admin/reports/{found['id']}"
    await api.expect_error(
        "request.invalid", 422, moderator, "PUT", f"{path}/resolution", {"resolution": " "}
    )
    await api.expect(204, moderator, "PUT", f"{path}/resolution", {"resolution": " nothing wrong "})
    body = {"resolution": "again"}
    await api.expect_error("report.not_found", 404, moderator, "PUT", f"{path}/resolution", body)
    resolved = await api.get(moderator, path)
    assert (resolved["resolution"], resolved["resolved_by"]["id"]) == ("nothing wrong", moderator.id)
    ids = [one["id"] for one in await api.collect_pages(moderator, "/v1/admin/reports?state=open", 100)]
    assert found["id"] not in ids
    ids = [one["id"] for one in await api.collect_pages(moderator, "/v1/admin/reports?state=resolved", 1)]
    assert found["id"] in ids
    await api.expect_error("report.not_found", 404, moderator, "GET", f"/v1/admin/reports/{uuid4()}")


# --- hidden contents


async def test_hidden_post_exists_for_its_author_and_moderators_only(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Others get 404 for all of it, until it is restored. Both actions notify the author."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana, "not nice")
    path = f"/v1/posts/{post['id']}"
    await api.expect(204, ben, "PUT", f"{path}/bookmark")
    hidden = await act(api, moderator, "hide", "post", post["id"])
    assert (hidden["user"]["id"], hidden["actor"]["id"]) == (ana.id, moderator.id)
    for method, route in (("GET", path), ("PUT", f"{path}/like"), ("GET", f"{path}/comments")):
        await api.expect_error("post.not_found", 404, ben, method, route)
    assert (await api.get(ben, "/v1/bookmarks"))["items"] == []
    assert (await api.get(ben, f"/v1/users/{ana.id}/posts"))["items"] == []
    for seen_by in (ana, moderator):
        seen = await api.get(seen_by, path)
        assert seen["hidden_at"] is not None
        assert seen["content"] == "not nice"
    page = await api.wait_for(ana, "/v1/notifications", lambda page: page["items"])
    (notification,) = page["items"]
    assert notification["type"] == "MODERATION"
    assert notification["sender"] is None
    assert notification["reference_id"] == hidden["id"]
    assert notification["message"] == "Moderators have hidden your post: to hide"
    assert await refused(api, moderator, "hide", "post", post["id"]) == "action.no_effect"
    await act(api, moderator, "restore", "post", post["id"])
    assert (await api.get(ben, path))["hidden_at"] is None
    assert await refused(api, moderator, "restore", "post", post["id"]) == "action.no_effect"
    await api.wait_for(ana, "/v1/notifications", lambda page: len(page["items"]) == 2)


async def test_hidden_comment_is_not_counted(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Its author and moderators still see it; the count follows hiding, restoring and deletion."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    comment = await api.comment(ben, post["id"], "not nice")
    await api.wait_for(ana, "/v1/notifications", lambda page: page["items"])
    path = f"/v1/posts/{post['id']}"

    async def seen_by(user: RegisteredUser) -> list[str]:
        return [one["id"] for one in (await api.get(user, f"{path}/comments"))["items"]]

    await act(api, moderator, "hide", "comment", comment["id"])
    assert (await api.get(cyd, path))["comment_count"] == 0
    assert [await seen_by(user) for user in (ana, cyd, ben, moderator)] == [
        [],
        [],
        [comment["id"]],
        [comment["id"]],
    ]
    assert (await api.get(ben, f"{path}/comments"))["items"][0]["hidden_at"] is not None
    body = {"kind": "comment", "id": comment["id"], "reason": "x"}
    await api.expect_error("comment.not_found", 404, cyd, "POST", "/v1/reports", body)
    await api.wait_for(ana, "/v1/notifications", lambda page: not page["items"])
    await act(api, moderator, "restore", "comment", comment["id"])
    assert await seen_by(cyd) == [comment["id"]]
    assert (await api.get(cyd, path))["comment_count"] == 1
    await act(api, moderator, "hide", "comment", comment["id"])
    await api.expect(204, ben, "DELETE", f"/v1/comments/{comment['id']}")
    assert (await api.get(cyd, path))["comment_count"] == 0


async def test_hidden_message_looks_deleted_and_comes_back(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Each takes a seq; the text and the reactions are in no answer meanwhile, also not for its author."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben))["id"]
    message = await api.send(ana, group, "not nice")
    path = f"/v1/conversations/{group}"

    async def read(user: RegisteredUser) -> Json:
        return (await api.get(user, f"{path}/messages"))["items"][0]

    assert (await api.get(ben, path))["unread_count"] == 1
    await act(api, moderator, "hide", "message", message["id"])
    for user in (ana, ben):
        hidden = await read(user)
        assert (hidden["content"], hidden["reactions"]) == ("", [])
        assert hidden["hidden_at"] == hidden["deleted_at"] is not None
        changes = await api.get(user, f"{path}/changes?after=0")
        assert "not nice" not in str(changes)
    assert hidden["changed_seq"] == message["seq"] + 1
    assert (await api.get(ben, path))["unread_count"] == 0
    await api.expect_error(
        "message.deleted", 409, ana, "PATCH", f"{path}/messages/{message['id']}", {"content": "x"}
    )
    await act(api, moderator, "restore", "message", message["id"])
    restored = await read(ben)
    assert (restored["content"], restored["deleted_at"], restored["hidden_at"]) == ("not nice", None, None)
    assert restored["changed_seq"] == message["seq"] + 2
    await act(api, moderator, "hide", "message", message["id"])
    await api.expect(204, ana, "DELETE", f"{path}/messages/{message['id']}")
    assert await refused(api, moderator, "restore", "message", message["id"]) == "message.not_found"


async def test_hidden_comment_hides_its_replies(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """They cannot be read, liked or replied to, until the comment is restored."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    comments = f"/v1/posts/{post['id']}/comments"
    root = await api.comment(ben, post["id"], "not nice")
    body = {"content": "indeed", "parent_id": root["id"]}
    reply = await api.expect(201, cyd, "POST", comments, body)
    await act(api, moderator, "hide", "comment", root["id"])
    for one in (root, reply):
        late = {"content": "late", "parent_id": one["id"]}
        await api.expect_error("comment.not_found", 404, cyd, "POST", comments, late)
        await api.expect_error("comment.not_found", 404, cyd, "PUT", f"/v1/comments/{one['id']}/like")
    assert (await api.get(cyd, comments))["items"] == []
    assert len((await api.get(moderator, comments))["items"]) == 2
    assert (await api.get(cyd, f"/v1/posts/{post['id']}"))["comment_count"] == 0
    await act(api, moderator, "restore", "comment", root["id"])
    assert [one["id"] for one in (await api.get(cyd, comments))["items"]] == [root["id"], reply["id"]]


async def test_hidden_event_exists_for_its_creator_and_moderators_only(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Others get 404, and searches leave it out."""
    ana, ben = await people.register(2, instance)
    title = f"t{uuid4().hex}"
    event = await api.event(ana, title=title)
    path = f"/v1/events/{event['id']}"
    await act(api, moderator, "hide", "event", event["id"])
    for method, route in (("GET", path), ("GET", f"{path}/rsvps"), ("GET", f"{path}/calendar.ics")):
        await api.expect_error("event.not_found", 404, ben, method, route)
    body = {"status": "GOING"}
    await api.expect_error("event.not_found", 404, ben, "PUT", f"{path}/rsvp", body)
    for query in (f"q={title}", "category=SOCIAL&limit=100"):
        found = (await api.get(ben, f"/v1/events?{query}"))["items"]
        assert event["id"] not in [one["id"] for one in found]
    for seen_by in (ana, moderator):
        assert (await api.get(seen_by, path))["hidden_at"] is not None
    await api.expect_error("event.not_found", 404, ana, "GET", f"{path}/calendar.ics")
    own = "/v1/events?mine=hosting"
    assert (await api.get(ana, own))["items"] == []
    await act(api, moderator, "restore", "event", event["id"])
    assert [one["id"] for one in (await api.get(ana, own))["items"]] == [event["id"]]
    assert [one["id"] for one in (await api.get(ben, f"/v1/events?q={title}"))["items"]] == [event["id"]]
    await act(api, moderator, "hide", "event", event["id"])
    await api.expect(204, ana, "DELETE", path)


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
