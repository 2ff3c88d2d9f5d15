"""Tests of relationships: on profiles, and of many users at once."""

from typing import Any
from uuid import uuid4

import pytest

from client.http_client import HttpClient
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.owned_objects import assert_invalid_field
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
NONE = dict.fromkeys(("following", "requested", "followed_by", "muted", "blocked"), False)


async def relations(api: ApiClient, user: RegisteredUser, *others: str) -> list[Json]:
    page = await api.get(user, f"/v1/relationships?user_ids={','.join(others)}")
    items: list[Json] = page["items"]
    return items


async def test_profile_has_relationship_and_counts(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Current on every instance, by id and by name; one's own profile has no relationship."""
    ana, ben = await people.register(2, instance)
    await api.post(ben)
    path = f"/v1/users/{ben.id}"
    await api.wait_for(ana, path, lambda user: user["posts_count"] == 1)
    assert (await api.get(ana, path))["relationship"] == NONE
    await api.follow(ana, ben)
    await api.expect(204, ana, "PUT", f"{path}/mute", {})
    for asked, profile in ((api, path), (second_api, f"/v1/users/by-username/{ben.username}")):
        user = await asked.get(ana, profile)
        assert user["relationship"] == {**NONE, "following": True, "muted": True}
        assert (user["followers_count"], user["following_count"], user["posts_count"]) == (1, 0, 1)
    assert (await api.get(ben, f"/v1/users/{ana.id}"))["relationship"] == {**NONE, "followed_by": True}
    own = await api.get(ana, f"/v1/users/{ana.id}")
    assert (own["relationship"], own["following_count"]) == (None, 1)
    async with HttpClient(f"http://127.0.0.1:{instance.port}", ana.token) as client:
        seen = await client.user(ben.id)
        assert seen.relationship is not None
        assert seen.relationship.following
        assert [one.following for one in await client.relationships([ben.id])] == [True]


async def test_relationships_of_many_users(
    api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """In the order asked; who blocks the user and who does not exist are omitted, who is blocked is not."""
    ana, ben, eve, joe, kim, lea = await people.register(6, instance)
    await api.follow(ben, ana)
    await api.expect(204, ana, "PUT", f"/v1/users/{ben.id}/mute", {"posts": False})
    await api.block(ana, eve)
    await api.block(joe, ana)
    await api.block(kim, ana)
    await api.block(ana, kim)
    asked = [lea.id, kim.id, str(uuid4()), joe.id, ana.id, eve.id, ben.id, lea.id, "x"]
    for one in (api, second_api):
        assert await relations(one, ana, *asked) == [
            {**NONE, "user_id": lea.id},
            {**NONE, "user_id": kim.id, "blocked": True},
            {**NONE, "user_id": eve.id, "blocked": True},
            {**NONE, "user_id": ben.id, "followed_by": True, "muted": True},
        ]
    assert await relations(api, eve, ana.id) == []


async def test_too_many_users_are_rejected(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """At most 100; repeated ones count once."""
    (ana,) = await people.shared(1, instance)
    ids = [str(uuid4()) for _ in range(101)]
    path = "/v1/relationships"
    assert await relations(api, ana, *ids[:100], ids[0]) == []
    problem = await api.expect_error("request.invalid", 422, ana, "GET", f"{path}?user_ids={','.join(ids)}")
    assert_invalid_field(problem, "user_ids")
    assert_invalid_field(await api.expect_error("request.invalid", 422, ana, "GET", path), "user_ids")
