"""Tests of event series: creating, changing and deleting one event, those after it, or all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EVENTS = "/v1/events"
HOUR = timedelta(hours=1)
PARIS = ZoneInfo("Europe/Paris")
# Tuesdays; the clocks are set back between the second and the third.
OCTOBER: Json = {
    "start_datetime": "2045-10-17T18:30:00+02:00",
    "end_datetime": "2045-10-17T20:00:00+02:00",
    "timezone": "Europe/Paris",
}
REFUSED: list[tuple[Json, str, str]] = [
    ({"rrule": "FREQ=WEEKLY"}, "rrule", "endless"),
    ({"rrule": "FREQ=DAILY;COUNT=101"}, "rrule", "too_many"),
    ({"rrule": "FREQ=DAILY;UNTIL=20470101"}, "rrule", "too_many"),
    ({"rrule": "FREQ=DAILY;COUNT=9999"}, "rrule", "too_many"),
    ({"rrule": "FREQ=MONTHLY;COUNT=26"}, "rrule", "too_far"),
    ({"rrule": "FREQ=MONTHLY;UNTIL=20480101"}, "rrule", "too_far"),
    ({"rrule": "FREQ=MONTHLY", "count": 26}, "rrule", "too_far"),
    ({"rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=3"}, "rrule", "start_mismatch"),
    ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3"}, "rrule", "start_mismatch"),
    ({"rrule": "FREQ=DAILY;UNTIL=20450101"}, "rrule", "start_mismatch"),
    ({"rrule": "FREQ=SECONDLY;COUNT=3"}, "rrule", "unsupported"),
    ({"rrule": "nonsense"}, "rrule", "invalid"),
    ({"count": 3}, "count", "invalid"),
    ({"rrule": "FREQ=DAILY", "count": 101}, "count", "type"),
    ({"rrule": "FREQ=DAILY", "count": 0}, "count", "type"),
]


async def listed(api: ApiClient, user: RegisteredUser) -> list[Json]:
    return await api.collect_pages(user, f"{EVENTS}?mine=hosting", 50)


def local_times(events: Sequence[Json], zone: ZoneInfo = PARIS) -> list[str]:
    return [
        datetime.fromisoformat(one["start_datetime"]).astimezone(zone).strftime("%m-%d %H:%M")
        for one in events
    ]


async def test_series_keeps_its_local_time_over_a_clock_change(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Each event is an event like others, of the same length, and names its series."""
    ana, ben = await people.register(2, instance)
    first = await api.event(ana, **OCTOBER, rrule="RRULE:freq=weekly;until=20451107", title="Choir")
    events = await listed(api, ana)
    assert local_times(events) == ["10-17 18:30", "10-24 18:30", "10-31 18:30", "11-07 18:30"]
    assert [one["start_datetime"][11:16] for one in events] == ["16:30", "16:30", "17:30", "17:30"]
    for one in events:
        start, end = (datetime.fromisoformat(one[name]) for name in ("start_datetime", "end_datetime"))
        assert (end - start).total_seconds() == 5400
        assert one["series"] == {"id": first["series"]["id"], "rrule": "FREQ=WEEKLY;COUNT=4"}
        assert one["title"] == "Choir"
    assert events[0] == first
    assert len({one["conversation_id"] for one in events}) == 4
    await api.rsvp(ben, events[2]["id"])
    assert [one["going_count"] for one in await listed(api, ana)] == [0, 0, 1, 0]
    assert (await api.event(ana))["series"] is None


