"""Tests of suggestions whom to follow."""

from typing import Any
from uuid import uuid4

import pytest

from client.http_client import HttpClient
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
PATH = "/v1/suggestions"


async def suggestions(api: ApiClient, user: RegisteredUser) -> dict[str, tuple[str, int]]:
    """Return reason and friend count by user, closest first."""
    items: list[Json] = (await api.get(user, PATH))["items"]
    return {item["id"]: (item["reason"], item["friend_count"]) for item in items}


async def test_friends_of_friends_and_co_attendees_come_first(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Ordered by how many connect them, before popular users; on every instance."""
    ana, ben, eve, joe, kim, lea = await people.register(6, instance)
    for friend in (ben, eve):
        await api.follow(ana, friend)
        await api.follow(friend, joe)
        await api.follow(friend, ana)
    await api.follow(ben, kim)
    event = (await api.event(lea))["id"]
    for guest in (ana, lea):
        await api.rsvp(guest, event)
    await api.rsvp(ben, event, "MAYBE")
    for asked in (api, second_api):
        found = await suggestions(asked, ana)
        assert next(iter(found)) == joe.id
        assert set(list(found)[1:3]) == {kim.id, lea.id}
        assert found[joe.id] == ("FRIENDS", 2)
        assert found[kim.id] == ("FRIENDS", 1)
        assert found[lea.id] == ("EVENTS", 0)
        assert not {ana.id, ben.id, eve.id} & found.keys()
        assert {reason for reason, _ in list(found.values())[3:]} <= {"POPULAR"}


async def test_suggestions_are_pages(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """In the same order with any limit; one who was dismissed meanwhile does not end the list."""
    ana, ben, *others = await people.register(6, instance)
    await api.follow(ana, ben)
    for other in others:
        await api.follow(ben, other)
    whole = list(await suggestions(api, ana))
    for limit in (1, 3, 100):
        assert [item["id"] for item in await api.collect_pages(ana, PATH, limit)] == whole
    first = await api.get(ana, f"{PATH}?limit=2")
    await api.expect(204, ana, "DELETE", f"{PATH}/{whole[1]}")
    following = await api.get(ana, f"{PATH}?limit=2&cursor={first['next_cursor']}")
    assert [item["id"] for item in following["items"]] == whole[2:4]


async def test_popular_users_are_suggested_to_a_new_user(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Those with most followers, and no more than 20."""
    ana, ben, *others = await people.register(24, instance)
    for other in others:
        await api.follow(other, ben)
        await api.follow(ben, other)
    found = await suggestions(api, ana)
    assert found[ben.id] == ("POPULAR", 0)
    assert len(found) == 20


async def test_hidden_users_are_not_suggested(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not after a block in either direction, a mute, a dismissal, or a follow."""
    ana, friend, *others = await people.register(8, instance)
    await api.follow(ana, friend)
    for other in others:
        await api.follow(friend, other)
    blocked, blocking, muted, dismissed, followed, kept = others
    assert set(list(await suggestions(api, ana))[:6]) == {other.id for other in others}
    await api.block(ana, blocked)
    await api.block(blocking, ana)
    await api.expect(204, ana, "PUT", f"/v1/users/{muted.id}/mute", {})
    await api.follow(ana, followed)
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ana.token) as client:
        for _ in range(2):
            await client.dismiss_suggestion(dismissed.id)
        found = {item.id for item in await client.suggestions()}
    assert found & {other.id for other in (*others, friend)} == {kept.id}


async def test_dismissals_of_unknown_users_and_oneself(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """An unknown user has no effect; oneself is 422."""
    (ana,) = await people.shared(1, instance)
    for unknown in (str(uuid4()), "x"):
        await api.expect(204, ana, "DELETE", f"{PATH}/{unknown}")
    await api.expect_error("request.invalid", 422, ana, "DELETE", f"{PATH}/{ana.id}")
