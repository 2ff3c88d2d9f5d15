"""Tests of co-hosts, cancellation, guests, reminders and requests over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EVENTS = "/v1/events"


async def test_cohost_may_do_what_the_creator_may(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Edit, remove attendees and cancel, but not delete the event or change its hosts."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana)
    path = f"{EVENTS}/{event['id']}"
    assert [host["id"] for host in event["hosts"]] == [ana.id]
    await api.expect_error("permission.denied", 403, ben, "PATCH", path, {"title": "x"})
    await api.expect_error("permission.denied", 403, ben, "PUT", f"{path}/hosts/{ben.id}")
    for _ in range(2):
        await api.expect(204, ana, "PUT", f"{path}/hosts/{ben.id}")
    changed = await api.expect(200, ben, "PATCH", path, {"title": "Ours"})
    assert [host["id"] for host in changed["hosts"]] == [ana.id, ben.id]
    await api.rsvp(cai, event["id"], "GOING")
    await api.expect(204, ben, "DELETE", f"{path}/rsvps/{cai.id}")
    for removed in (ana, ben):
        await api.expect_error("request.invalid", 422, ben, "DELETE", f"{path}/rsvps/{removed.id}")
    await api.expect_error("permission.denied", 403, ben, "DELETE", path)
    await api.expect_error("permission.denied", 403, ben, "PUT", f"{path}/hosts/{cai.id}")
    await api.expect_error("request.invalid", 422, ana, "DELETE", f"{path}/hosts/{ana.id}")
    cancelled = await api.expect(200, ben, "POST", f"{path}/cancellation", {"reason": " rain "})
    assert cancelled["cancelled_at"]
    assert cancelled["cancel_reason"] == "rain"
    await api.expect(204, ben, "DELETE", f"{path}/hosts/{ben.id}")
    await api.expect_error("permission.denied", 403, ben, "PATCH", path, {"title": "x"})
    await api.expect(204, ana, "DELETE", f"{path}/hosts/{ben.id}")
    await api.expect(204, ana, "DELETE", path)


async def test_cohost_of_one_event_cannot_change_its_series(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Only the event that they host."""
    ana, ben = await people.register(2, instance)
    event = await api.event(ana, rrule="FREQ=DAILY", count=3)
    path = f"{EVENTS}/{event['id']}"
    await api.expect(204, ana, "PUT", f"{path}/hosts/{ben.id}")
    for scope in ("following", "all"):
        await api.expect_error(
            "permission.denied", 403, ben, "PATCH", f"{path}?scope={scope}", {"title": "x"}
        )
    await api.expect(200, ben, "PATCH", path, {"title": "Ours"})
    mine = await api.collect_pages(ana, f"{EVENTS}?mine=hosting", 50)
    assert sorted(one["title"] == "Ours" for one in mine) == [False, False, True]