async def test_count_and_retry(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """`count` ends a rule, or shortens it; a retry with the same key creates no second series."""
    (ana,) = await people.register(1, instance)
    body = {"title": "x", "capacity": 3, **OCTOBER, "rrule": "FREQ=DAILY", "count": 3}
    first = await api.expect(201, ana, "POST", EVENTS, body, Idempotency_Key="series")
    assert await api.expect(201, ana, "POST", EVENTS, body, Idempotency_Key="series") == first
    assert len(await listed(api, ana)) == 3
    changed = {**body, "count": 4}
    status, problem, _ = await api.request(ana, "POST", EVENTS, changed, Idempotency_Key="series")
    assert (status, problem["code"]) == (409, "idempotency.conflict")
    await api.expect(204, ana, "DELETE", f"{EVENTS}/{first['id']}?scope=all")
    await api.expect(201, ana, "POST", EVENTS, {**body, "rrule": "FREQ=DAILY;COUNT=500", "count": 2})
    assert len(await listed(api, ana)) == 2
    hundred = await api.event(ana, **OCTOBER, rrule="FREQ=DAILY;COUNT=100")
    assert hundred["series"]["rrule"] == "FREQ=DAILY;COUNT=100"


@pytest.mark.parametrize(("fields", "field", "code"), REFUSED)
async def test_rule_is_refused_with_a_code(
    fields: Json, field: str, code: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """And nothing is stored."""
    (ana,) = await people.shared(1, instance)
    before = len(await listed(api, ana))
    body = {"title": "x", "capacity": 3, **OCTOBER, **fields}
    problem = await api.expect_error("request.invalid", 422, ana, "POST", EVENTS, body)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]
    assert len(await listed(api, ana)) == before


async def test_change_of_one_event(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """Leaves the others, and the event in its series; deleting it too."""
    (ana,) = await people.register(1, instance)
    await api.event(ana, **OCTOBER, rrule="FREQ=WEEKLY;COUNT=4")
    events = await listed(api, ana)
    path = f"{EVENTS}/{events[1]['id']}"
    moved = {"start_datetime": "2045-10-25T10:00:00Z", "end_datetime": "2045-10-25T11:00:00Z"}
    changed = await api.expect(200, ana, "PATCH", f"{path}?scope=one", {"title": "Moved", **moved})
    assert changed["series"] == events[1]["series"]
    assert [one["title"] for one in await listed(api, ana)].count("Moved") == 1
    await api.expect(204, ana, "DELETE", path)
    assert [one["id"] for one in await listed(api, ana)] == [events[n]["id"] for n in (0, 2, 3)]
    await api.expect_error("request.invalid", 422, ana, "PATCH", f"{path}?scope=some", {"title": "x"})


async def test_change_of_following_events_splits_the_series(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """They get a series with the rest of the rule, and move in local time, as does a moved event."""
    ana, ben = await people.register(2, instance)
    await api.event(ana, **OCTOBER, rrule="FREQ=WEEKLY;BYDAY=TU;COUNT=5")
    events = await listed(api, ana)
    await api.rsvp(ben, events[3]["id"])
    later = {"start_datetime": "2045-11-07T20:30:00+01:00", "end_datetime": "2045-11-07T21:30:00+01:00"}
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{events[3]['id']}", later)
    # From Tuesday 18:30 to Wednesday 19:00, and half an hour longer.
    change = {
        "title": "New",
        "start_datetime": "2045-10-25T19:00:00+02:00",
        "end_datetime": "2045-10-25T21:00:00+02:00",
    }
    changed = await api.expect(200, ana, "PATCH", f"{EVENTS}/{events[1]['id']}?scope=following", change)
    now = await listed(api, ana)
    assert local_times(now) == ["10-17 18:30", "10-25 19:00", "11-01 19:00", "11-08 21:00", "11-15 19:00"]
    assert [one["title"] == "New" for one in now] == [False, True, True, True, True]
    assert now[0]["series"] == {"id": events[0]["series"]["id"], "rrule": "FREQ=WEEKLY;BYDAY=TU;COUNT=1"}
    assert changed["series"]["id"] != events[0]["series"]["id"]
    assert [one["series"] for one in now[1:]] == [changed["series"]] * 4
    assert changed["series"]["rrule"] == "FREQ=WEEKLY;BYDAY=WE;COUNT=4"
    assert [one["id"] for one in now] == [one["id"] for one in events]
    assert (await api.get(ben, f"{EVENTS}/{events[3]['id']}"))["my_rsvp"] == "GOING"


async def test_change_of_all_events(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """In one series; another zone changes the wall clock; nothing is changed if one event refuses."""
    ana, ben, cai = await people.register(3, instance)
    await api.event(ana, **OCTOBER, rrule="FREQ=WEEKLY;COUNT=3", capacity=5)
    events = await listed(api, ana)
    path = f"{EVENTS}/{events[1]['id']}?scope=all"
    place = {"name": "Hall", "address": None, "latitude": 48.5, "longitude": 2.5}
    await api.expect(200, ana, "PATCH", path, {"place": place, "capacity": 4})
    assert [(one["place"], one["capacity"]) for one in await listed(api, ana)] == [(place, 4)] * 3
    for person in (ben, cai):
        await api.rsvp(person, events[2]["id"])
    await api.expect_error(
        "event.capacity_below_going", 409, ana, "PATCH", path, {"title": "x", "capacity": 1}
    )
    assert [one["title"] for one in await listed(api, ana)] == [events[0]["title"]] * 3
    await api.expect(200, ana, "PATCH", path, {"timezone": "America/New_York"})
    now = await listed(api, ana)
    assert local_times(now, ZoneInfo("America/New_York")) == ["10-17 12:30", "10-24 12:30", "10-31 12:30"]
    assert {one["series"]["id"] for one in now} == {events[0]["series"]["id"]}
    assert {one["series"]["rrule"] for one in now} == {"FREQ=WEEKLY;COUNT=3"}


async def test_dates_that_the_rule_does_not_have_are_refused(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The event may be moved alone."""
    (ana,) = await people.register(1, instance)
    times = {"start_datetime": "2045-01-31T10:00:00Z", "end_datetime": "2045-01-31T11:00:00Z"}
    first = await api.event(ana, **times, rrule="FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4")
    path = f"{EVENTS}/{first['id']}"
    moved = {"start_datetime": "2045-02-01T10:00:00Z", "end_datetime": "2045-02-01T11:00:00Z"}
    problem = await api.expect_error("request.invalid", 422, ana, "PATCH", f"{path}?scope=all", moved)
    assert [error["code"] for error in problem["errors"]] == ["series_dates"]
    wrong = {"start_datetime": "2045-02-01T10:00:00Z"}
    problem = await api.expect_error("request.invalid", 422, ana, "PATCH", f"{path}?scope=all", wrong)
    assert await api.get(ana, path) == first
    await api.expect(200, ana, "PATCH", path, moved)


async def test_events_that_have_ended_are_not_changed(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """A move of the others splits the series; other changes do not."""
    (ana,) = await people.register(1, instance)
    now = datetime.now(ZoneInfo("UTC")).replace(microsecond=0)
    start, end = now.replace(year=now.year - 1, day=1), now.replace(year=now.year - 1, day=2)
    times = {"start_datetime": start.isoformat(), "end_datetime": end.isoformat()}
    first = await api.event(ana, **times, rrule="FREQ=MONTHLY;COUNT=24", title="Old")

    async def all_events() -> list[Json]:
        path = f"{EVENTS}?mine=hosting&from=2020-01-01T00:00:00Z"
        return await api.collect_pages(ana, path, 100)

    last = (await all_events())[-1]
    path = f"{EVENTS}/{last['id']}?scope=all"
    await api.expect(200, ana, "PATCH", path, {"title": "New"})
    events = await all_events()
    ended = [one for one in events if one["title"] == "Old"]
    assert 11 <= len(ended) <= 13
    assert ended == events[: len(ended)]
    assert {one["series"]["id"] for one in events} == {first["series"]["id"]}
    moved_end = datetime.fromisoformat(last["end_datetime"]).timestamp() + 3600
    hour_later = {"end_datetime": datetime.fromtimestamp(moved_end, ZoneInfo("UTC")).isoformat()}
    await api.expect(200, ana, "PATCH", path, hour_later)
    again = await all_events()
    assert [one["end_datetime"] for one in again[: len(ended)]] == [one["end_datetime"] for one in ended]
    assert {one["series"]["id"] for one in again[: len(ended)]} == {first["series"]["id"]}
    assert len({one["series"]["id"] for one in again}) == 2


async def test_ended_events_are_not_changed_from_one_of_them(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Not the named one, not those after it, and not one that was moved back; the others are changed."""
    (ana,) = await people.register(1, instance)
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(days=35, hours=1)
    times = {"start_datetime": start.isoformat(), "end_datetime": (start + HOUR).isoformat()}
    await api.event(ana, **times, rrule="FREQ=WEEKLY;COUNT=10", title="Old")

    async def all_events() -> list[Json]:
        found = await api.collect_pages(ana, f"{EVENTS}?mine=hosting&from=2020-01-01T00:00:00Z", 100)
        return sorted(found, key=lambda one: order.index(one["id"]) if order else 0)

    order: list[str] = []
    order = [one["id"] for one in await all_events()]
    back = {
        "start_datetime": (now - timedelta(hours=3)).isoformat(),
        "end_datetime": (now - timedelta(hours=2)).isoformat(),
    }
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{order[7]}", back)
    before = await all_events()
    # Six of the rule have ended, the first of them five weeks ago.
    ended, ahead = [0, 1, 2, 3, 4, 5, 7], [6, 8, 9]
    path = f"{EVENTS}/{order[2]}"
    assert (await api.expect(200, ana, "PATCH", f"{path}?scope=all", {"title": "New"}))["title"] == "Old"
    changed = await all_events()
    assert [one["title"] for one in changed] == ["Old" if one in ended else "New" for one in range(10)]
    assert len({one["series"]["id"] for one in changed}) == 1
    later = {
        "start_datetime": (start + timedelta(days=14) + HOUR).isoformat(),
        "end_datetime": (start + timedelta(days=14) + 2 * HOUR).isoformat(),
    }
    await api.expect(200, ana, "PATCH", f"{path}?scope=following", later)
    after = await all_events()
    for number in ended:
        assert {**after[number], "series": None} == {**before[number], "series": None}
    for number in ahead:
        moved = datetime.fromisoformat(after[number]["start_datetime"])
        assert moved - datetime.fromisoformat(before[number]["start_datetime"]) == HOUR
    assert after[5]["series"]["id"] != after[6]["series"]["id"]
    assert (await api.request_bytes(ana, "GET", f"{EVENTS}/{order[6]}/calendar.ics"))[0] == 200
    await api.expect_error("event.past", 409, ana, "PATCH", f"{path}?scope=all", {"title": "x"})


async def test_rule_cannot_be_changed(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The error names the fields, in every scope and for single events; nothing else is changed."""
    (ana,) = await people.register(1, instance)
    event = await api.event(ana, **OCTOBER, rrule="FREQ=WEEKLY;COUNT=3")
    single = await api.event(ana)
    body = {"title": "New", "rrule": "FREQ=DAILY;COUNT=5", "count": 2}
    for path in (*(f"{event['id']}?scope={scope}" for scope in ("one", "following", "all")), single["id"]):
        problem = await api.expect_error("request.invalid", 422, ana, "PATCH", f"{EVENTS}/{path}", body)
        assert [(one["field"], one["code"]) for one in problem["errors"]] == [
            ("rrule", "fixed"),
            ("count", "fixed"),
        ]
    assert await api.get(ana, f"{EVENTS}/{event['id']}") == event
    assert await api.get(ana, f"{EVENTS}/{single['id']}") == single


async def test_deletion_of_following_and_all_events(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The rest of the series stays, with a shorter rule; its attendees are notified of what is deleted."""
    ana, ben = await people.register(2, instance)
    await api.event(ana, **OCTOBER, rrule="FREQ=WEEKLY;COUNT=5")
    events = await listed(api, ana)
    await api.rsvp(ben, events[3]["id"])
    await api.expect_error(
        "permission.denied", 403, ben, "DELETE", f"{EVENTS}/{events[2]['id']}?scope=following"
    )
    await api.expect_error(
        "permission.denied", 403, ben, "PATCH", f"{EVENTS}/{events[2]['id']}?scope=all", {"title": "x"}
    )
    await api.expect(204, ana, "DELETE", f"{EVENTS}/{events[2]['id']}?scope=following")
    rest = await listed(api, ana)
    assert [one["id"] for one in rest] == [one["id"] for one in events[:2]]
    assert {one["series"]["rrule"] for one in rest} == {"FREQ=WEEKLY;COUNT=2"}
    await api.wait_for(
        ben, "/v1/notifications", lambda page: [one for one in page["items"] if "cancel" in one["message"]]
    )
    await api.expect(204, ana, "DELETE", f"{EVENTS}/{events[1]['id']}?scope=all")
    assert await listed(api, ana) == []
    single = await api.event(ana)
    await api.expect(200, ana, "PATCH", f"{EVENTS}/{single['id']}?scope=all", {"title": "Alone"})
    await api.expect(204, ana, "DELETE", f"{EVENTS}/{single['id']}?scope=following")
