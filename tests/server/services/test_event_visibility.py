"""Tests of events for invited users: they do not exist for other users."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EVENTS = "/v1/events"


async def listed(api: ApiClient, user: RegisteredUser, query: str) -> list[str]:
    return [item["id"] for item in await api.collect_pages(user, f"{EVENTS}?{query}", 50)]


async def test_event_for_invited_users_does_not_exist_for_others(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not by path, in lists, by words, nearby, as calendar, in posts, as conversation; until an invite."""
    ana, ben, eve = await people.register(3, instance)
    place = {"name": "Attic", "latitude": 10.5, "longitude": 10.5}
    event = await api.event(ana, title="Secretparty", category="HIDDEN", visibility="invited", place=place)
    path = f"{EVENTS}/{event['id']}"
    await api.expect(204, ana, "POST", f"{path}/invites", {"user_ids": [ben.id]})
    queries = ("category=HIDDEN", "q=secretparty", "near=10.5,10.5,5", "category=HIDDEN&q=secretparty")
    for query in queries:
        assert await listed(api, eve, query) == []
        for person in (ana, ben):
            assert await listed(api, person, query) == [event["id"]]
    for method, target, body in (
        ("GET", path, None),
        ("PATCH", path, {"title": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/rsvps", None),
        ("PUT", f"{path}/rsvp", {"status": "GOING"}),
        ("DELETE", f"{path}/rsvp", None),
        ("DELETE", f"{path}/rsvps/{ben.id}", None),
        ("POST", f"{path}/invites", {"user_ids": [ben.id]}),
        ("GET", f"{path}/calendar.ics", None),
        ("POST", "/v1/posts", {"content": "x", "event_id": event["id"]}),
    ):
        await api.expect_error("event.not_found", 404, eve, method, target, body)
    conversation = f"/v1/conversations/{event['conversation_id']}"
    await api.expect_error("conversation.not_found", 404, eve, "GET", conversation)
    assert (await api.get(ben, path))["visibility"] == "invited"
    await api.rsvp(ben, event["id"])
    await api.expect_error("permission.denied", 403, ben, "POST", f"{path}/invites", {"user_ids": [eve.id]})
    await api.expect(204, ana, "POST", f"{path}/invites", {"user_ids": [eve.id]})
    await api.rsvp(eve, event["id"])


async def test_users_who_answered_keep_an_event_that_becomes_hidden(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Whatever they answered, and also if they wait; a user whom a host removes loses it."""
    ana, ben, cai, dan, eve = await people.register(5, instance)
    event = await api.event(ana, capacity=1)
    path = f"{EVENTS}/{event['id']}"
    await api.rsvp(ben, event["id"])
    await api.rsvp(cai, event["id"], "NOT_GOING")
    await api.expect(202, dan, "PUT", f"{path}/rsvp", {"status": "GOING", "waitlist": True})
    await api.expect(200, ana, "PATCH", path, {"visibility": "invited"})
    for person in (ben, cai, dan):
        await api.get(person, path)
    await api.expect_error("event.not_found", 404, eve, "GET", path)
    await api.expect(204, ana, "DELETE", f"{path}/rsvps/{ben.id}")
    await api.expect_error("event.not_found", 404, ben, "GET", path)
    assert (await api.get(dan, path))["my_rsvp"] == "GOING"
    await api.expect(200, ana, "PATCH", path, {"visibility": "public"})
    await api.get(eve, path)


async def test_hosts_and_users_who_ask_see_an_event_for_invited_users(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A co-host sees it and invites others; a user whose request is open sees it too."""
    ana, ben, cai, dan = await people.register(4, instance)
    event = await api.event(ana, approval=True)
    path = f"{EVENTS}/{event['id']}"
    await api.expect(202, dan, "PUT", f"{path}/rsvp", {"status": "GOING"})
    await api.expect(200, ana, "PATCH", path, {"visibility": "invited"})
    assert (await api.get(dan, path))["my_rsvp"] == "PENDING"
    await api.expect(204, ana, "PUT", f"{path}/hosts/{ben.id}")
    assert event["id"] in await listed(api, ben, "mine=hosting")
    await api.expect_error("event.not_found", 404, cai, "GET", path)
    await api.expect(204, ben, "POST", f"{path}/invites", {"user_ids": [cai.id]})
    assert event["id"] in await listed(api, cai, "mine=invited")
