"""What hosts and moderators do with events, in the services and in the model.

`ACTIONS` of hosts run in `World.write`, while no relations change, `EVENT_CHANGES` in `World.change`. Each
returns what is to be in the log of the world, or None if there was nothing to do.
"""

import functools
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from actors.events.bodies import Cancellation, EventBody, EventPatch
from actors.events.event_fields import PlaceBody
from actors.events.event_series import SeriesScope
from actors.protocol.errors import ApiError
from actors.protocol.event_objects import EventVisibility
from tests.actors.visibility.event_model import ModelEvent, ModelSeries

if TYPE_CHECKING:
    from tests.actors.visibility.world import World

ACTIONS_PER_ROUND = 24
VISIBILITIES = ("public", "invited")
SERIES_SHARE = 0.3
SERIES_EVENTS_MAX = 3

Action = Callable[["World", str, str], Awaitable[str | None]]
"""What one user does, or does to the other."""
ActionOnEvent = Callable[["World", str, ModelEvent, str, str], Awaitable[str | None]]


def on_chosen_event(*, cancelled: bool = True) -> Callable[[ActionOnEvent], Action]:
    """Let an action run on an event of the world, with `cancelled` also on one that was cancelled.

    Without an event there is nothing to do. The log names the event before the outcome.
    """

    def decorate(action: ActionOnEvent) -> Action:
        @functools.wraps(action)
        async def act(world: "World", one: str, other: str) -> str | None:
            if (chosen := world.events.choose(world, cancelled=cancelled)) is None:
                return None
            outcome = await action(world, *chosen, one, other)
            return None if outcome is None else f"{world.events.titles[chosen[0]][-4:]} {outcome}"

        return act

    return decorate


async def check_outcome(request: Awaitable[object], expected: str | None) -> None:
    """Await a request, which must fail with the expected error, or succeed."""
    try:
        await request
    except ApiError as error:
        assert error.code == expected, f"{error.code}, expected {expected}"  # noqa: PT017 - the outcome
    else:
        assert expected is None, f"expected {expected}"


# --- actions of hosts


async def create_event(world: "World", one: str, _other: str) -> str:
    """Create an event, or a series of daily ones."""
    events = world.events
    number, visibility = len(events.titles), world.rng.choice(VISIBILITIES)
    capacity, approval = world.rng.randint(1, 3), world.rng.random() < 0.3
    count = world.rng.randint(2, SERIES_EVENTS_MAX) if world.rng.random() < SERIES_SHARE else None
    start = events.start + timedelta(minutes=number)
    body = EventBody(
        f"{events.word} e{number:03}",
        start,
        start + timedelta(minutes=1),
        capacity,
        category=events.word,
        place=PlaceBody("here", None, events.latitude, events.longitude),
        visibility=EventVisibility(visibility),
        rrule=None if count is None else "FREQ=DAILY",
        count=count,
        approval=approval,
    )
    created = await events.setup.series.create(one, body, None)
    series: ModelSeries | None = None
    ids = [created.id]
    if created.series is not None:
        series = ModelSeries()
        ids = [event.id for event in await events.setup.series_store.list_events(created.series.id)]
    assert len(ids) == (count or 1)
    for index, event_id in enumerate(ids):
        events.titles[event_id] = body.title
        events.model.events[event_id] = ModelEvent(one, visibility, capacity, approval, series, index)
    return f"{len(ids)} {visibility} e{number:03}"


@on_chosen_event()
async def invite(world: "World", event_id: str, event: ModelEvent, one: str, other: str) -> str:
    events = world.events
    expected = None
    if not events.model.can_see(one, event_id):
        expected = "event.not_found"
    elif event.cancelled:
        expected = "event.cancelled"
    elif one not in event.hosts and event.visibility != "public":
        expected = "permission.denied"
    elif world.model.is_blocked(other, one):
        expected = "user.not_found"
    card = await events.setup.get_card(one)
    await check_outcome(events.setup.events.invite(card, event_id, [other], None), expected)
    # The inviter does not learn of blocks between others.
    if expected is None and not any(world.model.is_blocked(other, host) for host in event.hosts):
        is_new = (other, one) not in event.invites
        event.invites.add((other, one))
        if one in event.hosts:
            event.removed.discard(other)
        if is_new and (other, one) not in world.model.notification_mutes:
            events.invites.add((other, event_id))
    return str(expected)


