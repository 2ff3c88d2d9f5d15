"""Reports as moderators read them, with what was reported and what was around it."""

from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.services.moderation_requests import find_report, report

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


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


async def test_report_of_a_deleted_or_system_message_names_its_author(
    api: ApiClient, instance: Instance, people: RegisteredUsers, moderator: RegisteredUser
) -> None:
    """Members see these messages too. The text of a deleted one is gone; what is around it is there."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben))["id"]
    await api.send(ana, group, "before")
    deleted = await api.send(ben, group, "deleted soon")
    await api.expect(204, ben, "DELETE", f"/v1/conversations/{group}/messages/{deleted['id']}")
    await api.expect(200, ana, "PATCH", f"/v1/conversations/{group}", {"name": "a bad name"})
    system = (await api.get(ana, f"/v1/conversations/{group}/messages"))["items"][0]
    for reporter, target in ((ana, deleted), (ben, system)):
        await report(api, reporter, "message", target["id"])
    snapshot = (await find_report(api, moderator, deleted["id"]))["snapshot"]
    assert (snapshot["author_id"], snapshot["content"]) == (ben.id, "")
    assert "before" in [entry["content"] for entry in snapshot["context"]]
    snapshot = (await find_report(api, moderator, system["id"]))["snapshot"]
    assert snapshot["author_id"] == ana.id
    assert "a bad name" in snapshot["content"]


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
