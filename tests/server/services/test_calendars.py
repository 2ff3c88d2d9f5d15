"""Tests of calendar files over HTTP, and of the secret link to the calendar of all events one goes to."""

import logging
from typing import Any

import icalendar
import pytest

from config.settings import ServerSettings
from server.http.rate_limiter import SEARCH_COST
from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
LINK = "/v1/users/me/calendar"
OCTOBER: Json = {
    "start_datetime": "2045-10-17T18:30:00+02:00",
    "end_datetime": "2045-10-17T20:00:00+02:00",
    "timezone": "Europe/Paris",
}


async def fetch(api: ApiClient, user: RegisteredUser | None, path: str) -> list[icalendar.Event]:
    status, body, headers = await api.request_bytes(user, "GET", path)
    assert status == 200, (path, body)
    assert headers["content-type"] == "text/calendar; charset=utf-8"
    assert headers["content-disposition"].startswith("attachment; filename=")
    return icalendar.Calendar.from_ical(body).events


async def create_link(api: ApiClient, user: RegisteredUser) -> str:
    """Create a link and return its path."""
    link = await api.expect(201, user, "POST", LINK)
    address = str(link["url"]).removeprefix("webcal://")
    assert link["http_url"].endswith(address)
    return "/" + address.partition("/")[2]


def titles(entries: list[icalendar.Event]) -> list[str]:
    return [str(entry["SUMMARY"]) for entry in entries]


