"""Tests of follows and their counts."""

from typing import Any
from uuid import uuid4

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


async def stats(api: ApiClient, viewer: RegisteredUser, person: RegisteredUser) -> tuple[int, int]:
    counts = await api.get(viewer, f"/v1/users/{person.id}/stats")
    assert counts["user_id"] == person.id
    return counts["followers_count"], counts["following_count"]


async def list_ids(api: ApiClient, viewer: RegisteredUser, path: str) -> list[str]:
    return ids(await api.collect_pages(viewer, path, 100))


async def test_follow_is_visible_at_once(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """In both lists and both counts; following and unfollowing are idempotent."""
    ana, ben = await people.register(2, instance)
    for _ in range(2):
        await api.follow(ana, ben)
        assert await list_ids(api, ana, f"/v1/users/{ben.id}/followers") == [ana.id]
        assert await list_ids(api, ben, f"/v1/users/{ana.id}/following") == [ben.id]
        assert await stats(api, ana, ben) == (1, 0)
        assert await stats(api, ben, ana) == (0, 1)
    for _ in range(2):
        await api.expect(204, ana, "DELETE", f"/v1/users/{ben.id}/follow")
        assert await list_ids(api, ana, f"/v1/users/{ben.id}/followers") == []
        assert await stats(api, ana, ben) == (0, 0)
        assert await stats(api, ben, ana) == (0, 0)


async def test_followers_are_paginated(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Latest first, complete and without duplicates while others follow."""
    ana, *others = await people.register(8, instance)
    for other in others[:6]:
        await api.follow(other, ana)
        await api.follow(ana, other)
    wanted = [other.id for other in reversed(others[:6])]
    assert ids(await api.collect_pages(ana, f"/v1/users/{ana.id}/followers", 2)) == wanted
    assert ids(await api.collect_pages(ana, f"/v1/users/{ana.id}/following", 4)) == wanted
    first = await api.get(ana, f"/v1/users/{ana.id}/followers?limit=3")
    await api.follow(others[6], ana)
    path = f"/v1/users/{ana.id}/followers?limit=3&cursor={first['next_cursor']}"
    second = await api.get(ana, path)
    assert ids(first["items"] + second["items"]) == wanted
    card = first["items"][0]
    assert card.keys() >= {"id", "username", "display_name", "avatar_url", "verified"}


async def test_invalid_follow_targets(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The user themselves is 422, an unknown user 404; a block does not tell whether a user exists."""
    (ana,) = await people.shared(1, instance)
    for what in ("follow", "block"):
        await api.expect_error("request.invalid", 422, ana, "PUT", f"/v1/users/{ana.id}/{what}")
    await api.expect_error("user.not_found", 404, ana, "PUT", f"/v1/users/{uuid4()}/follow")
    await api.expect(204, ana, "PUT", f"/v1/users/{uuid4()}/block")


@pytest.mark.parametrize(
    ("action", "limit"),
    [
        ("follow", "storage.postgres.social.FOLLOWS_MAX"),
        ("block", "actors.social.social.BLOCKS_MAX"),
        ("mute", "actors.social.mutes.MUTES_MAX"),
    ],
)
async def test_relations_to_others_are_bounded(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    limit: str,
) -> None:
    """One more is refused, until one ends; the same again is not."""
    monkeypatch.setattr(limit, 2)
    ana, *others = await people.register(4, instance)
    one, two, three = (f"/v1/users/{other.id}/{action}" for other in others)
    for path in (one, two, two):
        await api.expect(204, ana, "PUT", path)
    await api.expect_error(f"{action}.limit", 409, ana, "PUT", three)
    await api.expect(204, ana, "DELETE", one)
    await api.expect(204, ana, "PUT", three)


async def test_full_list_of_follows_does_not_show_who_exists(
    api: ApiClient, instance: Instance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who blocked the caller is refused as anyone else, and as one who does not exist."""
    ana, ben, cyd = await people.register(3, instance)
    await api.follow(ana, ben)
    await api.block(cyd, ana)
    for module in ("actors.social.social", "storage.postgres.social"):
        monkeypatch.setattr(f"{module}.FOLLOWS_MAX", 1)
    for user_id in (cyd.id, uuid4()):
        await api.expect_error("follow.limit", 409, ana, "PUT", f"/v1/users/{user_id}/follow")
