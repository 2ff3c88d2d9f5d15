"""Naive model of who can see which events, and what users hold of them, for the property test."""

from dataclasses import dataclass, field

from tests.actors.visibility.model import VisibilityModel

GOING, INTERESTED, NOT_GOING = "GOING", "INTERESTED", "NOT_GOING"


@dataclass
class ModelEvent:
    """`invites` are (invited user, inviter) pairs; `requests` have whether the user waits if it is full."""

    creator: str
    visibility: str
    capacity: int
    approval: bool
    cohosts: list[str] = field(default_factory=list)
    invites: set[tuple[str, str]] = field(default_factory=set)
    rsvps: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    requests: dict[str, bool] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    hidden: bool = False
    cancelled: bool = False

    @property
    def hosts(self) -> list[str]:
        return [self.creator, *self.cohosts]

    @property
    def going_count(self) -> int:
        return list(self.rsvps.values()).count(GOING)

    def concerned(self) -> set[str]:
        return {
            *self.hosts,
            *(user for user, _ in self.invites),
            *self.rsvps,
            *self.waiting,
            *self.requests,
        }

    def audience(self) -> set[str]:
        """Return the users who are notified of changes."""
        declined = {user for user, status in self.rsvps.items() if status == NOT_GOING}
        return self.concerned() - (declined - {*self.hosts, *self.waiting, *self.requests})


class EventModel:
    """With the blocks of `relations`."""

    def __init__(self, relations: VisibilityModel) -> None:
        self.relations = relations
        self.events: dict[str, ModelEvent] = {}

    # --- the rules

    def is_blocked(self, viewer: str, event: ModelEvent) -> bool:
        """Whether a block hides the event. For a host only one with the creator counts."""
        counted = event.hosts[:1] if viewer in event.hosts else event.hosts
        return any(self.relations.is_blocked(viewer, host) for host in counted)

    def can_see(self, viewer: str, event_id: str) -> bool:
        event = self.events[event_id]
        if event.hidden or self.is_blocked(viewer, event):
            return False
        return event.visibility == "public" or viewer in event.concerned()

    def sight_error(self, viewer: str, event_id: str) -> str | None:
        """Return the code of the error for users who cannot see the event, None for others."""
        return None if self.can_see(viewer, event_id) else "event.not_found"

    def visible(self, viewer: str) -> set[str]:
        return {event_id for event_id in self.events if self.can_see(viewer, event_id)}

    def can_read(self, viewer: str, event_id: str) -> bool:
        """Creators see their hidden events, one by one."""
        event = self.events[event_id]
        return self.can_see(viewer, event_id) or (event.hidden and viewer == event.creator)

    def is_open_to(self, user: str, event: ModelEvent) -> bool:
        """Whether the user goes without asking a host."""
        return (
            not event.approval
            or user in event.hosts
            or any(invited == user and inviter in event.hosts for invited, inviter in event.invites)
        )

    # --- changes. Parties are of one

    def set_rsvp(self, user: str, event: ModelEvent, status: str, *, waits: bool) -> str | None:
        """Return the code of the error, or None."""
        if user in event.removed:
            return "permission.denied"
        if event.cancelled:
            return "event.cancelled"
        before = event.rsvps.get(user)
        if status != GOING:
            self._leave_lines(user, event)
            event.rsvps[user] = status
            if before == GOING:
                self._promote(event)
        elif not self.is_open_to(user, event) and before != GOING and user not in event.waiting:
            event.rsvps.pop(user, None)
            event.requests[user] = waits
        else:
            return self._take_place(user, event, waits=waits)
        return None

    def accept(self, user: str, event: ModelEvent) -> str | None:
        """Accept a request. Returns the code of the error, or None."""
        if user not in event.requests:
            holds = event.rsvps.get(user) == GOING or user in event.waiting
            return None if holds else "rsvp_request.not_found"
        if event.cancelled:
            return "event.cancelled"
        return self._take_place(user, event, waits=event.requests[user])

    def withdraw(self, user: str, event: ModelEvent) -> None:
        self._leave_lines(user, event)
        if event.rsvps.pop(user, None) == GOING:
            self._promote(event)

    def remove(self, user: str, event: ModelEvent) -> None:
        """End what a user holds of an event."""
        event.cohosts = [host for host in event.cohosts if host != user]
        event.invites = {pair for pair in event.invites if pair[0] != user}
        self.withdraw(user, event)

    def list_blocked(self) -> list[tuple[str, str]]:
        """Return the (event, user) pairs whose user a block now hides the event from that they hold."""
        return [
            (event_id, user)
            for event_id, event in self.events.items()
            for user in event.concerned()
            if self.is_blocked(user, event)
        ]

    def _take_place(self, user: str, event: ModelEvent, *, waits: bool) -> str | None:
        if event.rsvps.get(user) != GOING and user not in event.waiting:
            if event.going_count < event.capacity and not event.waiting:
                event.rsvps[user] = GOING
            elif waits:
                event.waiting.append(user)
            else:
                return "event.full"
        event.requests.pop(user, None)
        if user in event.waiting:
            self._promote(event)
        return None

    def _promote(self, event: ModelEvent) -> None:
        if event.hidden or event.cancelled:
            return
        while event.waiting and event.going_count < event.capacity:
            event.rsvps[event.waiting.pop(0)] = GOING

    def _leave_lines(self, user: str, event: ModelEvent) -> None:
        event.requests.pop(user, None)
        if user in event.waiting:
            event.waiting.remove(user)