async def test_user_who_wants_no_invitations_becomes_host_only_after_responding(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The response to the event is the consent."""
    ana, ben = await people.register(2, instance)
    await api.expect(200, ben, "PATCH", "/v1/users/me/privacy", {"invites": "nobody"})
    event = await api.event(ana)
    path = f"{EVENTS}/{event['id']}/hosts/{ben.id}"
    await api.expect_error("permission.denied", 403, ana, "PUT", path)
    await api.rsvp(ben, event["id"], "MAYBE")
    await api.expect(204, ana, "PUT", path)


async def test_block_with_a_cohost_hides_the_event(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """In lists and by id, for others than hosts."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana, category="HIDDEN")
    path = f"{EVENTS}/{event['id']}"
    await api.rsvp(cai, event["id"], "GOING")
    await api.expect(204, ana, "PUT", f"{path}/hosts/{ben.id}")
    await api.expect(204, cai, "PUT", f"/v1/users/{ben.id}/block")
    await api.expect_error("event.not_found", 404, cai, "GET", path)
    await api.expect_error("event.not_found", 404, cai, "PUT", f"{path}/rsvp", {"status": "GOING"})
    assert event["id"] not in [
        one["id"] for one in (await api.get(cai, f"{EVENTS}?category=HIDDEN"))["items"]
    ]
    assert event["id"] in [one["id"] for one in (await api.get(ben, f"{EVENTS}?category=HIDDEN"))["items"]]
    await api.wait_for(ana, path, lambda now: now["going_count"] == 0)


async def test_user_whom_a_block_hides_does_not_become_host(
    api: ApiClient, instance: Instance, people: RegisteredUsers, stores: StoreUrls
) -> None:
    """The error is that of an unknown user, also while only the Event service's copy has the block."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana)
    path = f"{EVENTS}/{event['id']}/hosts"
    _, unknown, _ = await api.request(ana, "PUT", f"{path}/{uuid4()}")
    await api.expect(204, ben, "PUT", f"/v1/users/{ana.id}/block")
    connection = await asyncpg.connect(database_url(stores.postgres, "events"))
    try:
        insert = "INSERT INTO user_blocks (user_id, other_id) VALUES ($1, $2), ($2, $1)"
        await connection.execute(insert, ana.id, cai.id)
    finally:
        await connection.close()
    for hidden in (ben, cai):
        problem = await api.expect_error("user.not_found", 404, ana, "PUT", f"{path}/{hidden.id}")
        assert (problem["title"], problem["detail"]) == (unknown["title"], unknown["detail"])


async def test_cancelled_event_stays_and_refuses_answers(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The list marks it; a repeated cancellation keeps the first reason; withdrawing is possible."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana, category="OFF")
    path = f"{EVENTS}/{event['id']}"
    await api.rsvp(ben, event["id"], "GOING")
    await api.expect_error("permission.denied", 403, ben, "POST", f"{path}/cancellation", {})
    first = await api.expect(200, ana, "POST", f"{path}/cancellation", {"reason": "rain"})
    again = await api.expect(200, ana, "POST", f"{path}/cancellation", {"reason": "other"})
    assert again == first
    assert first["going_count"] == 1
    (listed,) = (await api.get(cai, f"{EVENTS}?category=OFF"))["items"]
    assert listed["cancelled_at"] == first["cancelled_at"]
    await api.expect_error("event.cancelled", 409, cai, "PUT", f"{path}/rsvp", {"status": "GOING"})
    await api.expect_error("event.cancelled", 409, ana, "POST", f"{path}/invites", {"user_ids": [cai.id]})
    await api.expect_error("event.cancelled", 409, ana, "PUT", f"{path}/hosts/{cai.id}")
    assert (await api.get(ben, path))["my_rsvp"] == "GOING"
    await api.expect(200, ben, "DELETE", f"{path}/rsvp")
    conversation = f"/v1/conversations/{event['conversation_id']}/messages"
    await api.wait_for(
        ana,
        conversation,
        lambda page: any(one["content"] == "This event was cancelled: rain" for one in page["items"]),
    )


async def test_guests_and_reminders_are_part_of_the_rsvp(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Guests are counted; reminders are seen by the user alone; both are bounded."""
    ana, ben = await people.register(2, instance)
    event = await api.event(ana, capacity=4)
    path = f"{EVENTS}/{event['id']}"
    body = {"status": "GOING", "guests": 2, "reminders": [10, 60, 10]}
    rsvp = await api.expect(200, ben, "PUT", f"{path}/rsvp", body)
    assert (rsvp["guests"], rsvp["reminders"]) == (2, [60, 10])
    assert await api.get(ben, f"{path}/rsvp") == rsvp
    seen = await api.get(ben, path)
    assert (seen["going_count"], seen["my_guests"], seen["reminders"]) == (3, 2, [60, 10])
    assert (await api.get(ana, path))["reminders"] is None
    (listed,) = (await api.get(ana, f"{path}/rsvps"))["items"]
    assert (listed["guests"], listed["reminders"]) == (2, None)
    await api.expect_error("event.full", 409, ana, "PUT", f"{path}/rsvp", {"status": "GOING", "guests": 1})
    waiting = await api.expect(
        202, ana, "PUT", f"{path}/rsvp", {"status": "GOING", "guests": 1, "waitlist": True}
    )
    assert (waiting["waitlist_position"], waiting["guests"]) == (1, 1)
    for wrong in (
        {"guests": 11},
        {"guests": -1},
        {"status": "MAYBE", "guests": 1},
        {"status": "MAYBE", "reminders": [5]},
        {"reminders": [0]},
        {"reminders": [40321]},
        {"reminders": [1, 2, 3, 4, 5, 6]},
        {"status": "PENDING"},
    ):
        await api.expect_error(
            "request.invalid", 422, ben, "PUT", f"{path}/rsvp", {"status": "GOING", **wrong}
        )
    assert (await api.get(ben, f"{path}/rsvp"))["guests"] == 2


async def test_hosts_decide_who_goes(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """A request is seen by hosts and its user alone, and accepted or declined."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana, approval=True)
    path = f"{EVENTS}/{event['id']}"
    assert event["approval"] is True
    for person in (ben, cai):
        asked = await api.expect(202, person, "PUT", f"{path}/rsvp", {"status": "GOING", "guests": 1})
        assert (asked["status"], asked["guests"]) == ("PENDING", 1)
    assert (await api.get(ben, path))["my_rsvp"] == "PENDING"
    assert (await api.get(ana, path))["going_count"] == 0
    assert (await api.get(cai, f"{path}/rsvps"))["items"] == []
    await api.expect_error("permission.denied", 403, cai, "GET", f"{path}/requests")
    listed = (await api.get(ana, f"{path}/requests"))["items"]
    assert [(one["user"]["id"], one["status"]) for one in listed] == [
        (ben.id, "PENDING"),
        (cai.id, "PENDING"),
    ]
    await api.expect_error("permission.denied", 403, cai, "PUT", f"{path}/requests/{cai.id}")
    for _ in range(2):
        accepted = await api.expect(200, ana, "PUT", f"{path}/requests/{ben.id}")
        assert (accepted["status"], accepted["user"]["id"]) == ("GOING", ben.id)
    more = {"status": "GOING", "guests": 2}
    await api.expect_error("permission.denied", 403, ben, "PUT", f"{path}/rsvp", more)
    await api.expect(200, ben, "PUT", f"{path}/rsvp", {"status": "GOING", "guests": 1})
    await api.expect(204, ana, "DELETE", f"{path}/requests/{cai.id}")
    await api.expect_error("rsvp_request.not_found", 404, ana, "DELETE", f"{path}/requests/{cai.id}")
    assert (await api.get(ana, path))["going_count"] == 2
    assert (await api.get(cai, f"{path}/rsvp"))["status"] is None


async def test_user_is_reminded_of_an_event(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A minute before its start, within 30 seconds; not one who withdrew."""
    ana, ben, cai = await people.register(3, instance)
    start = datetime.now(UTC) + timedelta(seconds=75)
    event = await api.event(
        ana,
        title="Soon",
        start_datetime=start.isoformat(),
        end_datetime=(start + timedelta(hours=1)).isoformat(),
    )
    path = f"{EVENTS}/{event['id']}/rsvp"
    for person in (ben, cai):
        await api.expect(200, person, "PUT", path, {"status": "GOING", "reminders": [1]})
    await api.expect(200, cai, "DELETE", path)

    def reminders(page: Json) -> list[str]:
        return [one["message"] for one in page["items"] if one["type"] == "EVENT_REMINDER"]

    page = await api.wait_for(ben, "/v1/notifications", reminders, timeout_s=120)
    assert reminders(page) == ["Soon starts in 1 minute"]
    assert page["items"][0]["reference_id"] == event["id"]
    assert reminders(await api.get(cai, "/v1/notifications")) == []
