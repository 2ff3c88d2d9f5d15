"""Tests of the time zone, place and link of events, and of searches for those nearby."""

from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EVENTS = "/v1/events"
PARIS = {"name": "Jardin des Plantes", "address": "57 Rue Cuvier", "latitude": 48.8440, "longitude": 2.3595}
INVALID_FIELDS: list[tuple[Json, str]] = [
    ({"timezone": "Europe/Atlantis"}, "timezone"),
    ({"timezone": ""}, "timezone"),
    ({"timezone": "../etc/passwd"}, "timezone"),
    ({"timezone": "europe/paris"}, "timezone"),
    ({"timezone": None}, "timezone"),
    ({"place": {"name": " "}}, "place.name"),
    ({"place": {"name": "x" * 201}}, "place.name"),
    ({"place": {"address": "x"}}, "place"),
    ({"place": {"name": "x", "address": "x" * 501}}, "place.address"),
    ({"place": {"name": "x", "latitude": 90.001, "longitude": 0}}, "place"),
    ({"place": {"name": "x", "latitude": 0, "longitude": -180.5}}, "place"),
    ({"place": {"name": "x", "latitude": 0}}, "place.longitude"),
    ({"place": {"name": "x", "longitude": 0}}, "place.latitude"),
    ({"url": "javascript:alert(1)"}, "url"),
    ({"url": "ftp://example.org/"}, "url"),
    ({"url": "https:///path"}, "url"),
    ({"url": "https://user@example.org/"}, "url"),
    ({"url": "https://example.org/ x"}, "url"),
    ({"url": "https://example.org/" + "x" * 481}, "url"),
    ({"visibility": "secret"}, "visibility"),
]


