"""Tests of events: creating, changing, searching, inviting and notifying."""

from uuid import uuid4

import icalendar
import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers
from tests.server.services.event_calls import EVENTS, Json, day, get_event, wait_for_notification

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID_EVENTS: list[tuple[Json, str]] = [
    ({"end_datetime": "2090-05-01T18:00:00Z", "start_datetime": "2090-05-01T18:00:01Z"}, "end_datetime"),
    ({"end_datetime": "2090-05-01T18:00:00Z", "start_datetime": "2090-05-01T18:00:00Z"}, "end_datetime"),
    ({"end_datetime": "2090-05-01T18:00:00.0009Z", "start_datetime": "2090-05-01T18:00:00Z"}, "end_datetime"),
    ({"start_datetime": "1969-12-31T23:59:59Z"}, "start_datetime"),
    ({"end_datetime": "9999-12-31T23:59:59-00:01"}, "end_datetime"),
    ({"start_datetime": "2090-05-01T25:00:00Z"}, "start_datetime"),
    ({"start_datetime": "tomorrow"}, "start_datetime"),
    ({"start_datetime": "2090-02-30T00:00:00Z"}, "start_datetime"),
    ({"start_datetime": "0000-01-01T00:00:00Z"}, "start_datetime"),
    ({"start_datetime": "0001-01-01T00:00:00+23:59"}, "start_datetime"),
    ({"end_datetime": "9999-12-31T23:59:59-23:59"}, "end_datetime"),
    ({"capacity": 0}, "capacity"),
    ({"capacity": -1}, "capacity"),
    ({"capacity": 10**9}, "capacity"),
    ({"capacity": 10**30}, "capacity"),
    ({"title": " "}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"category": ""}, "category"),
    ({"description": "x" * 10_000}, "description"),
]


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


