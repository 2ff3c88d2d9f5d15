"""Tests of posts, comments and likes."""

from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
POST_KEYS = {
    "id",
    "author",
    "content",
    "event_id",
    "like_count",
    "comment_count",
    "liked_by_me",
    "created_at",
}


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


async def posts_of(
    api: ApiClient, viewer: RegisteredUser, author: RegisteredUser, limit: int = 100
) -> list[str]:
    return ids(await api.collect_pages(viewer, f"/v1/users/{author.id}/posts", limit))


@pytest.mark.parametrize("where", ["/v1/posts", "/v1/posts/{post}/comments"])
async def test_text_has_1_to_280_code_points(
    where: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Counted after trimming; an emoji counts as its code points."""
    (ana,) = await people.shared(1, instance)
    path = where.format(post=(await api.post(ana))["id"])
    for content, stored in (
        ("x", "x"),
        ("  \n x y \t ", "x y"),
        ("x" * 280, "x" * 280),
        (f" {'x' * 280} ", "x" * 280),
        ("\U0001f600" * 280, "\U0001f600" * 280),
        (FAMILY * 40, FAMILY * 40),
        ("e\u0301" * 140, "e\u0301" * 140),
        ("one\ntwo", "one\ntwo"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
    ):
        made = await api.expect(201, ana, "POST", path, {"content": content})
        assert made["content"] == stored
    for content in (
        "",
        "   ",
        "\n\t\u00a0\u2003",
        "x" * 281,
        "\U0001f600" * 281,
        FAMILY * 40 + "x",
        "e\u0301" * 140 + "x",
        "a\u0000b",
        "a\u0007b",
        "a\u001b[31mb",
        "a\u007fb",
    ):
        problem = await api.expect_error("request.invalid", 422, ana, "POST", path, {"content": content})
        assert [fault["field"] for fault in problem["errors"]] == ["content"], content


async def test_post_is_readable_at_once(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """By all users, as created; with its event, if that exists."""
    ana, ben = await people.register(2, instance)
    made = await api.post(ana, "hello")
    assert made.keys() >= POST_KEYS
    assert (made["author"]["id"], made["author"]["username"]) == (ana.id, ana.username)
    assert (made["event_id"], made["like_count"], made["comment_count"]) == (None, 0, 0)
    assert made["media"] == []
    assert made["liked_by_me"] is False
    assert made["created_at"].endswith("Z")
    assert await api.get(ben, f"/v1/posts/{made['id']}") == made
    event = (await api.event(ben))["id"]
    about = await api.post(ana, "come", event_id=event)
    assert about["event_id"] == event
    body = {"content": "x", "event_id": str(uuid4())}
    await api.expect_error("event.not_found", 404, ana, "POST", "/v1/posts", body)
    assert await posts_of(api, ben, ana) == [about["id"], made["id"]]


async def test_deleted_post_is_gone(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Only its author can delete it; comments and likes are deleted with it."""
    ana, ben = await people.register(2, instance)
    post = (await api.post(ana))["id"]
    comment = (await api.comment(ben, post))["id"]
    await api.expect(204, ben, "PUT", f"/v1/posts/{post}/like")
    await api.expect_error("permission.denied", 403, ben, "DELETE", f"/v1/posts/{post}")
    assert (await api.get(ben, f"/v1/posts/{post}"))["comment_count"] == 1
    await api.expect(204, ana, "DELETE", f"/v1/posts/{post}")
    for person in (ana, ben):
        for method, path, body in (
            ("GET", "", None),
            ("DELETE", "", None),
            ("PUT", "/like", None),
            ("DELETE", "/like", None),
            ("GET", "/likes", None),
            ("GET", "/comments", None),
            ("POST", "/comments", {"content": "x"}),
        ):
            await api.expect_error("post.not_found", 404, person, method, f"/v1/posts/{post}{path}", body)
        await api.expect_error("comment.not_found", 404, person, "DELETE", f"/v1/comments/{comment}")
        assert await posts_of(api, person, ana) == []
        assert (await api.get(person, "/v1/feed"))["items"] == []
    await api.wait_for(ben, f"/v1/users/{ana.id}/stats", lambda stats: stats["posts_count"] == 0)


async def test_likes_are_counted_once_per_user(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Latest first; a second like has no effect; `liked_by_me` is per viewer."""
    ana, ben, eve = await people.register(3, instance)
    path = f"/v1/posts/{(await api.post(ana))['id']}"
    for person, count in ((ben, 1), (ben, 1), (eve, 2), (ana, 3)):
        await api.expect(204, person, "PUT", f"{path}/like")
        seen = await api.get(person, path)
        assert (seen["like_count"], seen["liked_by_me"]) == (count, True)
    assert ids(await api.collect_pages(ben, f"{path}/likes", 2)) == [ana.id, eve.id, ben.id]
    for person, count in ((eve, 2), (eve, 2), (ben, 1)):
        await api.expect(204, person, "DELETE", f"{path}/like")
        seen = await api.get(person, path)
        assert (seen["like_count"], seen["liked_by_me"]) == (count, False)
    assert (await api.get(ana, path))["liked_by_me"] is True
    for items in (
        (await api.get(ana, f"/v1/users/{ana.id}/posts"))["items"],
        (await api.get(ana, "/v1/feed"))["items"],
    ):
        assert [(item["like_count"], item["liked_by_me"]) for item in items] == [(1, True)]


async def test_comments_are_listed_oldest_first(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """In pages, while others are written; the count follows."""
    ana, ben = await people.register(2, instance)
    path = f"/v1/posts/{(await api.post(ana))['id']}"
    made = [await api.comment(person, path.rpartition("/")[2], "x") for person in (ana, ben) * 3]
    assert made[1]["post_id"] == path.rpartition("/")[2]
    assert made[1]["author"]["username"] == ben.username
    first = await api.get(ana, f"{path}/comments?limit=4")
    made.append(await api.comment(ben, path.rpartition("/")[2], "late"))
    second = await api.get(ana, f"{path}/comments?limit=4&cursor={first['next_cursor']}")
    assert first["items"] + second["items"] == made
    assert second["next_cursor"] is None
    assert await api.collect_pages(ben, f"{path}/comments", 3) == made
    assert (await api.get(ben, path))["comment_count"] == 7


async def test_comment_can_be_deleted_by_either_author(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """By the author of the comment or of the post only; the count follows."""
    ana, ben, eve = await people.register(3, instance)
    post = (await api.post(ana))["id"]
    own, theirs, last = [(await api.comment(ben, post, word))["id"] for word in ("a", "b", "c")]
    await api.expect_error("permission.denied", 403, eve, "DELETE", f"/v1/comments/{own}")
    await api.expect(204, ben, "DELETE", f"/v1/comments/{own}")
    await api.expect(204, ana, "DELETE", f"/v1/comments/{theirs}")
    for gone in (own, theirs):
        for person in (ana, ben, eve):
            await api.expect_error("comment.not_found", 404, person, "DELETE", f"/v1/comments/{gone}")
    assert ids((await api.get(eve, f"/v1/posts/{post}/comments"))["items"]) == [last]
    assert (await api.get(eve, f"/v1/posts/{post}"))["comment_count"] == 1
    elsewhere = (await api.comment(ana, (await api.post(ben))["id"]))["id"]
    await api.expect_error("permission.denied", 403, eve, "DELETE", f"/v1/comments/{elsewhere}")


async def test_posts_of_a_user_are_paginated_while_more_arrive(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Newest first, without gaps or duplicates; the number of posts follows."""
    ana, ben = await people.register(2, instance)
    made = [(await api.post(ana, f"{number}"))["id"] for number in range(9)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await api.get(ben, f"/v1/users/{ana.id}/posts?limit=2{cursor and f'&cursor={cursor}'}")
        seen += ids(page["items"])
        cursor = page["next_cursor"]
        await api.post(ana, "meanwhile")
        if len(seen) == 4:
            await api.expect(204, ana, "DELETE", f"/v1/posts/{made[4]}")
    made.remove(made[4])
    assert seen == made[::-1]
    count = len(await posts_of(api, ben, ana))
    await api.wait_for(ben, f"/v1/users/{ana.id}/stats", lambda stats: stats["posts_count"] == count)
    await api.expect_error("user.not_found", 404, ben, "GET", f"/v1/users/{uuid4()}/posts")