@on_chosen_event()
async def add_host(world: "World", event_id: str, event: ModelEvent, _one: str, other: str) -> str:
    events = world.events
    expected = None
    if not events.model.can_see(event.creator, event_id):
        expected = "event.not_found"
    elif other in event.hosts:
        pass
    elif any(world.model.is_blocked(other, host) for host in event.hosts):
        expected = "user.not_found"
    elif other in event.removed:
        expected = "permission.denied"
    elif event.cancelled:
        expected = "event.cancelled"
    await check_outcome(events.setup.hosting.add_host(event.creator, event_id, other), expected)
    if expected is None and other not in event.hosts:
        event.cohosts.append(other)
        for user in event.concerned() - {*event.hosts}:
            if world.model.is_blocked(user, other):
                events.remove(user, event_id)
    return str(expected)


@on_chosen_event()
async def remove_host(world: "World", event_id: str, event: ModelEvent, _one: str, _other: str) -> str | None:
    events = world.events
    if not event.cohosts:
        return None
    host = world.rng.choice(event.cohosts)
    expected = events.model.sight_error(event.creator, event_id)
    await check_outcome(events.setup.hosting.remove_host(event.creator, event_id, host), expected)
    if expected is None:
        event.cohosts.remove(host)
        # Notifications that the user got as a host are not distinguished from others.
        if not events.model.can_see(host, event_id):
            events.withdraw_notifications(host, event_id)
    return f"{world.label(host)} {expected}"


@on_chosen_event()
async def update_event(world: "World", event_id: str, event: ModelEvent, _one: str, _other: str) -> str:
    """As a host, change the text, and now and then who may see the event, or also others of its series."""
    events = world.events
    host, visibility = world.rng.choice(event.hosts), event.visibility
    if world.rng.random() < 0.4:
        visibility = world.rng.choice(VISIBILITIES)
    scope = world.rng.choice([*SeriesScope])
    expected = events.model.sight_error(host, event_id)
    if expected is None and event.series and scope is not SeriesScope.ONE and host != event.creator:
        expected = "permission.denied"
    patch = EventPatch(description=uuid.uuid4().hex, visibility=EventVisibility(visibility))
    await check_outcome(events.setup.series.update(host, event_id, patch, scope), expected)
    if expected is None:
        for changed_id in events.model.in_scope(event_id, scope):
            changed = events.model.events[changed_id]
            if not changed.hidden:
                changed.visibility = visibility
                events.changed.append((changed_id, host, None))
        if scope is SeriesScope.FOLLOWING:
            events.model.split(event)
    return f"{scope} {visibility} by {world.label(host)} {expected}"


# --- changes between the actions


@on_chosen_event(cancelled=False)
async def cancel_event(
    world: "World", event_id: str, event: ModelEvent, _one: str, _other: str
) -> str | None:
    events = world.events
    if world.rng.random() < 0.5:
        return None
    host = world.rng.choice(event.hosts)
    expected = events.model.sight_error(host, event_id)
    await check_outcome(events.setup.hosting.cancel(host, event_id, Cancellation()), expected)
    if expected is None:
        event.cancelled = True
        events.changed.append((event_id, host, event.audience()))
        for user in event.audience():
            events.withdraw_notifications(user, event_id)
    return f"by {world.label(host)} {expected}"


@on_chosen_event()
async def hide_event(world: "World", event_id: str, event: ModelEvent, _one: str, _other: str) -> str | None:
    events = world.events
    if world.rng.random() < 0.5:
        return None
    assert await events.setup.contents.set_hidden(event_id, hidden=True)
    event.hidden = True
    for user in event.concerned():
        events.withdraw_notifications(user, event_id)
    return ""


async def restore_event(world: "World", _one: str, _other: str) -> str | None:
    events = world.events
    for event_id, event in events.model.events.items():
        if event.hidden:
            assert await events.setup.contents.set_hidden(event_id, hidden=False)
            event.hidden = False
            return events.titles[event_id][-4:]
    return None


@on_chosen_event()
async def delete_event(
    world: "World", event_id: str, event: ModelEvent, _one: str, _other: str
) -> str | None:
    events = world.events
    if world.rng.random() < 0.7:
        return None
    scope: SeriesScope = world.rng.choice([*SeriesScope])
    await events.setup.series.delete(event.creator, event_id, scope)
    for deleted_id in events.model.in_scope(event_id, scope):
        del events.model.events[deleted_id]
    return scope.value


ACTIONS = (
    *(create_event, create_event, invite, invite, invite, invite, add_host, add_host, remove_host),
    *(update_event, update_event),
)
EVENT_CHANGES = (cancel_event, hide_event, hide_event, restore_event, delete_event)
