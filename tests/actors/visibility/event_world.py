"""The events of a random world in the model, with what was notified and pushed about them."""

import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from actors.notifications.notification_consumer import UPDATES_OF_EVENT_MAX
from tests.actors.visibility.event_model import EventModel, ModelEvent
from tests.actors.visibility.event_setup import START, EventSetup
from tests.actors.visibility.model import VisibilityModel

if TYPE_CHECKING:
    from tests.actors.visibility.world import World

WORLDS_MAX = 1_000_000
"""Hours that worlds choose from for their first event, so that lists have few events of others."""


@dataclass
class EventWorld:
    setup: EventSetup
    relations: VisibilityModel
    model: EventModel = field(init=False)
    word: str = field(default_factory=lambda: f"w{uuid.uuid4().hex}")
    """The category of all events, and the first word of their titles."""
    start: datetime = field(default_factory=lambda: START + timedelta(hours=uuid.uuid4().int % WORLDS_MAX))
    latitude: float = field(default_factory=lambda: random.uniform(-60, 60))
    longitude: float = field(default_factory=lambda: random.uniform(-179, 179))
    titles: dict[str, str] = field(default_factory=dict)
    """By event, also of deleted ones. Those of a series have one title."""
    invites: set[tuple[str, str]] = field(default_factory=set)
    """(user, event) of invites that have notified, and were not withdrawn."""
    reminded: set[tuple[str, str]] = field(default_factory=set)
    """(user, event) of reminders that have notified, and were not withdrawn."""
    due: dict[str, set[str]] = field(default_factory=dict)
    """By event, the users whose reminders were published in this step."""
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """(user, event) of which some notifications were withdrawn."""
    changed: list[tuple[str, str, set[str] | None]] = field(default_factory=list)
    """(event, host, users) that this step pushes to; None for the users concerned at its end."""
    pushed: set[tuple[str, str]] = field(default_factory=set)
    """(event, user) of the updates that were pushed."""

    def __post_init__(self) -> None:
        self.model = EventModel(self.relations)

    def choose(self, world: "World", *, cancelled: bool = True) -> tuple[str, ModelEvent] | None:
        """Choose an event, or None without any. Mostly a late one, so that some have many users."""
        events = [one for one in self.model.events.items() if cancelled or not one[1].cancelled]
        return world.rng.choice(events[-4:]) if events else None

    def withdraw_notifications(self, user: str, event_id: str) -> None:
        self.invites.discard((user, event_id))
        self.reminded.discard((user, event_id))
        self.withdrawn.add((user, event_id))

    def withdraw_invites_between(self, one: str, other: str) -> None:
        """A block withdraws what the two have notified each other of."""
        for event_id, event in self.model.events.items():
            for pair in {(one, other), (other, one)} & event.invites:
                self.withdraw_notifications(pair[0], event_id)

    def remove(self, user: str, event_id: str) -> None:
        self.model.remove(user, self.model.events[event_id])
        self.withdraw_notifications(user, event_id)

    def _list_pushed_changes(self) -> list[tuple[str, str, set[str] | None]]:
        """Return the changes of this step, of many updates of one event only the latest."""
        latest: list[tuple[str, str, set[str] | None]] = []
        updates: Counter[str] = Counter()
        for change in reversed(self.changed):
            event_id, _, users = change
            if users is None:
                updates[event_id] += 1
            if users is not None or updates[event_id] <= UPDATES_OF_EVENT_MAX:
                latest.append(change)
        return latest

    def finish_step(self) -> None:
        """Apply what the consumers do after a step: withdraw what blocks forbid, push updates, and remind."""
        while blocked := self.model.list_blocked():
            for event_id, user in blocked:
                self.remove(user, event_id)
        for event_id, host, users in self._list_pushed_changes():
            if event := self.model.events.get(event_id):
                self.pushed |= {
                    (event_id, user)
                    for user in (event.audience() if users is None else users) - {host}
                    if self.model.can_see(user, event_id) and not self.relations.is_blocked(user, host)
                }
        self.changed.clear()
        for event_id, users in self.due.items():
            if (event := self.model.events.get(event_id)) and not event.cancelled and not event.hidden:
                self.reminded |= {(user, event_id) for user in users.intersection(event.going())}
        self.due.clear()
        for user, event_id in list(self.reminded):
            if event_id in self.model.events and not self.model.can_see(user, event_id):
                self.withdraw_notifications(user, event_id)
