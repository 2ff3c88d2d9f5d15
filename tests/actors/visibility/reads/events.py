"""Reads of events: one by one, in lists, in calendars, who goes to them, and what is pushed about them."""

import json
import re
from datetime import timedelta

from actors.protocol.event_objects import Event
from storage.contracts.events import EventSearchCriteria, NearPoint
from tests.actors.visibility.event_model import GOING, INTERESTED, ModelEvent
from tests.actors.visibility.reads.requests import collect, read_each
from tests.actors.visibility.world import World

NOT_FOUND = "event.not_found"
LISTED_DAYS = 3
"""Of the events of a world: a series has one a day."""
RULE_COUNT = re.compile(r"^RRULE:.*COUNT=(\d+)", re.MULTILINE)
EXCLUDED = re.compile(r"^EXDATE", re.MULTILINE)


async def read_events(world: World, viewer: str) -> list[str]:
    """Return the events that can be read one by one, with the counts and what the viewer answered."""

    async def read(event_id: str) -> list[str]:
        event = await world.setup.events.events.get(viewer, event_id)
        answer = (event.my_rsvp and event.my_rsvp.value, event.my_waitlist_position, event.my_guests)
        counts = (event.going_count, event.interested_count)
        state = (event.hidden_at is not None, event.cancelled_at is not None, event.series is not None)
        return [json.dumps((event.id, answer, counts, state, [host.id for host in event.hosts]))]

    return await read_each(world.events.titles, read, NOT_FOUND)


def events_of_model(world: World, viewer: str) -> list[str]:
    model = world.events.model
    return [
        json.dumps(
            (
                event_id,
                answer_of(event, viewer),
                (event.going_count, list(event.rsvps.values()).count(INTERESTED)),
                (event.hidden, event.cancelled, event.series is not None),
                event.hosts,
            )
        )
        for event_id, event in model.events.items()
        if model.can_read(viewer, event_id)
    ]


async def read_event_lists(world: World, viewer: str) -> list[str]:
    """Return what is in the list of all events, in searches, and in the viewer's own lists."""
    events = world.events
    end = events.start + timedelta(days=LISTED_DAYS)
    searches = {
        "all": EventSearchCriteria(ends_after=events.start, starts_before=end),
        "category": EventSearchCriteria(category=events.word),
        "words": EventSearchCriteria(query_text=events.word),
        "near": EventSearchCriteria(near=NearPoint(events.latitude, events.longitude, 1.0)),
        "near with words": EventSearchCriteria(
            query_text=events.word, near=NearPoint(events.latitude, events.longitude, 1.0)
        ),
        "hosting": EventSearchCriteria(relation="hosting"),
        "going": EventSearchCriteria(relation="going", query_text=events.word),
        "invited": EventSearchCriteria(relation="invited"),
    }

    async def search(criteria: EventSearchCriteria) -> list[Event]:
        page = world.setup.events.events.search
        return await collect(world, lambda after, limit: page(viewer, criteria, after, limit))

    by_ids = await world.setup.events.events.find_visible(viewer, list(events.titles))
    found = [f"by ids {event.id}" for event in by_ids]
    for name, criteria in searches.items():
        found += [f"{name} {event.id}" for event in await search(criteria) if event.id in events.titles]
    return found


def event_lists_of_model(world: World, viewer: str) -> list[str]:
    rows = []
    for event_id in world.events.model.visible(viewer):
        event = world.events.model.events[event_id]
        lists = ["by ids", "all", "category", "words", "near", "near with words"]
        if viewer in event.hosts:
            lists.append("hosting")
        if event.rsvps.get(viewer) == GOING:
            lists.append("going")
        invited = any(user == viewer for user, _ in event.invites)
        if invited and viewer not in {*event.rsvps, *event.waiting, *event.requests}:
            lists.append("invited")
        rows += [f"{name} {event_id}" for name in lists]
    return rows


