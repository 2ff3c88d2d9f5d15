"""Tests of account deletion: what is deleted and what remains."""

from functools import partial
from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
ME = "/v1/users/me"


async def delete_account(api: ApiClient, person: RegisteredUser) -> None:
    await api.expect(204, person, "DELETE", ME, {"current_password": PASSWORD})


def contains(wanted: list[str], page: Json) -> bool:
    return [card["id"] for card in page["items"]] == wanted


async def assert_empty(api: ApiClient, person: RegisteredUser, path: str) -> None:
    """Wait until a list is empty."""
    await api.wait_for(person, path, lambda page: page["items"] == [])


async def test_account_is_gone_on_every_instance(
    api: ApiClient, second_api: ApiClient, second_instance: Instance, people: RegisteredUsers
) -> None:
    """Tokens and logins stop working at once; its websockets close within a second, and its pages follow."""
    ana, ben = await people.register(2, second_instance)
    login = {"login": ana.username, "password": PASSWORD}
    again = await api.expect(201, None, "POST", "/v1/sessions", login)
    elsewhere = RegisteredUser(ana.id, ana.username, again["token"])
    async with connect_peer(second_instance.port) as connected:
        await connected.open(elsewhere.token)
        await second_api.get(ana, ME)
        await delete_account(api, ana)
        ending = await connected.read_until_closed()
        assert (ending.code, ending.closed) == (4503, True)
        for asked in (api, second_api):
            for person in (ana, elsewhere):
                for method, path in (("GET", ME), ("DELETE", ME), ("GET", "/v1/feed"), ("GET", "/v1/stream")):
                    status, body, _ = await asked.request(person, method, path)
                    assert (status, body["code"][:5]) == (401, "auth."), (method, path)
            await asked.expect_error("auth.invalid_credentials", 401, None, "POST", "/v1/sessions", login)
            await asked.expect_error("user.not_found", 404, ben, "GET", f"/v1/users/{ana.id}")
            # Of other services, which hear of the deletion from its domain event.
            for path in ("/stats", "/followers", "/following", "/posts"):
                path_of_ana = f"/v1/users/{ana.id}{path}"
                await asked.wait_for(ben, path_of_ana, lambda body: body.get("code") == "user.not_found", 404)
            name = f"/v1/users/by-username/{ana.username}"
            await asked.expect_error("user.not_found", 404, ben, "GET", name)
            for query in (f"ids={ana.id}", f"q={ana.username}"):
                users = (await asked.get(ben, f"/v1/users?{query}"))["items"]
                assert ana.id not in [card["id"] for card in users]
            await asked.expect_error("user.not_found", 404, ben, "PUT", f"/v1/users/{ana.id}/follow")


async def test_posts_comments_and_likes_are_deleted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Counts are corrected."""
    ana, ben = await people.register(2, instance)
    own, others = (await api.post(ana))["id"], (await api.post(ben))["id"]
    await api.comment(ben, own)
    await api.comment(ana, others)
    await api.expect(204, ana, "PUT", f"/v1/posts/{others}/like")
    await api.expect(204, ben, "PUT", f"/v1/posts/{own}/like")
    await api.follow(ben, ana)
    await delete_account(api, ana)
    await api.wait_for(ben, f"/v1/posts/{own}", lambda body: body["code"] == "post.not_found", 404)
    await api.wait_for(ben, "/v1/feed", lambda page: [item["id"] for item in page["items"]] == [others])
    post_view = await api.wait_for(ben, f"/v1/posts/{others}", lambda post: post["like_count"] == 0)
    post_view = await api.wait_for(ben, f"/v1/posts/{others}", lambda post: post["comment_count"] == 0)
    assert (post_view["like_count"], post_view["comment_count"]) == (0, 0)
    await assert_empty(api, ben, f"/v1/posts/{others}/likes")
    await assert_empty(api, ben, f"/v1/posts/{others}/comments")


async def test_follows_are_deleted(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """In both directions, from lists and counts."""
    ana, ben, eve = await people.register(3, instance)
    for one, other in ((ana, ben), (eve, ana), (eve, ben)):
        await api.follow(one, other)
    await delete_account(api, ana)
    await api.wait_for(eve, f"/v1/users/{ben.id}/stats", lambda stats: stats["followers_count"] == 1)
    await api.wait_for(eve, f"/v1/users/{eve.id}/stats", lambda stats: stats["following_count"] == 1)
    for path in (f"{ben.id}/followers", f"{eve.id}/following"):
        wanted = [eve.id if "followers" in path else ben.id]
        await api.wait_for(eve, f"/v1/users/{path}", partial(contains, wanted))


async def test_events_and_rsvps_are_deleted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A freed place goes to the first user on the waitlist, who is notified."""
    ana, ben, eve = await people.register(3, instance)
    own = (await api.event(ana))["id"]
    await api.rsvp(ben, own)
    event = (await api.event(ben, capacity=1))["id"]
    await api.rsvp(ana, event)
    waiting = {"status": "GOING", "waitlist": True}
    await api.expect(202, eve, "PUT", f"/v1/events/{event}/rsvp", waiting)
    liked = (await api.event(ben))["id"]
    await api.rsvp(ana, liked, "INTERESTED")
    await delete_account(api, ana)
    await api.wait_for(ben, f"/v1/events/{own}", lambda body: body["code"] == "event.not_found", 404)
    event_view = await api.wait_for(eve, f"/v1/events/{event}", lambda event: event["my_rsvp"] == "GOING")
    assert event_view["going_count"] == 1
    rsvps = (await api.get(ben, f"/v1/events/{event}/rsvps"))["items"]
    assert [rsvp["user"]["id"] for rsvp in rsvps] == [eve.id]
    await api.wait_for(
        eve, "/v1/notifications", lambda page: [item["type"] for item in page["items"]] == ["EVENT_UPDATE"]
    )
    await api.wait_for(ben, f"/v1/events/{liked}", lambda event: event["interested_count"] == 0)
    await assert_empty(api, ben, f"/v1/events/{liked}/rsvps")


