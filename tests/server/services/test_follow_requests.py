"""Tests of private accounts and requests to follow them."""

from typing import Any

import pytest

from client.http_client import HttpClient
from server.instance import Instance
from storage.postgres import social as postgres_social
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
LIST = "/v1/follow-requests"


def path_of(requester: RegisteredUser) -> str:
    return f"{LIST}/{requester.id}"


async def requesters(api: ApiClient, user: RegisteredUser, limit: int = 100) -> list[str]:
    return [request["user"]["id"] for request in await api.collect_pages(user, LIST, limit)]


async def relationship(api: ApiClient, user: RegisteredUser, other: RegisteredUser) -> Json:
    profile = await api.get(user, f"/v1/users/{other.id}")
    (listed,) = (await api.get(user, f"/v1/relationships?user_ids={other.id}"))["items"]
    assert {**profile["relationship"], "user_id": other.id} == listed
    return profile["relationship"]


async def notifications_of_type(api: ApiClient, user: RegisteredUser, type_: str) -> list[Json]:
    items = (await api.get(user, "/v1/notifications"))["items"]
    return [item for item in items if item["type"] == type_]


async def test_a_private_account_answers_requests(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A request is no follow until it is accepted; a declined one may be repeated."""
    ana, ben, cyd = await people.register(3, instance)
    await api.set_private(ana, private=True)
    assert (await api.get(ana, "/v1/users/me"))["private"] is True
    assert (await api.get(ben, f"/v1/users/{ana.id}"))["private"] is True
    for user in (ben, ben, cyd):
        await api.follow(user, ana)
    assert await requesters(api, ana) == [cyd.id, ben.id]
    assert await requesters(api, ana, limit=1) == [cyd.id, ben.id]
    assert await requesters(api, ben) == []
    before = await relationship(api, ben, ana)
    assert (before["following"], before["requested"]) == (False, True)
    assert (await api.get(ben, f"/v1/users/{ana.id}"))["followers_count"] == 0
    for _ in range(2):
        await api.accept(ana, ben)
    after = await relationship(api, ben, ana)
    assert (after["following"], after["requested"]) == (True, False)
    assert (await api.get(ben, f"/v1/users/{ana.id}"))["followers_count"] == 1
    await api.expect(204, ana, "DELETE", path_of(cyd))
    assert await requesters(api, ana) == []
    for method in ("PUT", "DELETE"):
        await api.expect_error("follow_request.not_found", 404, ana, method, path_of(cyd))
    await api.follow(cyd, ana)
    await api.follow(ben, ana)
    assert await requesters(api, ana) == [cyd.id]


async def test_requester_withdraws_and_blocks_end_requests(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """`DELETE follow` withdraws; a block in either direction removes requests, and none can be made."""
    ana, ben, cyd = await people.register(3, instance)
    await api.set_private(ana, private=True)
    await api.expect_error("request.invalid", 422, ana, "PUT", f"/v1/users/{ana.id}/follow")
    for _ in range(2):
        await api.follow(ben, ana)
        await api.expect(204, ben, "DELETE", f"/v1/users/{ana.id}/follow")
    assert await requesters(api, ana) == []
    await api.follow(ben, ana)
    await api.follow(cyd, ana)
    await api.block(ana, ben)
    await api.block(cyd, ana)
    assert await requesters(api, ana) == []
    for user in (ben, cyd):
        await api.expect_error("user.not_found", 404, user, "PUT", f"/v1/users/{ana.id}/follow")
    await api.unblock(ana, ben)
    assert await requesters(api, ana) == []
    assert (await relationship(api, ben, ana))["requested"] is False


async def test_public_account_accepts_all_requests(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Followers stay when an account becomes private, and requests become follows when it becomes public."""
    ana, ben, cyd, dan = await people.register(4, instance)
    await api.follow(ben, ana)
    await api.set_private(ana, private=True)
    assert (await relationship(api, ben, ana))["following"] is True
    for user in (cyd, dan):
        await api.follow(user, ana)
    await api.set_private(ana, private=False)
    assert await requesters(api, ana) == []
    followers = await api.collect_pages(ana, f"/v1/users/{ana.id}/followers", 100)
    assert {user["id"] for user in followers} == {ben.id, cyd.id, dan.id}
    assert (await api.get(ben, f"/v1/users/{ana.id}"))["private"] is False


async def test_requests_notify_until_they_end(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """FOLLOW_REQUEST is withdrawn when the request ends; an accepted one notifies of the follow."""
    ana, ben, cyd = await people.register(3, instance)
    await api.set_private(ana, private=True)

    async def wait_for_count(count: int) -> None:
        await api.wait_for(
            ana,
            "/v1/notifications",
            lambda page: (
                sum(item["count"] for item in page["items"] if item["type"] == "FOLLOW_REQUEST") == count
            ),
        )

    await api.follow(ben, ana)
    await wait_for_count(1)
    (notified,) = await notifications_of_type(api, ana, "FOLLOW_REQUEST")
    assert (notified["sender"]["id"], notified["reference_id"]) == (ben.id, ben.id)
    await api.follow(cyd, ana)
    await wait_for_count(2)
    await api.expect(204, cyd, "DELETE", f"/v1/users/{ana.id}/follow")
    await wait_for_count(1)
    await api.accept(ana, ben)
    await wait_for_count(0)
    await api.wait_for(
        ana, "/v1/notifications", lambda page: [item["type"] for item in page["items"]] == ["FOLLOW"]
    )


async def test_follow_lists_of_a_private_account_are_empty_for_others(
    api: ApiClient, instance: Instance, second_api: ApiClient, people: RegisteredUsers
) -> None:
    """Followers and the user see the lists, others see empty ones; on every instance at once."""
    ana, ben, cyd, dan = await people.register(4, instance)
    await api.follow(ben, ana)
    await api.follow(ana, cyd)
    for private in (True, False):
        await api.set_private(ana, private=private)
        for path, listed in (("followers", ben), ("following", cyd)):
            for viewer in (ana, ben, dan):
                page = await second_api.get(viewer, f"/v1/users/{ana.id}/{path}")
                visible = viewer is not dan or not private
                assert [user["id"] for user in page["items"]] == ([listed.id] if visible else [])
        await api.expect(200, dan, "GET", f"/v1/users/{ana.id}/stats")


async def test_pending_requests_are_bounded(
    api: ApiClient, instance: Instance, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the limit of the account or of the requester, a request is refused and not stored."""
    ana, ben, cyd, dan = await people.register(4, instance)
    for user in (ana, dan):
        await api.set_private(user, private=True)
    monkeypatch.setattr(postgres_social, "FOLLOW_REQUESTS_RECEIVED", 1)
    await api.follow(ben, ana)
    await api.follow(ben, ana)
    await api.expect_error("follow_request.limit", 409, cyd, "PUT", f"/v1/users/{ana.id}/follow")
    assert await requesters(api, ana) == [ben.id]
    monkeypatch.setattr(postgres_social, "FOLLOW_REQUESTS_SENT", 1)
    await api.expect_error("follow_request.limit", 409, ben, "PUT", f"/v1/users/{dan.id}/follow")
    assert await requesters(api, dan) == []


async def test_followers_can_be_removed(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """At once and repeatedly; a former follower of a private account has to ask again."""
    ana, ben = await people.register(2, instance)
    await api.follow(ben, ana)
    await api.follow(ana, ben)
    await api.set_private(ana, private=True)
    for _ in range(2):
        await api.expect(204, ana, "DELETE", f"/v1/users/me/followers/{ben.id}")
    after = await relationship(api, ben, ana)
    assert (after["following"], after["followed_by"]) == (False, True)
    await api.follow(ben, ana)
    assert await requesters(api, ana) == [ben.id]


async def test_deleted_accounts_leave_no_requests(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Requests by and to a deleted account are removed."""
    ana, ben = await people.register(2, instance)
    await api.set_private(ana, private=True)
    await api.follow(ben, ana)
    await api.expect(204, ben, "DELETE", "/v1/users/me", {"current_password": "a good password"})
    await api.wait_for(ana, LIST, lambda page: page["items"] == [])
    await api.wait_for(ana, path_of(ben), lambda _problem: True, status=404, timeout_s=30.0, method="PUT")
    followers = await api.get(ana, f"/v1/users/{ana.id}/followers")
    assert followers["items"] == []


async def test_client_asks_and_answers(instance: Instance, people: RegisteredUsers) -> None:
    """The methods of the Python client."""
    ana, ben, cyd = await people.register(3, instance)
    url = f"http://127.0.0.1:{instance.port}"
    async with HttpClient(url, ana.token) as of_ana, HttpClient(url, ben.token) as of_ben:
        assert (await of_ana.set_private(private=True)).private
        await of_ben.follow(ana.id)
        assert [request.user.id for request in (await of_ana.follow_requests()).items] == [ben.id]
        await of_ana.accept_follow_request(ben.id)
        profile = await of_ben.user(ana.id)
        assert profile.private
        assert profile.relationship is not None
        assert profile.relationship.following
        await of_ana.remove_follower(ben.id)
        await of_ben.follow(ana.id)
        await of_ben.unfollow(ana.id)
        await of_ben.follow(ana.id)
        await of_ana.decline_follow_request(ben.id)
        assert (await of_ana.follow_requests()).items == []
        async with HttpClient(url, cyd.token) as of_cyd:
            await of_cyd.follow(ana.id)
        assert not (await of_ana.set_private(private=False)).private
        assert (await of_ana.user(ana.id)).followers_count == 1
