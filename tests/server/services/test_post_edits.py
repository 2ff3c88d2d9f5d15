"""Tests of edits of posts."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import pytest

from config.limits import POST_REVISIONS_MAX
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


def path_of(post: Json) -> str:
    return f"/v1/posts/{post['id']}"


async def texts(api: ApiClient, user: Any, post: Json, limit: int = 100) -> list[str]:
    return [one["content"] for one in await api.collect_pages(user, f"{path_of(post)}/history", limit)]


async def test_edit_replaces_the_text_and_keeps_the_former(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Counts, order and time of creation stay; the same text again changes nothing."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana, "one")
    assert post["edited_at"] is None
    assert await texts(api, ben, post) == []
    await api.expect(204, ben, "PUT", f"{path_of(post)}/like")
    await api.expect(200, ana, "PATCH", path_of(post), {"content": " two "})
    edited = await api.expect(200, ana, "PATCH", path_of(post), {"content": "three"})
    assert edited["edited_at"] > post["created_at"]
    assert edited == {**post, "content": "three", "like_count": 1, "edited_at": edited["edited_at"]}
    assert await api.expect(200, ana, "PATCH", path_of(post), {"content": "three"}) == edited
    assert await api.get(ben, path_of(post)) == {**edited, "liked_by_me": True}
    assert edited in (await api.get(ana, "/v1/feed"))["items"]
    for limit in (1, 100):
        assert await texts(api, ben, post, limit) == ["two", "one"]


async def test_edit_moves_tags_and_mentions(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Who is mentioned newly is notified, who is no more loses the notification."""
    ana, ben, cyd = await people.register(3, instance)
    old, new, kept = (f"t{uuid4().hex}" for _ in range(3))
    post = await api.post(ana, f"@{ben.username} #{old} #{kept}")
    await api.wait_for(ben, "/v1/notifications", lambda page: len(page["items"]) == 1)
    body = {"content": f"@{cyd.username} #{new} #{kept}"}
    edited = await api.expect(200, ana, "PATCH", path_of(post), body)
    assert ([one["id"] for one in edited["mentions"]], edited["tags"]) == ([cyd.id], [new, kept])
    await api.wait_for(cyd, "/v1/notifications", lambda page: len(page["items"]) == 1)
    await api.wait_for(ben, "/v1/notifications", lambda page: not page["items"])
    pages = {tag: (await api.get(ben, f"/v1/tags/{quote(tag)}/posts"))["items"] for tag in (old, new, kept)}
    assert pages == {old: [], new: [edited], kept: [edited]}


async def test_only_the_author_can_edit(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Whoever cannot see the post can see none of it."""
    ana, ben, eve = await people.register(3, instance)
    post = await api.post(ana, "one")
    await api.expect(200, ana, "PATCH", path_of(post), {"content": "two"})
    await api.block(ana, eve)
    body = {"content": "mine"}
    await api.expect_error("permission.denied", 403, ben, "PATCH", path_of(post), body)
    await api.expect_error("post.not_found", 404, eve, "PATCH", path_of(post), body)
    await api.expect_error("post.not_found", 404, eve, "GET", f"{path_of(post)}/history")
    await api.expect(204, ana, "DELETE", path_of(post))
    await api.expect_error("post.not_found", 404, ana, "PATCH", path_of(post), body)
    await api.expect_error("post.not_found", 404, ben, "GET", f"{path_of(post)}/history")


async def test_post_is_editable_for_15_minutes(
    api: ApiClient, instance: Instance, people: RegisteredUsers, stores: StoreUrls
) -> None:
    """Later nothing is stored."""
    (ana,) = await people.register(1, instance)
    young, old = await api.post(ana, "young"), await api.post(ana, "old")
    connection = await asyncpg.connect(database_url(stores.postgres, "posts"))
    try:
        for post, age in ((young, "14 minutes"), (old, "15 minutes 1 second")):
            await connection.execute(
                f"UPDATE posts SET created_at = now() - interval '{age}' WHERE id = $1", post["id"]
            )
    finally:
        await connection.close()
    await api.expect(200, ana, "PATCH", path_of(young), {"content": "new"})
    await api.expect_error("post.not_editable", 409, ana, "PATCH", path_of(old), {"content": "new"})
    assert (await api.get(ana, path_of(old)))["content"] == "old"
    assert await texts(api, ana, old) == []


async def test_edits_of_one_post_are_bounded(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Also concurrent ones, which keep each text once."""
    (ana,) = await people.register(1, instance)
    post = await api.post(ana, "start")
    answers = await asyncio.gather(
        *(
            api.request(ana, "PATCH", path_of(post), {"content": f"text {number}"})
            for number in range(POST_REVISIONS_MAX + 5)
        )
    )
    statuses = [status for status, *_ in answers]
    assert (statuses.count(200), statuses.count(409)) == (POST_REVISIONS_MAX, 5)
    kept = await texts(api, ana, post, 7)
    assert len(set(kept)) == len(kept) == POST_REVISIONS_MAX
    assert kept[-1] == "start"
    assert (await api.get(ana, path_of(post)))["content"] not in kept
