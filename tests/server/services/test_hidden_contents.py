"""Contents that a moderator hides and restores over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.services.moderation_requests import act, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


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
