"""Tests of reposts and quotes."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
FEED = "/v1/feed"
LOOK = {"content": "look"}


def path_of(post: Json) -> str:
    return f"/v1/posts/{post['id']}/repost"


def post_path(post: Json) -> str:
    return f"/v1/posts/{post['id']}"


async def repost(api: ApiClient, user: RegisteredUser, post: Json, body: Json = None) -> Json:
    return await api.expect(201, user, "POST", path_of(post), body)


async def listed(api: ApiClient, user: RegisteredUser, path: str = FEED, limit: int = 100) -> list[str]:
    return [post["id"] for post in await api.collect_pages(user, path, limit)]


async def test_repost_shows_the_original(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Once per user; it can be taken back by either id."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana, "hello")
    made = await repost(api, ben, post)
    assert (made["content"], made["author"]["id"]) == ("", ben.id)
    assert (made["repost_of"]["id"], made["repost_of"]["author"]["id"]) == (post["id"], ana.id)
    assert (made["repost_of"]["repost_count"], made["repost_of"]["reposted_by_me"]) == (1, True)
    assert (await repost(api, ben, post, {}))["id"] == made["id"]
    again = await repost(api, cyd, post)
    assert again["repost_of"]["id"] == post["id"]
    assert await api.get(cyd, post_path(again)) == again
    seen = await api.get(ana, post_path(post))
    assert (seen["repost_count"], seen["reposted_by_me"], seen["repost_of"]) == (2, False, None)
    assert await listed(api, ana, f"/v1/users/{ben.id}/posts") == [made["id"]]
    for _ in range(2):
        await api.expect(204, ben, "DELETE", path_of(post))
    await api.expect(204, cyd, "DELETE", path_of(again))
    await api.expect_error("post.not_found", 404, cyd, "DELETE", path_of(again))
    assert (await api.get(ana, post_path(post)))["repost_count"] == 0
    assert await listed(api, ana, f"/v1/users/{ben.id}/posts") == []


async def test_reposts_cannot_be_reposted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Nor quoted, also one's own; the error names the field, and nothing is stored."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    made = await repost(api, ben, post)
    for user, body in ((cyd, None), (cyd, LOOK), (ben, None)):
        problem = await api.expect_error("request.invalid", 422, user, "POST", path_of(made), body)
        assert [(one["field"], one["code"]) for one in problem["errors"]] == [("id", "repost")]
    assert (await api.get(ana, post_path(post)))["repost_count"] == 1
    assert await listed(api, cyd, f"/v1/users/{cyd.id}/posts") == []


async def test_quotes_have_a_text(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Any number; a quote of a quote shows one level; the text is validated."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    quotes = [await repost(api, ben, post, LOOK) for _ in range(2)]
    assert quotes[0]["id"] != quotes[1]["id"]
    assert (quotes[0]["content"], quotes[0]["repost_of"]["id"]) == ("look", post["id"])
    outer = await repost(api, ana, quotes[0], {"content": "and this #moss"})
    assert (outer["repost_of"]["id"], outer["repost_of"]["repost_of"]) == (quotes[0]["id"], None)
    assert outer["tags"] == ["moss"]
    for content in ("", " ", "x" * 281):
        await api.expect_error("request.invalid", 422, ben, "POST", path_of(post), {"content": content})
    edited = await api.expect(200, ben, "PATCH", post_path(quotes[0]), {"content": "other"})
    assert (edited["content"], edited["repost_of"]["id"]) == ("other", post["id"])
    plain = await repost(api, ben, post)
    await api.expect_error("post.not_editable", 409, ben, "PATCH", post_path(plain), {"content": "text"})
    assert (await api.get(ana, post_path(post)))["repost_count"] == 3


async def test_repeated_quote_with_a_key_is_stored_once(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With another body the key is a conflict."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    made = [await api.expect(201, ben, "POST", path_of(post), LOOK, Idempotency_Key="a") for _ in range(2)]
    assert made[0] == made[1]
    other = await api.expect(409, ben, "POST", path_of(post), {"content": "other"}, Idempotency_Key="a")
    assert other["code"] == "idempotency.conflict"
    assert (await api.get(ana, post_path(post)))["repost_count"] == 1


async def test_what_one_cannot_see_cannot_be_reposted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not found: blocked, deleted and unknown posts; a repost may be taken back after a block."""
    ana, ben = await people.register(2, instance)
    post, deleted = await api.post(ana), await api.post(ana)
    await repost(api, ben, post)
    await api.expect(204, ana, "DELETE", post_path(deleted))
    await api.block(ana, ben)
    for bad in (post, deleted, {"id": ana.id}, {"id": "no id"}):
        await api.expect_error("post.not_found", 404, ben, "POST", path_of(bad))
        await api.expect_error("post.not_found", 404, ben, "POST", path_of(bad), LOOK)
    await api.expect(204, ben, "DELETE", path_of(post))
    await api.expect_error("post.not_found", 404, ben, "DELETE", path_of(post))
    assert (await api.get(ana, post_path(post)))["repost_count"] == 0