async def read_guests(world: World, viewer: str) -> list[str]:
    """Return the lists of guests, and, as a host, the requests and the table of those who go."""
    setup = world.setup.events

    async def read(event_id: str) -> list[str]:
        everyone = await setup.rsvps.page_rsvps(viewer, event_id, None, None, 100)
        rows = [f"{event_id} {one.user.id} {one.status} +{one.guests}" for one in everyone.items]
        return [f"{event_id} ", *rows]

    async def read_as_host(event_id: str) -> list[str]:
        requests = await setup.rsvp_requests.page(viewer, event_id, None, 100)
        table = await setup.attendance.export(viewer, event_id)
        attendees = [line.split(",") for line in table.splitlines()[1:]]
        return [
            *(f"{event_id} {one.user.id} requested +{one.guests}" for one in requests.items),
            *(f"{event_id} {user} in the table +{guests}" for user, _, _, guests, *_ in attendees),
        ]

    return [
        *await read_each(world.events.titles, read, NOT_FOUND),
        *await read_each(world.events.titles, read_as_host, NOT_FOUND, "permission.denied"),
    ]


def guests_of_model(world: World, viewer: str) -> list[str]:
    """Hosts see all who go in the table, also a co-host with a block between."""
    model, rows = world.events.model, []
    for event_id in model.visible(viewer):
        event = model.events[event_id]
        rows.append(f"{event_id} ")
        lists = [(user, status) for user, status in event.rsvps.items()]
        if viewer in event.hosts:
            lists += [(user, "requested") for user in event.requests]
            rows += [f"{event_id} {user} in the table +{event.guests[user]}" for user in event.going()]
        rows += [
            f"{event_id} {user} {status} +{guests_in_list(event, user, status)}"
            for user, status in lists
            if not world.model.is_blocked(viewer, user)
        ]
    return rows


async def read_own_rsvps(world: World, viewer: str) -> list[str]:
    card = await world.setup.events.get_card(viewer)

    async def read(event_id: str) -> list[str]:
        rsvp = await world.setup.events.rsvps.get_rsvp(card, event_id)
        answer = (rsvp.status and rsvp.status.value, rsvp.waitlist_position, rsvp.guests)
        return [json.dumps((event_id, answer, rsvp.reminders))]

    return await read_each(world.events.titles, read, NOT_FOUND)


def own_rsvps_of_model(world: World, viewer: str) -> list[str]:
    """Users need not see an event to read what they have answered."""
    model = world.events.model
    return [
        json.dumps((event_id, answer_of(event, viewer), event.reminders.get(viewer, [])))
        for event_id, event in model.events.items()
        if model.can_see(viewer, event_id) or viewer in {*event.rsvps, *event.waiting, *event.requests}
    ]


async def read_calendars(world: World, viewer: str) -> list[str]:
    """Return the events that have a calendar file, with the number in it, and those in the own calendar."""
    calendars = world.setup.events.calendars

    async def read(event_id: str) -> list[str]:
        file = await calendars.get_calendar(viewer, event_id)
        assert world.events.titles[event_id] in file
        rule = RULE_COUNT.search(file)
        return [f"{event_id} of {1 if rule is None else int(rule[1]) - len(EXCLUDED.findall(file))}"]

    files = await read_each(world.events.titles, read, NOT_FOUND)
    own = await calendars.get_user_calendar(viewer)
    return files + [f"own {event_id}" for event_id in world.events.titles if f"UID:{event_id}@" in own]


def calendars_of_model(world: World, viewer: str) -> list[str]:
    model = world.events.model
    visible = model.visible(viewer)
    going = [one for one in visible if model.events[one].rsvps.get(viewer) == GOING]
    files = [f"{one} of {len(visible.intersection(model.in_scope(one, 'all')))}" for one in visible]
    return [*files, *(f"own {event_id}" for event_id in going)]


async def read_updates(world: World, viewer: str) -> list[str]:
    """Return which events the viewer was pushed updates of."""
    return [
        event_id
        for event_id, user in world.setup.events.updates
        if user == viewer and event_id in world.events.titles
    ]


def updates_of_model(world: World, viewer: str) -> list[str]:
    return [event_id for event_id, user in world.events.pushed if user == viewer]


def answer_of(event: ModelEvent, viewer: str) -> tuple[str | None, int | None, int]:
    """Return the status, the position on the waitlist, and the number of guests."""
    status = "PENDING" if viewer in event.requests else event.rsvps.get(viewer)
    position = event.waiting.index(viewer) + 1 if viewer in event.waiting else None
    return status, position, event.guests.get(viewer, 0)


def guests_in_list(event: ModelEvent, user: str, status: str) -> int:
    """Return the guests that a list shows: an earlier answer of a user who waits has none."""
    return event.guests.get(user, 0) if status in {GOING, "requested"} else 0
