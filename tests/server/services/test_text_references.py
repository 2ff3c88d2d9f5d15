"""Tests of mentions and tags in the text of posts and comments."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
NOTIFICATIONS = "/v1/notifications"


def new_tag() -> str:
    """Return a tag that no other test uses, with letters that folding changes."""
    return f"Ärger{uuid4().hex}"


def tag_path(tag: str) -> str:
    return f"/v1/tags/{quote(tag)}/posts"


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


async def notifications(api: ApiClient, user: RegisteredUser, count: int) -> list[Json]:
    """Wait until the user has exactly this many notifications."""
    page = await api.wait_for(user, NOTIFICATIONS, lambda page: len(page["items"]) == count)
    items: list[Json] = page["items"]
    return items


@pytest.mark.parametrize("where", ["/v1/posts", "/v1/posts/{post}/comments"])
async def test_references_of_a_text_are_found(
    where: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Users once, in order, in any case; names of nobody are text. Tags as written."""
    ana, ben, cyd = await people.register(3, instance)
    path = where.format(post=(await api.post(ana))["id"])
    text = (
        f"@{ben.username.upper()}, @{cyd.username}. @{ben.username} @nobody{uuid4().hex[:8]} #Ärger #ärger #1"
    )
    made = await api.expect(201, ana, "POST", path, {"content": text})
    assert ids(made["mentions"]) == [ben.id, cyd.id]
    assert made["mentions"][0]["username"] == ben.username
    assert made["tags"] == ["Ärger"]
    plain = await api.expect(201, ana, "POST", path, {"content": "plain"})
    assert (plain["mentions"], plain["tags"]) == ([], [])
    if where == "/v1/posts":
        assert await api.get(ben, f"/v1/posts/{made['id']}") == made
        assert made in (await api.get(ana, "/v1/feed"))["items"]
    else:
        assert made in (await api.get(ben, path))["items"]


async def test_mentions_notify_once(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """In posts and comments; the author of the post hears of the comment only, and nobody of themselves."""
    ana, ben, cyd = await people.register(3, instance)
    post = await api.post(ana, f"@{ana.username} and @{ben.username} @{ben.username}")
    (mention,) = await notifications(api, ben, 1)
    assert (mention["type"], mention["reference_id"], mention["count"]) == ("MENTION", post["id"], 1)
    assert mention["sender"]["id"] == ana.id
    await api.comment(cyd, post["id"], f"@{ana.username} @{cyd.username} @{ben.username}")
    (comment,) = await notifications(api, ana, 1)
    assert (comment["type"], comment["sender"]["id"]) == ("COMMENT", cyd.id)
    page = await api.wait_for(ben, NOTIFICATIONS, lambda page: page["items"][0]["count"] == 2)
    assert ids(page["items"]) == [mention["id"]]
    await api.post(ben, f"@{cyd.username}")
    (only,) = await notifications(api, cyd, 1)
    assert only["sender"]["id"] == ben.id


async def test_mentions_are_withdrawn_with_their_text(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A deleted comment, and a deleted post with its comments."""
    ana, ben, cyd = await people.register(3, instance)
    post = (await api.post(ana, "hello"))["id"]
    first = (await api.comment(cyd, post, f"@{ben.username}"))["id"]
    await notifications(api, ben, 1)
    await api.expect(204, cyd, "DELETE", f"/v1/comments/{first}")
    await notifications(api, ben, 0)
    await api.comment(cyd, post, f"@{ben.username}")
    await notifications(api, ben, 1)
    other = (await api.post(ana, f"@{ben.username}"))["id"]
    await notifications(api, ben, 2)
    for deleted in (post, other):
        await api.expect(204, ana, "DELETE", f"/v1/posts/{deleted}")
    await notifications(api, ben, 0)


async def test_mentions_do_not_cross_blocks(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Nor in comments on a post that the mentioned user cannot see; and the other is not shown."""
    ana, ben, eve = await people.register(3, instance)
    await api.block(ben, ana)
    text = f"@{ben.username} @{eve.username}"
    post = await api.post(ana, text)
    assert ids(post["mentions"]) == [eve.id]
    assert ids((await api.get(eve, f"/v1/posts/{post['id']}"))["mentions"]) == [ben.id, eve.id]
    comment = await api.comment(eve, post["id"], text)
    assert ids(comment["mentions"]) == [ben.id, eve.id]
    (item,) = (await api.get(ana, f"/v1/posts/{post['id']}/comments"))["items"]
    assert ids(item["mentions"]) == [eve.id]
    # Handled after the others, so that Ben has those by then.
    last = await api.post(eve, f"@{ben.username}")
    (only,) = await notifications(api, ben, 1)
    assert only["reference_id"] == last["id"]


async def test_mentions_of_muted_users_do_not_notify(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The mention is shown, as other texts of the muted user are."""
    ana, ben, eve = await people.register(3, instance)
    await api.expect(204, ben, "PUT", f"/v1/users/{ana.id}/mute", {})
    post = await api.post(ana, f"@{ben.username}")
    assert ids((await api.get(ben, f"/v1/posts/{post['id']}"))["mentions"]) == [ben.id]
    last = await api.post(eve, f"@{ben.username}")
    (only,) = await notifications(api, ben, 1)
    assert only["reference_id"] == last["id"]


async def test_tag_page_lists_posts_in_any_spelling(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Newest first, in pages, once each, with the viewer's own fields; comments are not listed."""
    ana, ben = await people.register(2, instance)
    tag = new_tag()
    spellings = [tag, tag.upper(), tag.lower(), f"A\u0308{tag[1:]}"]
    posts = [await api.post((ana, ben)[n % 2], f"so #{spelling}!") for n, spelling in enumerate(spellings)]
    await api.post(ana, f"#{tag}s https://example.test/#{tag} x#{tag}")
    await api.comment(ana, posts[0]["id"], f"#{tag}")
    await api.expect(204, ben, "PUT", f"/v1/posts/{posts[0]['id']}/like")
    newest_first = ids(posts[::-1])
    for spelling in spellings:
        assert ids(await api.collect_pages(ben, tag_path(spelling), 100)) == newest_first
    pages = await api.collect_pages(ben, tag_path(tag), 1)
    assert ids(pages) == newest_first
    assert [post["liked_by_me"] for post in pages] == [False, False, False, True]
    await api.expect(204, ana, "DELETE", f"/v1/posts/{posts[0]['id']}")
    assert ids(await api.collect_pages(ben, tag_path(tag), 3)) == newest_first[:3]


async def test_tag_page_leaves_out_blocked_authors(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """In both directions."""
    ana, ben, cyd = await people.register(3, instance)
    tag = new_tag()
    of_ana, of_cyd = (await api.post(ana, f"#{tag}"))["id"], (await api.post(cyd, f"#{tag}"))["id"]
    of_ben = (await api.post(ben, f"#{tag}"))["id"]
    await api.block(ben, ana)
    assert ids(await api.collect_pages(ben, tag_path(tag), 1)) == [of_ben, of_cyd]
    assert ids(await api.collect_pages(ana, tag_path(tag), 1)) == [of_cyd, of_ana]


@pytest.mark.parametrize("tag", ["a" * 101, "a" * 200, "1", "%23tag", "a%00", "a%20b", "%E3%85%A4"])
async def test_text_that_is_no_tag_is_refused(
    tag: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    (ana,) = await people.shared(1, instance)
    problem = await api.expect_error("request.invalid", 422, ana, "GET", f"/v1/tags/{tag}/posts")
    assert [fault["field"] for fault in problem["errors"]] == ["tag"]