async def test_messages_remain_without_the_author(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The membership ends, the longest member becomes admin, and messages stay readable."""
    ana, ben, eve = await people.register(3, instance)
    group, direct = (await api.group(ana, ben, eve))["id"], (await api.direct(ana, ben))["id"]
    text = [await api.send(ana, room, "I was here") for room in (group, direct)]
    await delete_account(api, ana)
    room = f"/v1/conversations/{group}"
    conversation = await api.wait_for(ben, room, lambda conversation: conversation["member_count"] == 2)
    assert {card["id"] for card in conversation["participants"]} == {ben.id, eve.id}
    conversation = await api.wait_for(ben, room, lambda conversation: ana.id not in conversation["admins"])
    assert conversation["admins"] == [ben.id]
    for message in text:
        path = f"/v1/conversations/{message['conversation_id']}/messages"
        kept = {item["id"]: item for item in (await api.get(ben, path))["items"]}[message["id"]]
        assert (kept["content"], kept["sender_id"]) == ("I was here", ana.id)
        assert kept["deleted_at"] is None
    assert (await api.get(ben, f"/v1/users?ids={ana.id}"))["items"] == []
    room = f"/v1/conversations/{direct}"
    await api.wait_for(ben, room, lambda conversation: ana.username not in str(conversation))
    await api.send(eve, group, "farewell")


@pytest.mark.parametrize("take", ["username", "email"])
async def test_username_can_be_registered_again(
    take: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The new user has none of the old user's data."""
    ana, ben = await people.register(2, instance)
    await api.follow(ben, ana)
    await api.post(ana)
    await api.group(ana, ben)
    await delete_account(api, ana)
    email = f"{ana.username}@example.test"
    body = {"username": ana.username, "email": email, "password": PASSWORD}
    if take == "username":
        body["email"] = f"x{email}"
    else:
        body["username"] = f"x{ana.username}"
    made = await api.expect(201, None, "POST", "/v1/users", body)
    new = RegisteredUser(made["user"]["id"], body["username"], made["token"])
    assert new.id != ana.id
    assert (await api.get(ben, f"/v1/users/by-username/{new.username}"))["id"] == new.id
    stats = await api.get(ben, f"/v1/users/{new.id}/stats")
    assert (stats["followers_count"], stats["following_count"], stats["posts_count"]) == (0, 0, 0)
    for path in ("/v1/feed", "/v1/conversations", "/v1/notifications", f"/v1/users/{new.id}/posts"):
        assert (await api.get(new, path))["items"] == []
    sessions = (await api.get(new, "/v1/sessions"))["items"]
    assert len(sessions) == 1
    await api.follow(ben, new)
    assert (await api.post(new))["author"]["username"] == new.username
