"""Tests of the home feed: posts of the user and of followed users, newest first."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
FEED = "/v1/feed"


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


async def feed(api: ApiClient, person: RegisteredUser) -> list[str]:
    return ids(await api.collect_pages(person, FEED, 100))


async def wait_for_feed(api: ApiClient, person: RegisteredUser, wanted: list[str]) -> None:
    """Wait until the first page has these posts."""
    await api.wait_for(person, f"{FEED}?limit=100", lambda page: ids(page["items"]) == wanted)


async def test_own_posts_appear_at_once(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """As created; a deleted post disappears at once."""
    (ana,) = await people.register(1, instance)
    assert await feed(api, ana) == []
    made: list[Any] = []
    for number in range(3):
        made.insert(0, await api.post(ana, f"{number}"))
        assert (await api.get(ana, FEED))["items"] == made
    await api.expect(204, ana, "DELETE", f"/v1/posts/{made[1]['id']}")
    assert await feed(api, ana) == [made[0]["id"], made[2]["id"]]


async def test_user_who_follows_no_one_is_offered_people(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """On the first page, on every instance, also with own posts; until the user follows someone."""
    ana, ben = await people.register(2, instance)
    await api.follow(ben, ana)
    await api.follow(ana, ben)
    await api.expect(204, ana, "DELETE", f"/v1/users/{ben.id}/follow")
    for _ in range(2):
        await api.post(ana)
    for requests in (api, second_api):
        first = await requests.get(ana, f"{FEED}?limit=1")
        assert first["follows_no_one"]
        assert first["suggestions"] == (await requests.get(ana, "/v1/suggestions"))["items"] != []
        later = await requests.get(ana, f"{FEED}?limit=1&cursor={first['next_cursor']}")
        assert (later["follows_no_one"], later["suggestions"]) == (False, [])
    await second_api.follow(ana, ben)
    first = await api.get(ana, FEED)
    assert (first["follows_no_one"], first["suggestions"]) == (False, [])


async def test_posts_of_followed_users_appear(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Ordered by time among the user's own, also older ones after a later follow; no other posts."""
    ana, ben, eve = await people.register(3, instance)
    old = (await api.post(ben))["id"]
    own = (await api.post(ana))["id"]
    await api.post(eve)
    await api.follow(ana, ben)
    await wait_for_feed(api, ana, [own, old])
    new = (await api.post(ben))["id"]
    await wait_for_feed(api, ana, [new, own, old])
    assert await feed(api, ben) == [new, old]


async def test_removed_posts_disappear_at_once(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """After deletion, unfollowing or a block, on every instance; following again restores them."""
    ana, ben, eve = await people.register(3, instance)
    own = (await api.post(ana))["id"]
    kept, deleted = (await api.post(ben))["id"], (await api.post(ben))["id"]
    blocked = (await api.post(eve))["id"]
    for person in (ben, eve):
        await api.follow(ana, person)
    for asked in (api, second_api):
        await wait_for_feed(asked, ana, [blocked, deleted, kept, own])
    await second_api.expect(204, ben, "DELETE", f"/v1/posts/{deleted}")
    for asked in (api, second_api):
        assert await feed(asked, ana) == [blocked, kept, own]
    await second_api.block(eve, ana)
    for asked in (api, second_api):
        assert await feed(asked, ana) == [kept, own]
    await second_api.expect(204, ana, "DELETE", f"/v1/users/{ben.id}/follow")
    for asked in (api, second_api):
        assert await feed(asked, ana) == [own]
    await api.follow(ana, ben)
    for asked in (api, second_api):
        await wait_for_feed(asked, ana, [kept, own])


async def test_pages_have_no_gaps_and_no_duplicates(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Sixty posts by seven, from two instances in turn, while posts are created and deleted."""
    ana, *others = await people.register(4, instance)
    for person in others[:2]:
        await api.follow(ana, person)
    authors = [ana, *others[:2]]
    made = [(await api.post(authors[number % 3], f"{number}"))["id"] for number in range(60)]
    await wait_for_feed(api, ana, made[::-1])
    seen: list[str] = []
    later: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        asked = (api, second_api)[pages % 2]
        page = await asked.get(ana, f"{FEED}?limit=7{cursor and f'&cursor={cursor}'}")
        seen += ids(page["items"])
        assert len(page["items"]) == 7 or page["next_cursor"] is None
        cursor = page["next_cursor"]
        pages += 1
        later.append((await second_api.post(authors[pages % 3], "meanwhile"))["id"])
        if pages == 3:
            lost = made.pop(10)
            await api.expect(204, authors[10 % 3], "DELETE", f"/v1/posts/{lost}")
    assert seen == made[::-1]
    for asked in (api, second_api):
        await wait_for_feed(asked, ana, later[::-1] + seen)


async def test_posts_have_current_counts_and_authors(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Counts and author are those at the time of the request."""
    ana, ben = await people.register(2, instance)
    await api.follow(ana, ben)
    post = (await api.post(ben))["id"]
    await wait_for_feed(api, ana, [post])
    await api.expect(204, ana, "PUT", f"/v1/posts/{post}/like")
    await api.comment(ben, post)
    (post_view,) = (await api.get(ana, FEED))["items"]
    assert (post_view["like_count"], post_view["comment_count"], post_view["liked_by_me"]) == (1, 1, True)
    await api.expect(200, ben, "PATCH", "/v1/users/me", {"display_name": "Benjamin"})
    await api.wait_for(
        ana, FEED, lambda page: page["items"][0]["author"]["display_name"] == "Benjamin", timeout_s=2.5
    )
