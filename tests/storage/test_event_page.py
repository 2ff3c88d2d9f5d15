"""Pages of events near a place, where few and where many events are near, compared with a naive model."""

import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.events import EventRecord, EventSearchCriteria, NearPoint
from storage.contracts.paging import PageKey, to_microseconds
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id

EVENTS = 2400
FROM = datetime(2026, 6, 1, 12, tzinfo=UTC)
# Some last 20 days, some are near the point, on both sides of the meridian, some for invited users only.
INSERT = """
    INSERT INTO events (
        creator_id, title, category, start_datetime, end_datetime, capacity, place_name, latitude, longitude,
        visibility, search_words
    )
    SELECT
        gen_random_uuid(), 'Chess ' || n % 5, CASE WHEN n % 3 = 0 THEN 'SPORT' ELSE 'SOCIAL' END, s.start,
        s.start + CASE WHEN n % 11 = 0 THEN interval '20 days' ELSE interval '30 minutes' END, 5, 'Hall',
        CASE WHEN n % CAST($3 AS INT) = 0 THEN 10 + (n % 100) / 1000.0 ELSE -40 END,
        CASE WHEN n % 4 < 2 THEN 179.99 ELSE -179.98 END,
        CASE WHEN n % 7 = 0 THEN 'invited' ELSE 'public' END,
        to_tsvector('simple', 'chess ' || n % 5)
    FROM
        generate_series(1, CAST($1 AS INT)) AS n,
        LATERAL (SELECT CAST($2 AS TIMESTAMPTZ) + (n - 0.8 * $1) * interval '10 minutes' AS start) AS s
"""
HOW_MANY = {"many": 1, "few": 31}


def distance_km(event: EventRecord, near: NearPoint) -> float:
    """By the law of cosines; the store uses another formula."""
    assert event.place is not None
    assert event.place.latitude is not None
    assert event.place.longitude is not None
    one, other = math.radians(event.place.latitude), math.radians(near.latitude)
    turn = math.radians(event.place.longitude - near.longitude)
    cosine = math.sin(one) * math.sin(other) + math.cos(one) * math.cos(other) * math.cos(turn)
    return 6371.0088 * math.acos(min(1.0, cosine))


async def read_pages(setup: EventSetup, criteria: EventSearchCriteria, viewer: str) -> list[str]:
    """Return the ids of all pages, of different sizes."""
    found: list[EventRecord] = []
    after: PageKey | None = None
    for limit in itertools.cycle((1, 40, 250)):
        page = await setup.events.search(criteria, after, viewer, (), limit)
        found += page
        if len(page) < limit:
            return [event.id for event in found]
        after = to_microseconds(page[-1].start), page[-1].id
    raise AssertionError


def page_of_model(
    events: Sequence[EventRecord], criteria: EventSearchCriteria, invited: Sequence[str]
) -> list[str]:
    matching = [
        event
        for event in events
        if (event.visibility == "public" or event.id in invited)
        and (criteria.category is None or event.category == criteria.category)
        and (criteria.ends_after is None or event.end >= criteria.ends_after)
        and (criteria.starts_before is None or event.start <= criteria.starts_before)
        and (
            criteria.query_text is None
            or set(criteria.query_text.split()) <= set(event.title.lower().split())
        )
        and (criteria.near is None or distance_km(event, criteria.near) <= criteria.near.km)
    ]
    return [event.id for event in sorted(matching, key=lambda one: (one.start, one.id))]


def batched(ids: Sequence[str]) -> list[Sequence[str]]:
    """Split the ids, so that a slow machine reads them within the time limit of a statement."""
    return [ids[start : start + 300] for start in range(0, len(ids), 300)]


@pytest.mark.parametrize("near_each", HOW_MANY.values(), ids=HOW_MANY)
async def test_pages_near_a_place_equal_the_model(setup: EventSetup, near_each: int) -> None:
    """On both sides of the 180th meridian, with every other condition, and without a place."""
    await setup.sql.execute(INSERT, EVENTS, FROM, near_each)
    ids = [str(row["id"]) for row in await setup.sql.fetch("SELECT id FROM events")]
    events = [one for part in batched(ids) for one in await setup.events.find_for_all(part)]
    viewer, host = random_id(), random_id()
    invited = [event.id for event in events if event.visibility == "invited"][::2]
    for event_id in invited:
        await setup.events.invite(event_id, host, [viewer], None)
    near = NearPoint(10.04, 179.995, 5.0)
    assert (len([one for one in events if distance_km(one, near) <= near.km]) > 1000) == (near_each == 1)
    for criteria in (
        EventSearchCriteria(None, FROM),
        EventSearchCriteria("SPORT", FROM),
        EventSearchCriteria(near=near),
        EventSearchCriteria(None, FROM, near=near),
        EventSearchCriteria(None, FROM, FROM + timedelta(days=1), near=near),
        EventSearchCriteria("SOCIAL", FROM, near=near),
        EventSearchCriteria("SOCIAL", FROM, None, "chess 3", near=near),
        EventSearchCriteria("NONE", FROM, near=near),
    ):
        expected = page_of_model(events, criteria, invited)
        assert bool(expected) == (criteria.category != "NONE")
        assert await read_pages(setup, criteria, viewer) == expected, criteria
        others = page_of_model(events, criteria, ())
        assert await read_pages(setup, criteria, random_id()) == others, criteria
