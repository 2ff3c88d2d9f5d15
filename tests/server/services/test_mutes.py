"""Tests of mutes and of the lists of muted and blocked users, over two instances."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client.http_client import HttpClient
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.owned_objects import assert_invalid_field
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
FEED = "/v1/feed"
MUTES = "/v1/users/me/mutes"
BLOCKS = "/v1/users/me/blocks"


async def mute(api: ApiClient, user: RegisteredUser, other: RegisteredUser, **scope: Json) -> None:
    await api.expect(204, user, "PUT", f"/v1/users/{other.id}/mute", scope)


async def feed_ids(api: ApiClient, user: RegisteredUser, limit: int = 100) -> list[str]:
    return [post["id"] for post in await api.collect_pages(user, FEED, limit)]


async def test_muted_posts_leave_the_home_feed_at_once(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """On every instance, on full pages; they stay on the profile, and return after an unmute."""
    ana, ben, eve = await people.register(3, instance)
    for author in (ben, eve):
        await api.follow(ana, author)
    made = [(await api.post((ben, eve)[number % 2]))["id"] for number in range(8)][::-1]
    for asked in (api, second_api):
        await asked.wait_for(ana, FEED, lambda page: [post["id"] for post in page["items"]] == made)
    await mute(api, ana, ben)
    for asked in (api, second_api):
        assert await feed_ids(asked, ana, 2) == made[::2]
    assert len((await api.get(ana, f"/v1/users/{ben.id}/posts"))["items"]) == 4
    await mute(api, ana, ben, posts=False)
    assert await feed_ids(second_api, ana) == made
    await mute(api, ana, ben, notifications=False)
    await second_api.expect(204, ana, "DELETE", f"/v1/users/{ben.id}/mute")
    assert await feed_ids(api, ana) == made


async def test_muted_user_causes_no_notification(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not by a like, a follow or a mention; others do, and a mute of posts alone changes nothing."""
    ana, ben, eve, joe = await people.register(4, instance)
    post = (await api.post(ana))["id"]
    group = (await api.group(ana, ben, eve, joe))["id"]
    await mute(api, ana, ben)
    await mute(api, ana, eve, notifications=False)
    for user in (ben, eve, joe):
        await api.expect(204, user, "PUT", f"/v1/posts/{post}/like")
        await api.follow(user, ana)
        await api.send(user, group, "hello", mentions=[ana.id])

    def is_complete(page: Json) -> bool:
        return {item["type"]: item["count"] for item in page["items"]} == {
            "LIKE": 2,
            "FOLLOW": 2,
            "MENTION": 2,
        }

    page = await api.wait_for(ana, "/v1/notifications", is_complete)
    assert ben.id not in {item["sender"]["id"] for item in page["items"]}


async def test_muted_post_is_not_pushed(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """`feed.post_created` reaches other followers only."""
    ana, ben, eve, joe = await people.register(4, instance)
    for follower in (ana, joe):
        for author in (ben, eve):
            await api.follow(follower, author)
    await mute(api, ana, ben, notifications=False)
    async with connect_peer(instance.port) as ana_peer, connect_peer(instance.port) as joe_peer:
        await ana_peer.open(ana.token)
        await joe_peer.open(joe.token)
        for author in (ben, eve):
            post = await api.post(author)
            assert (await joe_peer.next_of("feed.post_created"))["post"]["id"] == post["id"]
        assert (await ana_peer.next_of("feed.post_created"))["post"]["id"] == post["id"]


async def test_mutes_are_listed_with_their_scope(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Latest first, with the Python client too; a block hides the muted user."""
    ana, *others = await people.register(4, instance)
    end = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ana.token) as client:
        await client.mute(others[0].id, posts=False, expires_at=end)
        await mute(api, ana, others[1], notifications=False)
        await api.expect(204, ana, "PUT", f"/v1/users/{others[2].id}/mute")
        listed = await second_api.collect_pages(ana, MUTES, 2)
        assert [(item["user"]["id"], item["posts"], item["notifications"]) for item in listed] == [
            (others[2].id, True, True),
            (others[1].id, True, False),
            (others[0].id, False, True),
        ]
        assert datetime.fromisoformat(listed[2]["expires_at"]) == end
        assert listed[0]["expires_at"] is None
        await client.block(others[1].id)
        await api.block(others[2], ana)
        assert [item.user.id for item in (await client.muted_users()).items] == [others[0].id]
        await client.unmute(others[0].id)
        assert (await client.muted_users()).items == []


async def test_blocked_users_are_listed(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Latest first, also one who blocks the user; not who blocks without being blocked."""
    ana, ben, eve, joe = await people.register(4, instance)
    await api.block(joe, ana)
    await api.block(ben, ana)
    for other in (ben, eve):
        await api.block(ana, other)
    assert [card["id"] for card in await second_api.collect_pages(ana, BLOCKS, 1)] == [eve.id, ben.id]
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ana.token) as client:
        for other in (eve, ben):
            await client.unblock(other.id)
        assert (await client.blocked_users()).items == []
    assert await api.collect_pages(ana, BLOCKS, 100) == []


async def test_invalid_mutes_are_rejected(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Nothing is stored."""
    ana, ben, eve = await people.register(3, instance)
    await api.block(eve, ana)
    await api.expect_error("user.not_found", 404, ana, "PUT", f"/v1/users/{eve.id}/mute", {})
    path = f"/v1/users/{ben.id}/mute"
    for field, body in (
        ("posts", {"posts": False, "notifications": False}),
        ("posts", {"posts": 1}),
        ("expires_at", {"expires_at": "2020-01-01T00:00:00Z"}),
        ("expires_at", {"expires_at": "soon"}),
        ("expires_at", {"expires_at": 5}),
    ):
        problem = await api.expect_error("request.invalid", 422, ana, "PUT", path, body)
        assert_invalid_field(problem, field)
    await api.expect_error("request.invalid", 422, ana, "PUT", f"/v1/users/{ana.id}/mute", {})
    assert await api.collect_pages(ana, MUTES, 100) == []
