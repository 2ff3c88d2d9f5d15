"""What users and moderators do with events, in the services and in the model.

`ACTIONS` of hosts and attendees run in `World.write`, while no relations change. `EVENT_CHANGES` run in
`World.change`. Each returns what is to be in the log of the world, or None if there was nothing to do.
"""

import functools
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from actors.events.bodies import Cancellation, EventBody, EventPatch, RsvpBody
from actors.events.event_fields import PlaceBody
from actors.protocol.errors import ApiError
from actors.protocol.event_objects import EventVisibility, RsvpStatus
from tests.actors.visibility.event_model import ModelEvent

if TYPE_CHECKING:
    from tests.actors.visibility.world import World

ACTIONS_PER_ROUND = 24
VISIBILITIES = ("public", "invited")

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


# --- actions of hosts and attendees


async def create_event(world: "World", one: str, _other: str) -> str:
    events = world.events
    number, visibility = len(events.titles), world.rng.choice(VISIBILITIES)
    capacity, approval = world.rng.randint(1, 2), world.rng.random() < 0.3
    start = events.start + timedelta(minutes=number)
    body = EventBody(
        f"{events.word} e{number:03}",
        start,
        start + timedelta(minutes=1),
        capacity,
        category=events.word,
        place=PlaceBody("here", None, events.latitude, events.longitude),
        visibility=EventVisibility(visibility),
        approval=approval,
    )
    created = await events.setup.events.create(one, body, None)
    events.titles[created.id] = body.title
    events.model.events[created.id] = ModelEvent(one, visibility, capacity, approval)
    return f"{visibility} e{number:03}"


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
async def respond(world: "World", event_id: str, event: ModelEvent, one: str, _other: str) -> str | None:
    events = world.events
    status = world.rng.choice((RsvpStatus.GOING, RsvpStatus.GOING, *RsvpStatus))
    if status is RsvpStatus.PENDING:
        return None
    waits = world.rng.random() < 0.7
    expected = events.model.sight_error(one, event_id) or events.model.set_rsvp(
        one, event, status.value, waits=waits
    )
    body = RsvpBody(status, waitlist=waits)
    card = await events.setup.get_card(one)
    await check_outcome(events.setup.rsvps.set_rsvp(card, event_id, body), expected)
    return f"{status.value} {expected}"


@on_chosen_event()
async def withdraw(world: "World", event_id: str, event: ModelEvent, one: str, _other: str) -> str:
    events = world.events
    holds = one in {*event.rsvps, *event.waiting, *event.requests}
    expected = None if holds else events.model.sight_error(one, event_id)
    card = await events.setup.get_card(one)
    await check_outcome(events.setup.rsvps.delete_rsvp(card, event_id), expected)
    events.model.withdraw(one, event)
    if not events.model.can_see(one, event_id):
        events.withdraw_notifications(one, event_id)
    return str(expected)


@on_chosen_event()
async def accept_request(world: "World", event_id: str, event: ModelEvent, _one: str, other: str) -> str:
    events = world.events
    host = world.rng.choice(event.hosts)
    expected = events.model.sight_error(host, event_id) or events.model.accept(other, event)
    await check_outcome(events.setup.rsvp_requests.accept(host, event_id, other), expected)
    return f"by {world.label(host)} {expected}"


@on_chosen_event()
async def remove_attendee(
    world: "World", event_id: str, event: ModelEvent, _one: str, other: str
) -> str | None:
    events = world.events
    if other in event.hosts:
        return None
    expected = events.model.sight_error(event.creator, event_id)
    await check_outcome(events.setup.rsvps.remove_attendee(event.creator, event_id, other), expected)
    if expected is None and other in event.concerned():
        events.remove(other, event_id)
        event.removed.add(other)
    return str(expected)


@on_chosen_event()
async def update_event(world: "World", event_id: str, event: ModelEvent, _one: str, _other: str) -> str:
    """As a host, change the text, and now and then who may see the event."""
    events = world.events
    host, visibility = world.rng.choice(event.hosts), event.visibility
    if world.rng.random() < 0.4:
        visibility = world.rng.choice(VISIBILITIES)
    expected = events.model.sight_error(host, event_id)
    patch = EventPatch(description=uuid.uuid4().hex, visibility=EventVisibility(visibility))
    await check_outcome(events.setup.events.update(host, event_id, patch), expected)
    if expected is None:
        event.visibility = visibility
        events.changed.append((event_id, host, None))
    return f"{visibility} by {world.label(host)} {expected}"


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
    await events.setup.events.delete(event.creator, event_id)
    del events.model.events[event_id]
    return ""


ACTIONS = (
    *(create_event, create_event, invite, invite, invite, invite, add_host, add_host, remove_host),
    *(respond, respond, respond, respond, respond, respond, respond, respond),
    *(withdraw, withdraw, accept_request, accept_request, remove_attendee, update_event, update_event),
)
EVENT_CHANGES = (cancel_event, hide_event, hide_event, restore_event, delete_event)
