"""Tests of followed tags and the public timeline."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from actors.feed import tag_follows as tag_follows_module
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
FEED = "/v1/feed"
FOLLOWED = "/v1/users/me/followed-tags"
PUBLIC = "/v1/timeline/public"


def new_tag() -> str:
    """Return a tag that no other test uses, with letters that folding changes."""
    return f"Ärger{uuid4().hex}"


def tag_path(tag: str, action: str = "") -> str:
    return f"/v1/tags/{quote(tag)}{action}"


async def followed(api: ApiClient, user: RegisteredUser) -> list[str]:
    items = await api.collect_pages(user, FOLLOWED, 1)
    assert all(item["following"] for item in items)
    return [item["tag"] for item in items]


async def listed(api: ApiClient, user: RegisteredUser, path: str, limit: int = 100) -> list[str]:
    return [post["id"] for post in await api.collect_pages(user, path, limit)]


async def test_tags_are_followed_in_any_spelling(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Once, and listed as written, the latest first."""
    ana, ben = await people.register(2, instance)
    one, two = new_tag(), new_tag()
    assert await api.get(ana, tag_path(one)) == {"tag": one, "following": False}
    for tag in (one, two, one.upper()):
        await api.expect(204, ana, "PUT", tag_path(tag, "/follow"))
    assert await followed(api, ana) == [two, one]
    assert await api.get(ana, tag_path(one.lower())) == {"tag": one, "following": True}
    assert await followed(api, ben) == []
    for _ in range(2):
        await api.expect(204, ana, "DELETE", tag_path(one.lower(), "/follow"))
    assert await followed(api, ana) == [two]


async def test_what_is_no_tag_is_refused(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """With an error of the field, for every method."""
    (ana,) = await people.register(1, instance)
    for bad in ("2026", "a b", "x" * 101, "%23moss"):
        for method, action in (("PUT", "/follow"), ("DELETE", "/follow"), ("GET", "")):
            await api.expect_error("request.invalid", 422, ana, method, tag_path(bad, action))
    assert await followed(api, ana) == []


async def test_followed_tags_are_bounded(
    api: ApiClient, instance: Instance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is refused, until one is unfollowed; the same again is not."""
    monkeypatch.setattr(tag_follows_module, "TAG_FOLLOWS_MAX", 2)
    (ana,) = await people.register(1, instance)
    one, two, three = (new_tag() for _ in range(3))
    for tag in (one, two, two):
        await api.expect(204, ana, "PUT", tag_path(tag, "/follow"))
    await api.expect_error("tag.limit", 409, ana, "PUT", tag_path(three, "/follow"))
    await api.expect(204, ana, "DELETE", tag_path(one, "/follow"))
    await api.expect(204, ana, "PUT", tag_path(three, "/follow"))
    assert await followed(api, ana) == [three, two]


async def test_posts_with_followed_tags_are_in_the_home_feed(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """At once and once each, in every page size; not those of blocked and muted users."""
    ana, ben, cyd, dan = await people.register(4, instance)
    tag, other = new_tag(), new_tag()
    for name in (tag, other):
        await api.expect(204, ana, "PUT", tag_path(name, "/follow"))
    made = [
        await api.post(ben, f"#{tag} #{other}"),
        await api.post(ana, f"#{tag}"),
        await api.post(cyd, f"#{tag.lower()}"),
        await api.post(dan, f"#{other}"),
    ]
    await api.post(ben, "no tag")
    ids = [post["id"] for post in reversed(made)]
    for limit in (1, 2, 100):
        assert await listed(api, ana, FEED, limit) == ids
    await api.expect(204, ana, "PUT", f"/v1/users/{cyd.id}/mute")
    await api.block(dan, ana)
    assert await listed(api, ana, FEED) == [made[1]["id"], made[0]["id"]]
    await api.follow(ana, ben)
    plain = (await api.get(ben, f"/v1/users/{ben.id}/posts?limit=1"))["items"][0]
    expected = [plain["id"], made[1]["id"], made[0]["id"]]
    await api.wait_for(ana, FEED, lambda page: [post["id"] for post in page["items"]] == expected)
    await api.expect(204, ana, "DELETE", tag_path(tag, "/follow"))
    await api.expect(204, ana, "DELETE", tag_path(other, "/follow"))
    assert await listed(api, ana, FEED, 1) == expected
    await api.expect(204, ana, "DELETE", f"/v1/users/{ben.id}/follow")
    assert await listed(api, ana, FEED) == [made[1]["id"]]


async def test_public_timeline_has_posts_of_everyone(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Newest first, in pages; not those of blocked and muted users; it costs several requests."""
    ana, ben, cyd, dan = await people.register(4, instance)
    made = [(await api.post(user))["id"] for user in (ben, cyd, dan, ana)]

    async def newest(limit: int) -> list[str]:
        ids: list[str] = []
        path: str | None = f"{PUBLIC}?limit={limit}"
        while path is not None and len(ids) < len(made):
            page = await api.get(ana, path)
            ids += [post["id"] for post in page["items"]]
            cursor = page["next_cursor"]
            path = cursor and f"{PUBLIC}?limit={limit}&cursor={cursor}"
        return [post_id for post_id in ids if post_id in made]

    for limit in (1, 3, 100):
        assert await newest(limit) == made[::-1]
    await api.expect(204, ana, "PUT", f"/v1/users/{cyd.id}/mute")
    await api.block(dan, ana)
    assert [one for one in await newest(100) if one in made] == [made[3], made[0]]
    _, _, before = await api.request(ana, "GET", FEED)
    _, _, after = await api.request(ana, "GET", PUBLIC)
    assert int(before["ratelimit-remaining"]) - int(after["ratelimit-remaining"]) > 1


async def test_posts_for_followers_are_not_public(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not in the public timeline, by a followed tag or in the Atom feed; followers have them in the feed."""
    ana, ben, cyd = await people.register(3, instance)
    tag = new_tag()
    for user in (ben, cyd):
        await api.expect(204, user, "PUT", tag_path(tag, "/follow"))
    await api.follow(ben, ana)
    public = await api.post(ana, f"#{tag} for all")
    hidden = await api.post(ana, f"#{tag} for followers", visibility="followers")
    assert await listed(api, cyd, FEED) == [public["id"]]
    await api.wait_for(ben, FEED, lambda page: len(page["items"]) == 2)
    assert await listed(api, ben, FEED, 1) == [hidden["id"], public["id"]]
    for user in (ana, ben, cyd):
        newest = [post["id"] for post in (await api.get(user, f"{PUBLIC}?limit=100"))["items"]]
        assert public["id"] in newest
        assert hidden["id"] not in newest
    _, atom, _ = await api.request_bytes(None, "GET", f"/v1/users/{ana.id}/posts.atom")
    assert public["id"].encode() in atom
    assert hidden["id"].encode() not in atom