async def test_calendar_of_a_link_has_the_events_that_a_user_goes_to(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Without authentication; not those that the user only likes, or that a block hides."""
    ana, ben, cai = await people.register(3, instance)
    going = await api.event(ana, title="Going", **OCTOBER)
    maybe, other = await api.event(ana, title="Maybe"), await api.event(cai, title="Other")
    await api.rsvp(ben, going["id"])
    await api.rsvp(ben, maybe["id"], "MAYBE")
    await api.rsvp(ben, other["id"])
    path = await create_link(api, ben)
    assert sorted(titles(await fetch(api, None, path))) == ["Going", "Other"]
    await api.expect(204, cai, "PUT", f"/v1/users/{ben.id}/block")
    (entry,) = await fetch(api, None, path)
    assert str(entry["UID"]) == f"{going['id']}@convene"
    assert entry.decoded("DTSTART").isoformat() == "2045-10-17T18:30:00+02:00"
    await api.expect(204, ana, "DELETE", f"/v1/events/{going['id']}")
    assert await fetch(api, None, path) == []


async def test_calendar_of_a_link_is_the_same_until_an_event_changes(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """304 for its entity tag; a change raises SEQUENCE."""
    ana, ben = await people.register(2, instance)
    event = await api.event(ana)
    await api.rsvp(ben, event["id"])
    path = await create_link(api, ben)
    _, _, headers = await api.request_bytes(None, "GET", path)
    status, body, _ = await api.request_bytes(None, "GET", path, If_None_Match=headers["etag"])
    assert (status, body) == (304, b"")
    await api.expect(200, ana, "PATCH", f"/v1/events/{event['id']}", {"title": "Other"})
    status, body, _ = await api.request_bytes(None, "GET", path, If_None_Match=headers["etag"])
    assert status == 200
    (entry,) = icalendar.Calendar.from_ical(body).events
    assert (entry["SEQUENCE"], str(entry["SUMMARY"])) == (1, "Other")


async def test_cancelled_event_stays_in_calendars(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With the status; the cancellation raises SEQUENCE."""
    ana, ben = await people.register(2, instance)
    event = await api.event(ana, rrule="FREQ=WEEKLY;COUNT=2")
    await api.rsvp(ben, event["id"])
    path = await create_link(api, ben)
    (before,) = await fetch(api, None, path)
    await api.expect(200, ana, "POST", f"/v1/events/{event['id']}/cancellation", {"reason": "rain"})
    (entry,) = await fetch(api, None, path)
    assert (str(before["STATUS"]), str(entry["STATUS"])) == ("CONFIRMED", "CANCELLED")
    assert int(str(entry["SEQUENCE"])) > int(str(before["SEQUENCE"]))
    series = await fetch(api, ben, f"/v1/events/{event['id']}/calendar.ics")
    assert sorted(str(one["STATUS"]) for one in series) == ["CANCELLED", "CONFIRMED"]


async def test_link_ends_when_it_is_revoked_or_replaced(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A link that was never made is not found either; the link is shown only when it is created."""
    (ana,) = await people.register(1, instance)
    assert await api.get(ana, LINK) == {"created_at": None}
    first = await create_link(api, ana)
    assert (await api.get(ana, LINK))["created_at"] is not None
    second = await create_link(api, ana)
    assert await fetch(api, None, second) == []
    token = second.rsplit("/", 1)[1].removesuffix(".ics")
    guessed = ("A" * 43, token[:-1], token + "A", token.swapcase(), "x", "%00")
    for path in (first, *(f"/v1/calendars/{one}.ics" for one in guessed)):
        await api.expect_error("calendar.not_found", 404, None, "GET", path)
    for _ in range(2):
        await api.expect(204, ana, "DELETE", LINK)
    await api.expect_error("calendar.not_found", 404, None, "GET", second)
    assert await api.get(ana, LINK) == {"created_at": None}


async def test_requests_of_a_link_are_limited(
    api: ApiClient, instance: Instance, stores: StoreUrls, people: RegisteredUsers
) -> None:
    """Per address, and each costs as much as a search, also with a secret that was guessed."""
    (ana,) = await people.register(1, instance)
    path = await create_link(api, ana)
    # Tokens for the next one come back after ten seconds.
    settings = ServerSettings(port=0, requests_per_s=1, requests_burst=2 * SEARCH_COST)
    async with running_instance(stores, server=settings) as limited, ApiClient(limited) as requests:
        guessed = f"/v1/calendars/{'A' * 43}.ics"
        await requests.expect_error("calendar.not_found", 404, None, "GET", guessed)
        assert (await requests.request_bytes(None, "GET", path))[0] == 200
        for one in (guessed, path):
            await requests.expect_error("rate.limited", 429, None, "GET", one)


async def test_secret_of_a_link_is_neither_stored_nor_logged(
    api: ApiClient, instance: Instance, people: RegisteredUsers, caplog: pytest.LogCaptureFixture
) -> None:
    """Only its hash is stored."""
    (ana,) = await people.register(1, instance)
    with caplog.at_level(logging.DEBUG):
        path = await create_link(api, ana)
        await fetch(api, None, path)
        await api.expect(204, ana, "DELETE", LINK)
        await api.request(None, "GET", path)
    token = path.rsplit("/", 1)[1].removesuffix(".ics")
    assert len(token) == 43
    assert token not in caplog.text


async def test_calendar_of_a_series(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Any of its events gives the whole series; each change raises SEQUENCE."""
    ana, ben = await people.register(2, instance)
    first = await api.event(ana, **OCTOBER, rrule="FREQ=WEEKLY;COUNT=4")
    events = (await api.get(ana, "/v1/events?mine=hosting"))["items"]
    for event in events:
        (entry,) = await fetch(api, ben, f"/v1/events/{event['id']}/calendar.ics")
        assert str(entry["UID"]) == f"{first['series']['id']}@convene"
        rule = entry["RRULE"]
        assert isinstance(rule, icalendar.vRecur)
        assert rule["COUNT"] == [4]
    await api.expect(200, ana, "PATCH", f"/v1/events/{events[1]['id']}", {"title": "Concert"})
    await api.expect(204, ana, "DELETE", f"/v1/events/{events[2]['id']}")
    main, exception = await fetch(api, ben, f"/v1/events/{first['id']}/calendar.ics")
    assert str(exception["SUMMARY"]) == "Concert"
    assert int(str(main["SEQUENCE"])) > int(str(entry["SEQUENCE"]))
    assert "EXDATE" in main
    await api.expect(200, ana, "PATCH", f"/v1/events/{first['id']}?scope=all", {"visibility": "invited"})
    await api.expect_error("event.not_found", 404, ben, "GET", f"/v1/events/{first['id']}/calendar.ics")
    await api.expect(204, ana, "POST", f"/v1/events/{first['id']}/invites", {"user_ids": [ben.id]})
    (alone,) = await fetch(api, ben, f"/v1/events/{first['id']}/calendar.ics")
    assert str(alone["SUMMARY"]) == first["title"]


async def test_repeat_with_the_same_key_gives_the_same_link(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A client that missed the response gets the link that works."""
    ana, ben = await people.register(2, instance)
    first = await api.expect(201, ana, "POST", LINK, Idempotency_Key="k")
    assert await api.expect(201, ana, "POST", LINK, Idempotency_Key="k") == first
    _, _, path = str(first["url"]).removeprefix("webcal://").partition("/")
    await fetch(api, None, f"/{path}")
    others = [
        await api.expect(201, ana, "POST", LINK, Idempotency_Key="other"),
        await api.expect(201, ben, "POST", LINK, Idempotency_Key="k"),
    ]
    assert len({first["url"], *(other["url"] for other in others)}) == 3
