"""Tests of replies to comments and of likes of comments."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


def path_of(post: Json) -> str:
    return f"/v1/posts/{post['id']}/comments"


def like_path(comment: Json) -> str:
    return f"/v1/comments/{comment['id']}/like"


async def listed(api: ApiClient, user: RegisteredUser, post: Json) -> list[tuple[str, str | None]]:
    return [(one["id"], one["parent_id"]) for one in await api.collect_pages(user, path_of(post), 2)]


async def test_replies_follow_their_parent(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """In one list by time; a reply to a reply has the same parent; deleting the parent deletes them."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    root = await api.comment(ben, post["id"])
    other = await api.comment(ana, post["id"])
    reply = await api.comment(ana, post["id"], "reply", root["id"])
    second = await api.comment(ben, post["id"], "second", reply["id"])
    assert (root["parent_id"], reply["parent_id"], second["parent_id"]) == (None, root["id"], root["id"])
    assert await listed(api, ben, post) == [
        (root["id"], None),
        (other["id"], None),
        (reply["id"], root["id"]),
        (second["id"], root["id"]),
    ]
    assert (await api.get(ana, f"/v1/posts/{post['id']}"))["comment_count"] == 4
    await api.expect(204, ben, "DELETE", f"/v1/comments/{root['id']}")
    assert await listed(api, ben, post) == [(other["id"], None)]
    assert (await api.get(ana, f"/v1/posts/{post['id']}"))["comment_count"] == 1
    body = {"content": "late", "parent_id": reply["id"]}
    await api.expect_error("comment.not_found", 404, ana, "POST", path_of(post), body)


async def test_a_parent_is_on_the_same_post(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Anything else is not found, and nothing is stored."""
    ana, ben = await people.register(2, instance)
    post, elsewhere = await api.post(ana), await api.post(ana)
    comment = await api.comment(ben, elsewhere["id"])
    for parent_id in (comment["id"], post["id"], "no id", ""):
        body = {"content": "reply", "parent_id": parent_id}
        await api.expect_error("comment.not_found", 404, ben, "POST", path_of(post), body)
    assert await listed(api, ben, post) == []


async def test_replies_to_a_blocked_user_are_hidden(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With the comment that they reply to: nothing of it can be read, liked or answered."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    root = await api.comment(ben, post["id"])
    reply = await api.comment(ana, post["id"], "reply", root["id"])
    await api.block(cyd, ben)
    assert await listed(api, cyd, post) == []
    for one in (root, reply):
        body = {"content": "reply", "parent_id": one["id"]}
        await api.expect_error("comment.not_found", 404, cyd, "POST", path_of(post), body)
        await api.expect_error("comment.not_found", 404, cyd, "PUT", like_path(one))
        await api.expect_error("comment.not_found", 404, cyd, "DELETE", like_path(one))
    assert len(await listed(api, ben, post)) == 2


async def test_likes_of_comments_count_once(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Each user sees the count and their own like, which they can take back after a block too."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    comment = await api.comment(ana, post["id"])
    assert (comment["like_count"], comment["liked_by_me"]) == (0, False)
    for user in (ben, ben, ana):
        await api.expect(204, user, "PUT", like_path(comment))
    (seen,) = (await api.get(ben, path_of(post)))["items"]
    assert (seen["like_count"], seen["liked_by_me"]) == (2, True)
    await api.expect(204, ana, "DELETE", like_path(comment))
    await api.block(ana, ben)
    await api.expect(204, ben, "DELETE", like_path(comment))
    await api.expect_error("comment.not_found", 404, ben, "DELETE", like_path(comment))
    (seen,) = (await api.get(ana, path_of(post)))["items"]
    assert (seen["like_count"], seen["liked_by_me"]) == (0, False)


async def test_authors_of_comments_are_notified(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Once for a reply that mentions them too, and of likes; not of their own."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    root = await api.comment(ben, post["id"])
    reply = await api.comment(cyd, post["id"], f"@{ben.username} yes", root["id"])
    await api.comment(ben, post["id"], "thanks", root["id"])
    await api.expect(204, cyd, "PUT", like_path(root))
    await api.expect(204, ben, "PUT", like_path(root))

    def both(page: Json) -> bool:
        return len(page["items"]) == 2

    items = (await api.wait_for(ben, "/v1/notifications", both))["items"]
    assert {(one["type"], one["message"], one["reference_id"], one["count"]) for one in items} == {
        ("COMMENT", f"@{cyd.username} replied to your comment", post["id"], 1),
        ("LIKE", f"@{cyd.username} liked your comment", post["id"], 1),
    }
    await api.expect(204, cyd, "DELETE", f"/v1/comments/{reply['id']}")
    await api.expect(204, cyd, "DELETE", like_path(root))
    await api.wait_for(ben, "/v1/notifications", lambda page: page["items"] == [])


async def test_who_likes_a_comment(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The latest first, in pages, without users with a block between; not found with the comment."""
    ana, ben, cyd, dan = await people.register(4, instance)
    post = await api.post(ana)
    comment = await api.comment(ben, post["id"])
    path = f"{like_path(comment)}s"
    assert await api.collect_pages(ana, path, 1) == []
    for user in (ana, cyd, dan):
        await api.expect(204, user, "PUT", like_path(comment))
    liked = await api.collect_pages(ben, path, 1)
    assert [(user["id"], user["username"]) for user in liked] == [
        (user.id, user.username) for user in (dan, cyd, ana)
    ]
    await api.block(dan, cyd)
    assert [user["id"] for user in await api.collect_pages(cyd, path, 1)] == [cyd.id, ana.id]
    await api.block(ben, dan)
    await api.expect_error("comment.not_found", 404, dan, "GET", path)
    await api.expect(204, ana, "DELETE", f"/v1/posts/{post['id']}")
    await api.expect_error("comment.not_found", 404, cyd, "GET", path)
