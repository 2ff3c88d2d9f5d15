"""Tests of bookmarks."""

from typing import Any

import pytest

from actors.posts import bookmarks as bookmarks_module
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
LIST = "/v1/bookmarks"


def path_of(post: Json) -> str:
    return f"/v1/posts/{post['id']}/bookmark"


async def kept(api: ApiClient, user: RegisteredUser, limit: int = 100) -> list[str]:
    return [post["id"] for post in await api.collect_pages(user, LIST, limit)]


async def test_bookmarks_are_listed_by_time_of_bookmarking(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The latest first, in pages, once each; only for the user."""
    ana, ben = await people.register(2, instance)
    posts = [await api.post((ana, ben)[n % 2], f"post {n}") for n in range(4)]
    order = [2, 0, 3, 1]
    for number in [*order, 2]:
        await api.expect(204, ana, "PUT", path_of(posts[number]))
    for limit in (1, 3, 100):
        assert await kept(api, ana, limit) == [posts[number]["id"] for number in reversed(order)]
    assert await kept(api, ben) == []
    listed = (await api.get(ana, LIST))["items"]
    assert all(post["bookmarked_by_me"] for post in listed)
    seen = {post["id"]: post["bookmarked_by_me"] for post in (await api.get(ana, "/v1/feed"))["items"]}
    assert seen == {posts[0]["id"]: True, posts[2]["id"]: True}
    assert (await api.get(ben, f"/v1/posts/{posts[0]['id']}"))["bookmarked_by_me"] is False
    for _ in range(2):
        await api.expect(204, ana, "DELETE", path_of(posts[3]))
    assert await kept(api, ana) == [posts[number]["id"] for number in (1, 0, 2)]


async def test_posts_that_are_gone_are_not_listed(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Deleted posts, and posts across a block, whose bookmark may still be removed."""
    ana, ben, cyd = await people.register(3, instance)
    deleted, of_ben, of_cyd = await api.post(ben), await api.post(ben), await api.post(cyd)
    for post in (deleted, of_ben, of_cyd):
        await api.expect(204, ana, "PUT", path_of(post))
    await api.expect(204, ben, "DELETE", f"/v1/posts/{deleted['id']}")
    assert await kept(api, ana, 1) == [of_cyd["id"], of_ben["id"]]
    await api.expect_error("post.not_found", 404, ana, "PUT", path_of(deleted))
    await api.expect_error("post.not_found", 404, ana, "DELETE", path_of(deleted))
    await api.block(ben, ana)
    assert await kept(api, ana, 1) == [of_cyd["id"]]
    await api.expect_error("post.not_found", 404, ana, "PUT", path_of(of_ben))
    await api.expect(204, ana, "DELETE", path_of(of_ben))
    await api.expect_error("post.not_found", 404, ana, "DELETE", path_of(of_ben))
    await api.unblock(ben, ana)
    assert await kept(api, ana) == [of_cyd["id"]]


async def test_bookmarks_are_bounded(
    api: ApiClient, instance: Instance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is refused, until one is removed."""
    monkeypatch.setattr(bookmarks_module, "BOOKMARKS_MAX", 2)
    (ana,) = await people.register(1, instance)
    one, two, three = [await api.post(ana) for _ in range(3)]
    for post in (one, two):
        await api.expect(204, ana, "PUT", path_of(post))
    await api.expect(204, ana, "PUT", path_of(two))
    await api.expect_error("bookmark.limit", 409, ana, "PUT", path_of(three))
    await api.expect(204, ana, "DELETE", path_of(one))
    await api.expect(204, ana, "PUT", path_of(three))
    assert await kept(api, ana) == [three["id"], two["id"]]
