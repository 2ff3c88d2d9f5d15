"""Naive model of who can see which events, and what users hold of them, for the property test."""

from dataclasses import dataclass, field

from tests.actors.visibility.model import VisibilityModel

GOING, INTERESTED, NOT_GOING = "GOING", "INTERESTED", "NOT_GOING"
DEFAULT_REMINDERS = [1440, 60]


@dataclass
class ModelSeries:
    """`first` is the number of the first event of its rule, which may be deleted."""

    first: int = 0


@dataclass
class ModelEvent:
    """`number` is its position in the series that it was created with.

    `invites` are (invited user, inviter) pairs; `requests` have whether the user waits if it is full. Users
    who go, wait or asked have `guests`, and may have `reminders`, in minutes before the start.
    """

    creator: str
    visibility: str
    capacity: int
    approval: bool
    series: ModelSeries | None = None
    number: int = 0
    cohosts: list[str] = field(default_factory=list)
    invites: set[tuple[str, str]] = field(default_factory=set)
    rsvps: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    requests: dict[str, bool] = field(default_factory=dict)
    guests: dict[str, int] = field(default_factory=dict)
    reminders: dict[str, list[int]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    hidden: bool = False
    cancelled: bool = False

    @property
    def hosts(self) -> list[str]:
        return [self.creator, *self.cohosts]

    @property
    def going_count(self) -> int:
        return sum(1 + self.guests.get(user, 0) for user in self.going())

    def going(self) -> list[str]:
        return [user for user, status in self.rsvps.items() if status == GOING]

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

    def in_scope(self, event_id: str, scope: str) -> list[str]:
        """Return the events of a series that a scope means, in their order."""
        event = self.events[event_id]
        if event.series is None or scope == "one":
            return [event_id]
        return [
            other_id
            for other_id, other in self.events.items()
            if other.series is event.series and (scope == "all" or other.number >= event.number)
        ]

    # --- changes

    def set_rsvp(
        self,
        user: str,
        event: ModelEvent,
        status: str,
        guests: int | None = None,
        reminders: list[int] | None = None,
        *,
        waits: bool,
    ) -> str | None:
        """Return the code of the error, or None. Guests and reminders that are None stay as they were."""
        if user in event.removed:
            return "permission.denied"
        if event.cancelled:
            return "event.cancelled"
        before = event.rsvps.get(user)
        if status != GOING:
            self._forget(user, event)
            event.rsvps[user] = status
            if before == GOING:
                self._promote(event)
            return None
        party = event.guests.get(user, 0) if guests is None else guests
        if self.is_open_to(user, event):
            error = self._take_place(user, event, party, waits=waits)
        elif before != GOING and user not in event.waiting:
            event.rsvps.pop(user, None)
            event.requests[user] = waits
            event.guests[user] = party
            error = None
        elif party > event.guests.get(user, 0):
            error = "permission.denied"
        else:
            error = self._take_place(user, event, party, waits=waits)
        if error is None and reminders is not None:
            event.reminders[user] = reminders
        return error

    def accept(self, user: str, event: ModelEvent) -> str | None:
        """Accept a request. Returns the code of the error, or None."""
        if user not in event.requests:
            holds = event.rsvps.get(user) == GOING or user in event.waiting
            return None if holds else "rsvp_request.not_found"
        if event.cancelled:
            return "event.cancelled"
        return self._take_place(user, event, event.guests[user], waits=event.requests[user])

    def withdraw(self, user: str, event: ModelEvent) -> None:
        self._forget(user, event)
        if event.rsvps.pop(user, None) == GOING:
            self._promote(event)

    def remove(self, user: str, event: ModelEvent) -> None:
        """End what a user holds of an event."""
        event.cohosts = [host for host in event.cohosts if host != user]
        event.invites = {pair for pair in event.invites if pair[0] != user}
        self.withdraw(user, event)

    def split(self, event: ModelEvent) -> None:
        """Let the event and those after it be a series, unless there are none before them."""
        before = event.series
        if before is not None and event.number > before.first:
            series = ModelSeries(event.number)
            for other in self.events.values():
                if other.series is before and other.number >= event.number:
                    other.series = series

    def list_blocked(self) -> list[tuple[str, str]]:
        """Return the (event, user) pairs whose user a block now hides the event from that they hold.

        In the order in which their places are withdrawn: each may be given to others.
        """
        return sorted(
            (event_id, user)
            for event_id, event in self.events.items()
            for user in event.concerned()
            if self.is_blocked(user, event)
        )

    def _take_place(self, user: str, event: ModelEvent, guests: int, *, waits: bool) -> str | None:
        goes = event.rsvps.get(user) == GOING
        needed = guests - event.guests.get(user, 0) if goes else 1 + guests
        others_wait = any(one != user for one in event.waiting)
        has_room = needed <= 0 or (needed <= event.capacity - event.going_count and not others_wait)
        if goes and not has_room:
            return "event.full"
        if not goes and user not in event.waiting:
            if has_room:
                self._go(user, event)
            elif waits:
                event.waiting.append(user)
            else:
                return "event.full"
        event.guests[user] = guests
        event.requests.pop(user, None)
        if user in event.waiting or (goes and needed < 0):
            self._promote(event)
        return None

    def _promote(self, event: ModelEvent) -> None:
        """Give free places to waiting parties that fit, the first ones first."""
        if event.hidden or event.cancelled:
            return
        for user in list(event.waiting):
            fits = 1 + event.guests[user] <= event.capacity - event.going_count
            if fits and not self.is_blocked(user, event):
                event.waiting.remove(user)
                self._go(user, event)

    def _go(self, user: str, event: ModelEvent) -> None:
        event.rsvps[user] = GOING
        event.reminders.setdefault(user, DEFAULT_REMINDERS)

    def _forget(self, user: str, event: ModelEvent) -> None:
        """Delete what a user has besides an answer: the place in a line, guests and reminders."""
        event.requests.pop(user, None)
        event.guests.pop(user, None)
        event.reminders.pop(user, None)
        if user in event.waiting:
            event.waiting.remove(user)
