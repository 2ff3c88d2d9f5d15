"""Tests of RSVPs, waitlists and membership of event conversations."""

import asyncio

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.services.event_calls import EVENTS, Json, day, get_event, wait_for_notification

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def join_waitlist(api: ApiClient, person: RegisteredUser, event_id: str) -> int:
    body = {"status": "GOING", "waitlist": True}
    rsvp = await api.expect(202, person, "PUT", f"{EVENTS}/{event_id}/rsvp", body)
    assert rsvp["status"] is None or rsvp["status"] != "GOING"
    position: int = rsvp["waitlist_position"]
    return position


async def withdraw(api: ApiClient, person: RegisteredUser, event_id: str) -> Json:
    return await api.expect(200, person, "DELETE", f"{EVENTS}/{event_id}/rsvp")


async def test_rsvp_statuses(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The last one counts; users are listed by status, and can withdraw."""
    ana, ben, eve = await people.register(3, instance)
    event = (await api.event(ana))["id"]
    for status, going, interested in (
        ("GOING", 1, 0),
        ("INTERESTED", 0, 1),
        ("INTERESTED", 0, 1),
        ("MAYBE", 0, 0),
        ("NOT_GOING", 0, 0),
        ("GOING", 1, 0),
    ):
        rsvp = await api.rsvp(ben, event, status)
        assert (rsvp["event_id"], rsvp["user"]["id"]) == (event, ben.id)
        assert (rsvp["status"], rsvp["waitlist_position"]) == (status, None)
        event_view = await get_event(api, ben, event)
        assert (event_view["going_count"], event_view["interested_count"], event_view["my_rsvp"]) == (
            going,
            interested,
            status,
        )
        assert (await get_event(api, ana, event))["my_rsvp"] is None
    await api.rsvp(eve, event, "INTERESTED")
    for query, wanted in (
        ("", {ben.id, eve.id}),
        ("?status=GOING", {ben.id}),
        ("?status=INTERESTED", {eve.id}),
        ("?status=MAYBE", set()),
    ):
        items = await api.collect_pages(ana, f"{EVENTS}/{event}/rsvps{query}", 1)
        assert {item["user"]["id"] for item in items} == wanted
        assert len(items) == len(wanted)
    for _ in range(2):
        assert (await withdraw(api, ben, event))["status"] is None
    event_view = await get_event(api, ben, event)
    assert (event_view["going_count"], event_view["interested_count"], event_view["my_rsvp"]) == (0, 1, None)


async def test_full_event_has_a_waiting_list(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """First come, first served: 409 without waiting, 202 with; a promoted user is notified."""
    ana, ben, eve, dan, kim = await people.register(5, instance)
    event = (await api.event(ana, capacity=1))["id"]
    rsvp = f"{EVENTS}/{event}/rsvp"
    await api.rsvp(ben, event)
    await api.rsvp(ben, event)
    await api.expect_error("event.full", 409, eve, "PUT", rsvp, {"status": "GOING"})
    assert [await join_waitlist(api, user, event) for user in (eve, dan, kim, dan)] == [1, 2, 3, 2]
    assert (await get_event(api, dan, event))["my_waitlist_position"] == 2
    assert (await withdraw(api, eve, event))["waitlist_position"] is None
    assert (await get_event(api, dan, event))["my_waitlist_position"] == 1
    await withdraw(api, ben, event)
    event_view = await get_event(api, dan, event)
    assert (event_view["my_rsvp"], event_view["my_waitlist_position"], event_view["going_count"]) == (
        "GOING",
        None,
        1,
    )
    await wait_for_notification(api, dan, "EVENT_UPDATE", event)
    await api.expect_error("event.full", 409, ben, "PUT", rsvp, {"status": "GOING"})
    assert await join_waitlist(api, ben, event) == 2
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{event}", {"capacity": 2})
    event_view = await get_event(api, kim, event)
    assert (event_view["my_rsvp"], event_view["going_count"]) == ("GOING", 2)
    await wait_for_notification(api, kim, "EVENT_UPDATE", event)
    assert (await get_event(api, ben, event))["my_waitlist_position"] == 1
    rejected = await api.request(ana, "PATCH", f"{EVENTS}/{event}", {"capacity": 1})
    assert (rejected[0], rejected[1]["code"]) == (409, "event.capacity_below_going")
    await api.rsvp(dan, event, "MAYBE")
    event_view = await get_event(api, ben, event)
    assert (event_view["my_rsvp"], event_view["going_count"]) == ("GOING", 2)


async def test_concurrent_rsvps_respect_the_capacity(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Eight users want three places: three are going, five wait at distinct positions."""
    ana, *others = await people.register(9, instance)
    event = (await api.event(ana, capacity=3))["id"]
    body = {"status": "GOING", "waitlist": True}
    answers = await asyncio.gather(
        *(api.request(person, "PUT", f"{EVENTS}/{event}/rsvp", body) for person in others)
    )
    assert sorted(status for status, _, _ in answers) == [200] * 3 + [202] * 5
    assert (await get_event(api, ana, event))["going_count"] == 3
    places = [(await get_event(api, person, event))["my_waitlist_position"] for person in others]
    assert sorted(place for place in places if place is not None) == [1, 2, 3, 4, 5]


async def test_past_event_accepts_no_rsvp(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """`event.past` after the end; no promotion after the start."""
    ana, ben, eve = await people.register(3, instance)
    over = (await api.event(ana, start_datetime=day(-2), end_datetime=day(-1)))["id"]
    await api.expect_error("event.past", 409, ben, "PUT", f"{EVENTS}/{over}/rsvp", {"status": "GOING"})
    started = (await api.event(ana, capacity=1, start_datetime=day(1), end_datetime=day(2)))["id"]
    await api.rsvp(ben, started)
    await join_waitlist(api, eve, started)
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{started}", {"start_datetime": day(-1)})
    await withdraw(api, ben, started)
    event_view = await get_event(api, eve, started)
    assert (event_view["my_rsvp"], event_view["going_count"]) == (None, 0)


async def test_going_users_are_members_of_the_conversation(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The creator from the start, others while they are going; other users do not find it."""
    ana, ben, eve = await people.register(3, instance)
    event = await api.event(ana)
    path = f"/v1/conversations/{event['conversation_id']}"
    await api.wait_for(ana, path, lambda conversation: conversation["member_count"] == 1)
    for person in (ben, eve):
        await api.expect_error("conversation.not_found", 404, person, "GET", path)
    await api.rsvp(ben, event["id"])
    await api.rsvp(eve, event["id"], "INTERESTED")
    await api.wait_for(ben, path, lambda conversation: conversation["member_count"] == 2)
    await api.expect_error("conversation.not_found", 404, eve, "GET", path)
    await api.send(ben, event["conversation_id"], "hello")
    await api.rsvp(ben, event["id"], "MAYBE")
    await api.wait_for(ben, path, lambda problem: problem["code"] == "conversation.not_found", 404)
    await api.wait_for(ana, path, lambda conversation: conversation["member_count"] == 1)
    await api.rsvp(ben, event["id"])
    await api.wait_for(ben, path, lambda conversation: conversation["member_count"] == 2)
    await withdraw(api, ben, event["id"])
    await api.wait_for(ben, path, lambda problem: problem["code"] == "conversation.not_found", 404)


async def test_promoted_user_joins_the_conversation(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not while waiting, but soon after the promotion."""
    ana, ben, eve = await people.register(3, instance)
    event = await api.event(ana, capacity=1)
    path = f"/v1/conversations/{event['conversation_id']}"
    await api.rsvp(ben, event["id"])
    await join_waitlist(api, eve, event["id"])
    await api.wait_for(ben, path, lambda conversation: conversation["member_count"] == 2)
    await api.expect_error("conversation.not_found", 404, eve, "GET", path)
    await withdraw(api, ben, event["id"])
    await api.wait_for(eve, path, lambda conversation: conversation["member_count"] == 2)