async def test_zone_place_and_link_are_stored_and_cleared(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """They have defaults, and PATCH sets and clears each of them alone."""
    (ana,) = await people.shared(1, instance)
    plain = await api.event(ana)
    assert (plain["timezone"], plain["place"], plain["url"], plain["visibility"]) == (
        "UTC",
        None,
        None,
        "public",
    )
    path = f"{EVENTS}/{plain['id']}"
    changes = {"timezone": "Europe/Paris", "place": PARIS, "url": "https://example.org/?q=1"}
    for field, value in changes.items():
        await api.expect(200, ana, "PATCH", path, {field: value})
    assert await api.get(ana, path) == {**plain, **changes}
    named = await api.expect(
        200, ana, "PATCH", path, {"place": {"name": " Attic ", "address": " "}, "url": " "}
    )
    assert named["place"] == {"name": "Attic", "address": None, "latitude": None, "longitude": None}
    assert named["url"] is None
    cleared = await api.expect(200, ana, "PATCH", path, {"place": None, "url": None})
    assert (cleared["place"], cleared["timezone"]) == (None, "Europe/Paris")
    made = await api.event(ana, **changes)
    assert {field: made[field] for field in changes} == changes


@pytest.mark.parametrize(("fields", "wrong"), INVALID_FIELDS)
async def test_invalid_field_is_refused(
    fields: Json, wrong: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """With the field's name, by POST and PATCH; nothing is stored."""
    (ana,) = await people.shared(1, instance)
    event = await api.event(ana)
    path = f"{EVENTS}/{event['id']}"
    body = {key: event[key] for key in ("title", "start_datetime", "end_datetime", "capacity")}
    for method, target, sent in (("POST", EVENTS, {**body, **fields}), ("PATCH", path, fields)):
        problem = await api.expect_error("request.invalid", 422, ana, method, target, sent)
        assert [error["field"] for error in problem["errors"]] == [wrong]
    assert await api.get(ana, path) == event


async def test_end_is_after_start_on_the_wall_clock(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """When clocks are set back, a later time may be earlier on the wall clock."""
    (ana,) = await people.shared(1, instance)
    # 02:45 and, half an hour later, 02:15 in Paris.
    times = {"start_datetime": "2045-10-29T00:45:00Z", "end_datetime": "2045-10-29T01:15:00Z"}
    body = {"title": "x", "capacity": 1, **times}
    await api.expect_error("request.invalid", 422, ana, "POST", EVENTS, {**body, "timezone": "Europe/Paris"})
    event = await api.event(ana, **times)
    path = f"{EVENTS}/{event['id']}"
    problem = await api.expect_error("request.invalid", 422, ana, "PATCH", path, {"timezone": "Europe/Paris"})
    assert problem["errors"][0]["field"] == "end_datetime"
    last = {"start_datetime": "9999-12-31T22:00:00Z", "end_datetime": "9999-12-31T23:59:59Z"}
    await api.expect_error(
        "request.invalid", 422, ana, "POST", EVENTS, {**body, **last, "timezone": "Pacific/Kiritimati"}
    )
    assert await api.get(ana, path) == event


async def test_events_nearby_are_found(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """By exact distance, over the antimeridian and around the poles, page by page in the order of start."""
    (ana,) = await people.shared(1, instance)

    async def event_at(latitude: float, longitude: float) -> str:
        place = {"name": "x", "latitude": latitude, "longitude": longitude}
        made: str = (await api.event(ana, category="NEARBY", place=place))["id"]
        return made

    async def near(text: str) -> list[str]:
        path = f"{EVENTS}?category=NEARBY&near={text}"
        return [item["id"] for item in await api.collect_pages(ana, path, 2)]

    paris, versailles = await event_at(48.8566, 2.3522), await event_at(48.8049, 2.1204)
    fiji, samoa, pole = await event_at(-17, 179.9), await event_at(-17, -179.9), await event_at(89.9, 100)
    await api.event(ana, category="NEARBY")
    assert await near("48.8566,2.3522,15") == [paris]
    # The corner of the box around the circle is farther away than its radius.
    assert await near("48.8566,2.3522,17.9") == [paris]
    assert sorted(await near("48.8566,2.3522,18")) == sorted([paris, versailles])
    for longitude in (179.95, -179.95):
        assert sorted(await near(f"-17,{longitude},30")) == sorted([fiji, samoa])
    assert await near("89.9,-80,25") == [pole]
    assert await near("0,0,500") == []


@pytest.mark.parametrize(
    "near", ["", "1,2", "91,0,5", "0,181,5", "0,0,0", "0,0,-1", "0,0,501", "nan,0,1", "1e1,0,1"]
)
async def test_invalid_near_is_refused(
    near: str, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The error names the parameter."""
    (ana,) = await people.shared(1, instance)
    problem = await api.expect_error("request.invalid", 422, ana, "GET", f"{EVENTS}?near={near}")
    assert [error["field"] for error in problem["errors"]] == ["near"]


async def test_own_events_are_listed_by_relation(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Those hosted, those gone to, and invites without an answer; combined with the other filters."""
    ana, ben = await people.register(2, instance)
    first, second, third = [await api.event(ana, category=category) for category in ("A", "B", "B")]
    await api.event(ben)
    for event in (first, second, third):
        await api.expect(204, ana, "POST", f"{EVENTS}/{event['id']}/invites", {"user_ids": [ben.id]})
    await api.rsvp(ben, first["id"])
    await api.rsvp(ben, second["id"], "MAYBE")

    async def mine(query: str) -> list[str]:
        return [item["id"] for item in await api.collect_pages(ben, f"{EVENTS}?mine={query}", 1)]

    assert await mine("going") == [first["id"]]
    assert await mine("invited") == [third["id"]]
    assert len(await mine("hosting")) == 1
    assert await mine("invited&category=A") == []
    assert await mine("invited&near=0,0,5") == []
    assert [item["id"] for item in (await api.get(ana, f"{EVENTS}?mine=hosting&category=B"))["items"]] == [
        second["id"],
        third["id"],
    ]
    await api.expect(204, ana, "PUT", f"/v1/users/{ben.id}/block")
    assert (await mine("going"), await mine("invited")) == ([], [])
    await api.expect_error("request.invalid", 422, ben, "GET", f"{EVENTS}?mine=other")
