"""Plans events of the coming weeks: creators, RSVPs, waitlists and messages."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from actors.protocol.event_objects import Place, RsvpStatus
from examples.demo.dialogs import DialogLine, assign_lines
from examples.demo.plan_follows import FollowGraph
from examples.demo.plan_places import PlacePlanner
from examples.demo.plan_users import UserPlan
from examples.demo.seeded_random import sample_up_to, seeded_random
from examples.demo.text_templates import SlotWords
from examples.demo.topic import EventTemplate, Topic, TopicLibrary

EVENTS_MAX: Final = 15
USERS_PER_EVENT: Final = 8
DAYS_AHEAD_MIN: Final = 2
MAIN_TOPIC_SHARE: Final = 0.55
SHARED_TOPIC_SHARE: Final = 0.3
NO_SHARED_TOPIC_SHARE: Final = 0.05
LOGIN_USER_SHARE: Final = 0.85
USERS_PER_GUEST: Final = 6
COHOST_ATTENDEES_MIN: Final = 4
"""Events with at least as many attendees have a co-host."""
WAITLISTED: Final = 3
FIRST_USER: Final = 0
SERIES_EVENT: Final = 1
"""Which of the events is a series."""
WEEKLY: Final = "FREQ=WEEKLY;COUNT=6"
INVITED_RANGE: Final = (3, 9)
STATUSES: Final = (RsvpStatus.GOING, RsvpStatus.INTERESTED, RsvpStatus.MAYBE, RsvpStatus.NOT_GOING)


class PlannedRsvp(msgspec.Struct, frozen=True):
    user_index: int
    status: RsvpStatus
    guests: int = 0


class EventPlan(msgspec.Struct, frozen=True):
    """RSVPs are sent in this order; GOING beyond the capacity joins the waitlist.

    With `rrule` the event is the first one of a series, and has the RSVPs.
    """

    creator: int
    title: str
    description: str
    category: str
    start: datetime
    end: datetime
    capacity: int
    overbooked: bool
    rsvps: tuple[PlannedRsvp, ...]
    invited: tuple[int, ...]
    cohosts: tuple[int, ...]
    lines: tuple[DialogLine, ...]
    place: Place | None = None
    timezone: str = "UTC"
    rrule: str | None = None

    @property
    def attendees(self) -> frozenset[int]:
        """The users who get a place."""
        going = [rsvp.user_index for rsvp in self.rsvps if rsvp.status is RsvpStatus.GOING]
        return frozenset(going[: self.capacity])


class EventPlanner:
    """Only the event dates depend on `today`."""

    def __init__(
        self,
        users: Sequence[UserPlan],
        follow_graph: FollowGraph,
        library: TopicLibrary,
        seed: int,
        today: date,
    ) -> None:
        self._users = users
        self._follow_graph = follow_graph
        self._library = library
        self._today = today
        self._rng = seeded_random(seed, "gatherings")
        self._places = PlacePlanner(seed)

    def plan_events(self) -> list[EventPlan]:
        """Plan the overbooked event first, then the topics in turn."""
        topics = (*self._library.interests, self._library.general)
        candidates = [
            (number, topic, template) for topic in topics for number, template in enumerate(topic.events)
        ]
        candidates.sort(key=lambda entry: (not entry[2].overbooked, entry[0]))
        count = min(EVENTS_MAX, max(WAITLISTED + 1, len(self._users) // USERS_PER_EVENT))
        plans = [self._plan_event(topic, template) for _, topic, template in candidates[:count]]
        return [
            msgspec.structs.replace(plan, rrule=WEEKLY) if number == SERIES_EVENT else plan
            for number, plan in enumerate(plans)
        ]

    def _plan_event(self, topic: Topic, template: EventTemplate) -> EventPlan:
        interested = [user for user in self._users[1:] if user.topics[0] == topic.name]
        creator = self._rng.choice(interested or self._users[1:])
        invitees = [user for user in self._users if user is not creator]
        if template.overbooked:
            rsvps = self._plan_overbooked_rsvps(topic, invitees, template.capacity)
        else:
            rsvps = [
                PlannedRsvp(creator.index, RsvpStatus.GOING),
                *self._plan_rsvps(topic, invitees, template),
            ]
        start = first_occurrence(self._today, template)
        going = [
            rsvp.user_index
            for rsvp in rsvps
            if rsvp.status is RsvpStatus.GOING and rsvp.user_index != creator.index
        ]
        speakers = [creator, *(self._users[number] for number in going[: template.capacity])]
        cohosts = going[:1] if len(going) >= COHOST_ATTENDEES_MIN else []
        followers = self._follow_graph.followers(creator.index)
        invited = sample_up_to(followers, self._rng.randint(*INVITED_RANGE), self._rng)
        planned_place = self._places.plan_place()
        return EventPlan(
            place=planned_place.place,
            timezone=planned_place.timezone,
            creator=creator.index,
            title=template.title,
            description=template.description,
            category=template.category,
            start=start,
            end=start + timedelta(hours=template.hours),
            capacity=template.capacity,
            overbooked=template.overbooked,
            rsvps=tuple(rsvps),
            invited=tuple(dict.fromkeys((*invited, FIRST_USER) if template.overbooked else invited)),
            cohosts=tuple(cohosts),
            lines=assign_lines(template.lines, speakers, SlotWords(topic, self._rng).make_filler()),
        )

    def _plan_rsvps(
        self, topic: Topic, users: Sequence[UserPlan], template: EventTemplate
    ) -> Iterator[PlannedRsvp]:
        """Plan RSVPs mostly of users who share the topic, within the capacity."""
        places = 1
        for user in sample_up_to(users, len(users), self._rng):
            if self._rng.random() >= _rsvp_probability(user, topic):
                continue
            status = self._rng.choices(STATUSES, (60, 22, 13, 5))[0]
            guests = 0
            if status is RsvpStatus.GOING:
                guests = 1 if user.index % USERS_PER_GUEST == 0 else 0
                places += 1 + guests
                if places >= template.capacity:
                    status, guests = RsvpStatus.INTERESTED, 0
            yield PlannedRsvp(user.index, status, guests)

    def _plan_overbooked_rsvps(
        self, topic: Topic, users: Sequence[UserPlan], capacity: int
    ) -> list[PlannedRsvp]:
        """Plan more GOING than the capacity; the first login user is on the waitlist."""
        candidates = sample_up_to(users, len(users), self._rng)
        candidates.sort(key=lambda user: -_rsvp_probability(user, topic))
        chosen = [user.index for user in candidates if user.index != FIRST_USER][: capacity + WAITLISTED - 1]
        chosen.insert(capacity + 1, FIRST_USER)
        return [PlannedRsvp(user_index, RsvpStatus.GOING) for user_index in chosen]


def first_occurrence(today: date, template: EventTemplate) -> datetime:
    """Return the start of the event: at least `DAYS_AHEAD_MIN` days after `today`."""
    earliest = today + timedelta(days=DAYS_AHEAD_MIN)
    days = (template.weekday - earliest.weekday()) % 7 + 7 * template.week
    return datetime.combine(earliest + timedelta(days=days), time.fromisoformat(template.at), UTC)


def _rsvp_probability(user: UserPlan, topic: Topic) -> float:
    if topic.name != "general" and topic.name not in user.topics:
        return NO_SHARED_TOPIC_SHARE
    if user.is_login_user:
        return LOGIN_USER_SHARE
    return MAIN_TOPIC_SHARE if user.topics[0] == topic.name else SHARED_TOPIC_SHARE