async def test_reposts_of_a_blocked_user_are_hidden(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """For everything of the repost; quotes are shown without the original."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    made, quote = await repost(api, ben, post), await repost(api, ben, post, LOOK)
    await api.follow(cyd, ben)
    await api.wait_for(cyd, FEED, lambda page: len(page["items"]) == 2)
    await api.block(ana, cyd)
    for path in (FEED, f"/v1/users/{ben.id}/posts"):
        for limit in (1, 100):
            assert await listed(api, cyd, path, limit) == [quote["id"]]
        (shown,) = (await api.get(cyd, path))["items"]
        assert shown["repost_of"] is None
    for method, path in (
        ("GET", post_path(made)),
        ("PUT", f"{post_path(made)}/like"),
        ("GET", f"{post_path(made)}/comments"),
        ("PUT", f"{post_path(made)}/bookmark"),
        ("POST", path_of(made)),
    ):
        await api.expect_error("post.not_found", 404, cyd, method, path)
    assert (await api.get(cyd, post_path(quote)))["repost_of"] is None
    await api.unblock(ana, cyd)
    await api.expect(204, cyd, "PUT", f"/v1/users/{ana.id}/mute")
    assert await listed(api, cyd) == [quote["id"]]
    assert len(await listed(api, cyd, f"/v1/users/{ben.id}/posts")) == 2


async def test_deleted_original_leaves_quotes(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Without it; reposts are deleted with it."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    made, quote = await repost(api, ben, post), await repost(api, ben, post, LOOK)
    await api.expect(204, ana, "DELETE", post_path(post))
    assert await listed(api, ben) == [quote["id"]]
    shown = await api.get(ana, post_path(quote))
    assert (shown["content"], shown["repost_of"]) == ("look", None)
    await api.expect_error("post.not_found", 404, ben, "GET", post_path(made))


async def test_a_post_is_once_on_a_page_of_the_feed(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The latest of it and its reposts; quotes are posts on their own."""
    ben, cyd, dan = await people.register(3, instance)
    for user in (ben, cyd):
        await api.follow(dan, user)
    post = await api.post(ben)
    first, second = await repost(api, ben, post), await repost(api, cyd, post)
    quote = await repost(api, cyd, post, LOOK)
    expected = [quote["id"], second["id"]]
    await api.wait_for(dan, FEED, lambda page: [one["id"] for one in page["items"]] == expected)
    everything = [quote["id"], second["id"], first["id"], post["id"]]
    assert await listed(api, dan, limit=1) == everything


async def test_authors_are_notified_of_reposts(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Grouped, quotes apart; withdrawn with the repost; not of their own."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana)
    await repost(api, ana, post)
    await repost(api, ben, post)
    await api.wait_for(ana, "/v1/notifications", lambda page: len(page["items"]) == 1)
    await repost(api, cyd, post)
    quote = await repost(api, cyd, post, LOOK)
    page = await api.wait_for(
        ana, "/v1/notifications", lambda page: sum(one["count"] for one in page["items"]) == 3
    )
    assert {(one["type"], one["message"], one["reference_id"]) for one in page["items"]} == {
        ("REPOST", f"@{cyd.username} and 1 more reposted your post", post["id"]),
        ("REPOST", f"@{cyd.username} quoted your post", post["id"]),
    }
    await api.expect(204, cyd, "DELETE", post_path(quote))
    for user in (ben, cyd):
        await api.expect(204, user, "DELETE", path_of(post))
    await api.wait_for(ana, "/v1/notifications", lambda page: page["items"] == [])


async def test_reactions_to_a_repost_are_about_the_original(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Likes, comments and bookmarks, also when they are taken back."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    made = await repost(api, ben, post)
    for action in ("like", "bookmark"):
        await api.expect(204, ben, "PUT", f"{post_path(made)}/{action}")
    comment = await api.comment(ben, made["id"])
    reply = await api.comment(ana, post["id"], "reply", comment["id"])
    assert (comment["post_id"], reply["parent_id"]) == (post["id"], comment["id"])
    seen = await api.get(ben, post_path(post))
    assert (seen["like_count"], seen["comment_count"], seen["bookmarked_by_me"]) == (1, 2, True)
    for path in (f"{post_path(made)}/comments", f"{post_path(post)}/comments"):
        assert await listed(api, ana, path) == [comment["id"], reply["id"]]
    assert await listed(api, ana, f"{post_path(made)}/likes") == [ben.id]
    assert await listed(api, ben, "/v1/bookmarks") == [post["id"]]
    for action in ("like", "bookmark"):
        for _ in range(2):
            await api.expect(204, ben, "DELETE", f"{post_path(made)}/{action}")
    seen = await api.get(ben, post_path(post))
    assert (seen["like_count"], seen["bookmarked_by_me"]) == (0, False)


async def test_posts_for_followers_cannot_be_reposted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not by followers and not by the author; for others they do not exist."""
    ana, ben, cyd = await people.register(3, instance)
    await api.follow(ben, ana)
    post = await api.post(ana, visibility="followers")
    for user in (ana, ben):
        for body in (None, LOOK):
            await api.expect_error("permission.denied", 403, user, "POST", path_of(post), body)
    await api.expect_error("post.not_found", 404, cyd, "POST", path_of(post))
    assert (await api.get(ben, post_path(post)))["repost_count"] == 0


async def test_quotes_for_followers(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Others see neither the quote nor that there is one: no count and no notification."""
    ana, ben, cyd = await people.register(3, instance)
    await api.follow(cyd, ben)
    post = await api.post(ana)
    quote = await repost(api, ben, post, {**LOOK, "visibility": "followers"})
    assert (quote["visibility"], quote["repost_of"]["id"]) == ("followers", post["id"])
    assert (await api.get(cyd, post_path(quote)))["repost_of"]["id"] == post["id"]
    await api.expect_error("post.not_found", 404, ana, "GET", post_path(quote))
    for viewer in (ana, ben, cyd):
        assert (await api.get(viewer, post_path(post)))["repost_count"] == 0
    public = await repost(api, ben, post, {**LOOK, "visibility": "public"})
    page = await api.wait_for(ana, "/v1/notifications", lambda page: page["items"])
    assert [(one["type"], one["count"]) for one in page["items"]] == [("REPOST", 1)]
    assert await listed(api, ana, f"/v1/users/{ben.id}/posts") == [public["id"]]
    assert await listed(api, cyd, f"/v1/users/{ben.id}/posts") == [public["id"], quote["id"]]
    # What is for followers can be quoted by no one, also not for followers.
    for body in ({**LOOK, "visibility": "followers"}, LOOK):
        await api.expect_error("permission.denied", 403, ben, "POST", path_of(quote), body)


async def test_a_repost_has_no_visibility(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Only a quote has; nothing is stored."""
    ana, ben = await people.register(2, instance)
    post = await api.post(ana)
    for visibility in ("followers", "nobody"):
        await api.expect_error("request.invalid", 422, ben, "POST", path_of(post), {"visibility": visibility})
    assert await listed(api, ben, f"/v1/users/{ben.id}/posts") == []
    assert (await repost(api, ben, post, {"visibility": "public"}))["repost_of"]["id"] == post["id"]
