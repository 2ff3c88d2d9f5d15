"""Tests of posts that not everyone can see: of private accounts, and for followers only."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


async def assert_hidden(api: ApiClient, viewer: RegisteredUser, author: RegisteredUser, post: Json) -> None:
    """Assert that nothing of the post exists for the viewer."""
    path = f"/v1/posts/{post['id']}"
    for method, suffix, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {"content": "x"}),
        ("PUT", "/like", None),
        ("DELETE", "/like", None),
        ("GET", "/likes", None),
        ("GET", "/comments", None),
        ("POST", "/comments", {"content": "x"}),
        ("GET", "/history", None),
        ("PUT", "/bookmark", None),
        ("DELETE", "/bookmark", None),
    ):
        await api.expect_error("post.not_found", 404, viewer, method, path + suffix, body)
    report = {"kind": "post", "id": post["id"], "reason": "x"}
    await api.expect_error("post.not_found", 404, viewer, "POST", "/v1/reports", report)
    for listing in (f"/v1/users/{author.id}/posts", "/v1/feed", "/v1/bookmarks", *tag_lists(post)):
        assert post["id"] not in [item["id"] for item in await api.collect_pages(viewer, listing, 2)]


async def assert_visible(api: ApiClient, viewer: RegisteredUser, author: RegisteredUser, post: Json) -> None:
    assert (await api.get(viewer, f"/v1/posts/{post['id']}"))["visibility"] == post["visibility"]
    await api.get(viewer, f"/v1/posts/{post['id']}/comments")
    for listing in (f"/v1/users/{author.id}/posts", *tag_lists(post)):
        assert post["id"] in [item["id"] for item in await api.collect_pages(viewer, listing, 2)]


def tag_lists(post: Json) -> list[str]:
    return [f"/v1/tags/{tag}/posts" for tag in post["tags"]]


async def test_posts_for_followers_exist_only_for_followers(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """For others it is 404 or left out, everywhere, and from the moment at which the follow ends."""
    ana, ben, cyd = await people.register(3, instance)
    await api.follow(ben, ana)
    post = await api.post(ana, f"#only{ana.username[1:]}", visibility="followers")
    public = await api.post(ana, f"#only{ana.username[1:]}")
    assert (post["visibility"], public["visibility"]) == ("followers", "public")
    await assert_hidden(api, cyd, ana, post)
    await assert_visible(api, cyd, ana, public)
    await assert_visible(api, ana, ana, post)
    await assert_visible(api, ben, ana, post)
    await api.expect(204, ben, "PUT", f"/v1/posts/{post['id']}/bookmark")
    comment = await api.comment(ben, post["id"])
    await api.expect_error("comment.not_found", 404, cyd, "DELETE", f"/v1/comments/{comment['id']}")
    await api.expect(204, ben, "DELETE", f"/v1/users/{ana.id}/follow")
    assert (await second_api.get(ben, "/v1/bookmarks"))["items"] == []
    await second_api.expect_error("post.not_found", 404, ben, "GET", f"/v1/posts/{post['id']}")
    await second_api.expect(204, ben, "DELETE", f"/v1/posts/{post['id']}/bookmark")
    await second_api.expect(204, ben, "DELETE", f"/v1/comments/{comment['id']}")
    await assert_hidden(second_api, ben, ana, post)


async def test_posts_of_a_private_account_are_for_followers(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Also earlier posts and public ones, as soon as the change is acknowledged, until it is undone."""
    ana, ben, cyd = await people.register(3, instance)
    await api.follow(ben, ana)
    post = await api.post(ana, f"#private{ana.username[1:]}")
    await assert_visible(api, cyd, ana, post)
    await api.set_private(ana, private=True)
    await assert_hidden(second_api, cyd, ana, post)
    await assert_visible(second_api, ben, ana, post)
    await api.follow(cyd, ana)
    await assert_hidden(second_api, cyd, ana, post)
    await api.accept(ana, cyd)
    await assert_visible(second_api, cyd, ana, post)
    await api.expect(204, cyd, "DELETE", f"/v1/users/{ana.id}/follow")
    await assert_hidden(second_api, cyd, ana, post)
    await api.set_private(ana, private=False)
    await assert_visible(second_api, cyd, ana, post)


async def test_mentions_notify_only_who_can_see_the_post(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A mention in a post for followers notifies followers, until they cannot see the post any more."""
    ana, ben, cyd = await people.register(3, instance)
    await api.follow(ben, ana)
    text = f"@{ben.username} @{cyd.username}"
    hidden = await api.post(ana, text, visibility="followers")
    shown = await api.post(ana, text)

    def about(page: Json) -> list[str]:
        return [item["reference_id"] for item in page["items"] if item["type"] == "MENTION"]

    await api.wait_for(ben, "/v1/notifications", lambda page: about(page) == [shown["id"], hidden["id"]])
    await api.wait_for(cyd, "/v1/notifications", lambda page: about(page) == [shown["id"]])
    unread = "/v1/notifications/unread_count"
    assert await api.get(ben, unread) == {"unread_count": 2}
    await api.expect(204, ben, "DELETE", f"/v1/users/{ana.id}/follow")
    assert about(await api.get(ben, "/v1/notifications")) == [shown["id"]]
    await api.wait_for(ben, unread, lambda body: body == {"unread_count": 1})
    await api.set_private(ana, private=True)
    assert about(await api.get(ben, "/v1/notifications")) == []
    await api.wait_for(ben, unread, lambda body: body == {"unread_count": 0})


async def test_pages_are_full_where_posts_are_left_out(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Posts that the viewer cannot see take no places of a page of a tag."""
    ana, ben, cyd = await people.register(3, instance)
    tag = f"mixed{ana.username[1:]}"
    shown = []
    for number in range(8):
        await api.post(ana, f"#{tag} {number}", visibility="followers")
        if number % 2:
            shown.append((await api.post(ben, f"#{tag} {number}"))["id"])
    page = await api.get(cyd, f"/v1/tags/{tag}/posts?limit=3")
    assert [post["id"] for post in page["items"]] == shown[:0:-1]
    listed = await api.collect_pages(cyd, f"/v1/tags/{tag}/posts", 1)
    assert [post["id"] for post in listed] == shown[::-1]


async def test_visibility_is_checked(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Another value is refused and stores nothing."""
    (ana,) = await people.register(1, instance)
    body = {"content": "x", "visibility": "secret"}
    await api.expect_error("request.invalid", 422, ana, "POST", "/v1/posts", body)
    assert (await api.get(ana, f"/v1/users/{ana.id}/posts"))["items"] == []