async def test_event_is_created_updated_and_deleted(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Only by its creator; times are in UTC; a deleted event is found nowhere."""
    ana, ben = await people.register(2, instance)
    made = await api.event(
        ana,
        title="  A party ",
        description="with cake",
        category="PARTY",
        start_datetime="2090-05-01T18:00:00+02:00",
        end_datetime="2090-05-01T18:00:00.123456Z",
        capacity=3,
    )
    assert made["creator"]["id"] == ana.id
    assert (made["title"], made["description"], made["category"]) == ("A party", "with cake", "PARTY")
    assert made["start_datetime"] == "2090-05-01T16:00:00.000Z"
    assert made["end_datetime"] == "2090-05-01T18:00:00.123Z"
    assert (made["capacity"], made["going_count"], made["interested_count"]) == (3, 0, 0)
    assert (made["my_rsvp"], made["my_waitlist_position"], made["reminders"]) == (None, None, None)
    assert made["cover"] is None
    assert made["conversation_id"]
    assert await get_event(api, ben, made["id"]) == made
    path = f"{EVENTS}/{made['id']}"
    changed = await api.expect(200, ana, "PATCH", path, {"title": "Another", "description": None})
    assert changed == {**made, "title": "Another", "description": None}
    assert await get_event(api, ben, made["id"]) == changed
    assert await api.expect(200, ana, "PATCH", path, {}) == changed
    await api.expect_error("permission.denied", 403, ben, "PATCH", path, {"title": "x"})
    await api.expect_error("permission.denied", 403, ben, "DELETE", path)
    post = (await api.post(ben, event_id=made["id"]))["id"]
    await api.expect(204, ana, "DELETE", path)
    for person in (ana, ben):
        for method, part, body in (
            ("GET", "", None),
            ("PATCH", "", {"title": "x"}),
            ("DELETE", "", None),
            ("PUT", "/rsvp", {"status": "GOING"}),
            ("DELETE", "/rsvp", None),
            ("GET", "/rsvps", None),
            ("POST", "/invites", {"user_ids": [ben.id]}),
            ("GET", "/calendar.ics", None),
        ):
            await api.expect_error("event.not_found", 404, person, method, f"{path}{part}", body)
    assert (await api.get(ben, f"/v1/posts/{post}"))["content"]


async def test_invalid_event_is_rejected(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """When creating and updating, with the field; an existing event is unchanged."""
    (ana,) = await people.shared(1, instance)
    body = {"title": "x", "capacity": 5, "start_datetime": day(1), "end_datetime": day(2)}
    event = await api.event(ana)
    for wrong, field in INVALID_EVENTS:
        for method, path, sent in (("POST", "", {**body, **wrong}), ("PATCH", f"/{event['id']}", wrong)):
            answer = await api.expect_error("request.invalid", 422, ana, method, f"{EVENTS}{path}", sent)
            assert field in [fault["field"] for fault in answer["errors"]], wrong
    assert await get_event(api, ana, event["id"]) == event


async def test_changed_time_is_validated_against_the_other(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """An end before the stored start is 422, and so is a start after the stored end."""
    (ana,) = await people.shared(1, instance)
    event = await api.event(ana, start_datetime=day(2), end_datetime=day(3))
    for patch in ({"end_datetime": day(1)}, {"start_datetime": day(4)}):
        await api.expect_error("request.invalid", 422, ana, "PATCH", f"{EVENTS}/{event['id']}", patch)
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{event['id']}", {"end_datetime": day(2.5)})


async def test_events_are_searched(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """By category, time and text combined; ordered by start, in pages without gaps or duplicates."""
    (ana,) = await people.register(1, instance)
    word, category = f"w{uuid4().hex}", f"c{uuid4().hex}"
    made = [
        await api.event(
            ana,
            title=f"{word} {'even' if number % 2 == 0 else 'odd'}",
            description=f"{word}d",
            category=category,
            start_datetime=f"2090-05-{10 + number}T18:00:00Z",
            end_datetime=f"2090-05-{10 + number}T20:00:00Z",
        )
        for number in (3, 0, 4, 1, 2)
    ]
    soonest = ids(sorted(made, key=lambda event: event["start_datetime"]))
    for query, wanted in (
        (f"category={category}", soonest),
        (f"q={word}", soonest),
        (f"q={word.upper()}", soonest),
        (f"q={word}%20even", soonest[::2]),
        (f"category={category}&from=2090-05-12T00:00:00Z", soonest[2:]),
        (f"category={category}&to=2090-05-12T00:00:00Z", soonest[:2]),
        (f"category={category}&from=2090-05-11T00:00:00Z&to=2090-05-13T00:00:00%2B00:00", soonest[1:3]),
        (f"category={category}&q=odd", soonest[1::2]),
        (f"category=x{category}", []),
        (f"q=x{word}", []),
        (f"category={category}&from=2091-01-01T00:00:00Z", []),
    ):
        for limit in (2, 100):
            assert ids(await api.collect_pages(ana, f"{EVENTS}?{query}", limit)) == wanted, query


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
async def test_search_years_are_checked_after_the_offset(
    api: ApiClient, instance: Instance, people: RegisteredUsers, name: str, moment: str
) -> None:
    """422 with the field; the first and last moment that are valid find nothing or everything."""
    (ana,) = await people.shared(1, instance)
    path = f"{EVENTS}?{name}={moment.replace('+', '%2B')}"
    answer = await api.expect_error("request.invalid", 422, ana, "GET", path)
    assert [fault["field"] for fault in answer["errors"]] == [name]
    await api.get(ana, f"{EVENTS}?from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59.999Z")


async def test_last_event_of_the_calendar_ends_its_pages(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A page after the last possible start is empty, not the same page again."""
    (ana,) = await people.register(1, instance)
    category = f"c{uuid4().hex}"
    made = [
        await api.event(
            ana,
            category=category,
            start_datetime=f"9999-12-31T23:59:59.{milliseconds}Z",
            end_datetime="9999-12-31T23:59:59.999Z",
        )
        for milliseconds in (500, 900)
    ]
    path = f"{EVENTS}?category={category}&from=2090-01-01T00:00:00Z"
    assert ids(await api.collect_pages(ana, path, 1)) == ids(made)


async def test_deleted_event_is_cancelled_for_its_attendees(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """All who responded or were invited are notified; the conversation stays readable, and says so."""
    ana, going, interested, invited, other = await people.register(5, instance)
    event = await api.event(ana, title="Boules")
    await api.rsvp(going, event["id"])
    await api.rsvp(interested, event["id"], "INTERESTED")
    await api.expect(204, ana, "POST", f"{EVENTS}/{event['id']}/invites", {"user_ids": [invited.id]})
    conversation = f"/v1/conversations/{event['conversation_id']}"
    await api.wait_for(going, conversation, lambda _: True)
    await api.expect(204, ana, "DELETE", f"{EVENTS}/{event['id']}")
    for person in (going, interested, invited):
        notification = await wait_for_notification(api, person, "EVENT_UPDATE", event["id"])
        assert notification["message"] == "Boules was cancelled"
        await api.wait_for(person, "/v1/notifications", lambda page: len(page["items"]) == 1)
        assert (await api.get(person, "/v1/notifications/unread_count"))["unread_count"] == 1
    history = await api.wait_for(
        going,
        f"{conversation}/messages",
        lambda page: page["items"][0]["content"] == "This event was cancelled",
    )
    assert history["items"][0]["message_type"] == "SYSTEM"
    await api.send(going, event["conversation_id"], "pity")
    for person in (ana, other):
        assert (await api.get(person, "/v1/notifications"))["items"] == []


async def test_renamed_event_renames_its_conversation(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With a SYSTEM message, as for groups."""
    (ana,) = await people.register(1, instance)
    event = await api.event(ana, title="Boules")
    conversation = f"/v1/conversations/{event['conversation_id']}"
    await api.wait_for(ana, conversation, lambda shown: shown["name"] == "Boules")
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{event['id']}", {"title": "Chess"})
    shown = await api.wait_for(ana, conversation, lambda shown: shown["name"] == "Chess")
    assert shown["last_seq"] == 1
    (message,) = (await api.get(ana, f"{conversation}/messages"))["items"]
    assert (message["message_type"], message["content"]) == (
        "SYSTEM",
        f'@{ana.username} changed the name to "Chess"',
    )


async def test_invited_users_are_notified(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """By any user who sees the event; with an unknown user it is 404 and no user is notified."""
    ana, ben, eve = await people.register(3, instance)
    event, other = (await api.event(ana))["id"], (await api.event(ana))["id"]
    lost = {"user_ids": [eve.id, str(uuid4())]}
    await api.expect_error("user.not_found", 404, ben, "POST", f"{EVENTS}/{other}/invites", lost)
    await api.expect(204, ben, "POST", f"{EVENTS}/{event}/invites", {"user_ids": [eve.id, ana.id, ben.id]})
    assert (await wait_for_notification(api, eve, "EVENT_INVITE", event))["sender"]["id"] == ben.id
    page = await api.get(eve, "/v1/notifications")
    assert [item["reference_id"] for item in page["items"]] == [event]
    assert (await api.get(ben, "/v1/notifications/unread_count"))["unread_count"] == 0


async def test_update_notifies_users_with_an_rsvp(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """As EVENT_UPDATE; neither the creator nor users without an RSVP."""
    ana, ben, eve = await people.register(3, instance)
    event = (await api.event(ana))["id"]
    await api.rsvp(ben, event)
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{event}", {"start_datetime": day(0.5)})
    await wait_for_notification(api, ben, "EVENT_UPDATE", event)
    for person in (ana, eve):
        assert (await api.get(person, "/v1/notifications"))["items"] == []


async def test_event_as_icalendar(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """CRLF, lines of at most 75 octets, a stable UID, and escaped text."""
    (ana,) = await people.shared(1, instance)
    title, description = "Cake, tea; \\ and \u2603" * 5, "one\ntwo, BEGIN:VEVENT" + "\u00e9" * 200
    event = await api.event(ana, title=title, description=description)
    status, text, headers = await api.request_bytes(ana, "GET", f"{EVENTS}/{event['id']}/calendar.ics")
    assert status == 200
    assert headers["content-type"].startswith("text/calendar")
    assert text.endswith(b"\r\n")
    assert text.count(b"\n") == text.count(b"\r\n")
    assert max(map(len, text.split(b"\r\n"))) <= 75
    (entry,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert event["id"] in str(entry["UID"])
    assert (str(entry["SUMMARY"]), str(entry["DESCRIPTION"])) == (title, description)
    assert entry.decoded("DTSTART").isoformat(timespec="seconds") == event["start_datetime"][:19] + "+00:00"
    assert entry.decoded("DTEND").isoformat(timespec="seconds") == event["end_datetime"][:19] + "+00:00"
    assert headers["content-disposition"] == f'attachment; filename="event-{event["id"]}.ics"'


async def test_icalendar_is_the_same_until_the_event_changes(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """304 for its entity tag; a response does not change it, an update raises SEQUENCE."""
    (ana,) = await people.shared(1, instance)
    event = await api.event(ana, title="C:\\New")
    path = f"{EVENTS}/{event['id']}/calendar.ics"
    _, text, headers = await api.request_bytes(ana, "GET", path)
    await api.rsvp(ana, event["id"])
    assert (await api.request_bytes(ana, "GET", path, If_None_Match=headers["etag"]))[0] == 304
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{event['id']}", {"title": "C:\\Next"})
    status, changed, _ = await api.request_bytes(ana, "GET", path, If_None_Match=headers["etag"])
    assert status == 200
    (before,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    (after,) = icalendar.Calendar.from_ical(changed).walk("VEVENT")
    assert (str(before["SUMMARY"]), str(after["SUMMARY"])) == ("C:\\New", "C:\\Next")
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after["UID"] == before["UID"]
    assert after.decoded("LAST-MODIFIED") == after.decoded("DTSTAMP") >= before.decoded("DTSTAMP")
