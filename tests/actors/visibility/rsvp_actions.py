"""What attendees do with events, and hosts with attendees, in the services and in the model.

Like the actions of hosts in `event_actions`, they run while no relations change.
"""

from typing import TYPE_CHECKING

from actors.events.bodies import RsvpBody
from actors.protocol.event_objects import RsvpStatus
from tests.actors.visibility.event_actions import check_outcome, on_chosen_event
from tests.actors.visibility.event_model import ModelEvent

if TYPE_CHECKING:
    from tests.actors.visibility.world import World

GUESTS: tuple[int | None, ...] = (None, 0, 1)
"""Of larger parties it would matter in which order the places of several blocked users are given on."""
REMINDERS: tuple[list[int] | None, ...] = (None, None, [], [30], [90, 5])


@on_chosen_event()
async def respond(world: "World", event_id: str, event: ModelEvent, one: str, _other: str) -> str | None:
    events = world.events
    status = world.rng.choice((RsvpStatus.GOING, RsvpStatus.GOING, *RsvpStatus))
    if status is RsvpStatus.PENDING:
        return None
    waits = world.rng.random() < 0.7
    guests, reminders = world.rng.choice(GUESTS), world.rng.choice(REMINDERS)
    if status is not RsvpStatus.GOING:
        guests = reminders = None
    expected = events.model.sight_error(one, event_id) or events.model.set_rsvp(
        one, event, status.value, guests, reminders, waits=waits
    )
    body = RsvpBody(status, waitlist=waits, guests=guests, reminders=reminders)
    card = await events.setup.get_card(one)
    await check_outcome(events.setup.rsvps.set_rsvp(card, event_id, body), expected)
    return f"{status.value} +{guests} {reminders} {expected}"


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
async def remind(world: "World", event_id: str, event: ModelEvent, _one: str, _other: str) -> str:
    """Publish reminders, which later actions of the step may make obsolete."""
    users = {user for user in event.going() if event.reminders[user]}
    await world.events.setup.publish_reminders(event_id)
    world.events.due.setdefault(event_id, set()).update(users)
    return " ".join(sorted(map(world.label, users)))


RSVP_ACTIONS = (
    *(respond, respond, respond, respond, respond, respond, respond, respond),
    *(withdraw, withdraw, accept_request, accept_request, remove_attendee, remind, remind),
)
