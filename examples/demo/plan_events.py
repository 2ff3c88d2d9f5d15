"""Events of the coming weeks, thought up: who asks, who answers, who stands in line. Never asks a server."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from actors.protocol.social_objects import RsvpStatus
from examples.demo.dialogs import DialogLine, assign_lines
from examples.demo.plan_follows import FollowGraph
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
WAITLISTED: Final = 3
FIRST_USER: Final = 0
INVITED_RANGE: Final = (3, 9)
STATUSES: Final = (RsvpStatus.GOING, RsvpStatus.INTERESTED, RsvpStatus.MAYBE, RsvpStatus.NOT_GOING)


class PlannedRsvp(msgspec.Struct, frozen=True):
    user_index: int
    status: RsvpStatus


class EventPlan(msgspec.Struct, frozen=True):
    """Answers come in this order; who is GOING past the capacity waits in line."""

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
    lines: tuple[DialogLine, ...]

    @property
    def attendees(self) -> frozenset[int]:
        """Those who get a place."""
        going = [answer.user_index for answer in self.rsvps if answer.status is RsvpStatus.GOING]
        return frozenset(going[: self.capacity])


class EventPlanner:
    """Thinks gatherings up. `today` is where the coming weeks begin; nothing else hangs on the date."""

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

    def plan_events(self) -> list[EventPlan]:
        """The crowded one first, then each topic in turn."""
        topics = (*self._library.interests, self._library.general)
        found = [(number, topic, one) for topic in topics for number, one in enumerate(topic.events)]
        found.sort(key=lambda entry: (not entry[2].overbooked, entry[0]))
        count = min(EVENTS_MAX, max(WAITLISTED + 1, len(self._users) // USERS_PER_EVENT))
        return [self._plan_event(topic, occasion) for _, topic, occasion in found[:count]]

    def _plan_event(self, topic: Topic, template: EventTemplate) -> EventPlan:
        dear = [person for person in self._users[1:] if person.topics[0] == topic.name]
        creator = self._rng.choice(dear or self._users[1:])
        others = [person for person in self._users if person is not creator]
        if template.overbooked:
            answers = self._plan_overbooked_rsvps(topic, others, template.capacity)
        else:
            answers = [
                PlannedRsvp(creator.index, RsvpStatus.GOING),
                *self._plan_rsvps(topic, others, template),
            ]
        start = first_occurrence(self._today, template)
        going = [
            one.user_index
            for one in answers
            if one.status is RsvpStatus.GOING and one.user_index != creator.index
        ]
        cast = [creator, *(self._users[number] for number in going[: template.capacity])]
        followers = self._follow_graph.followers(creator.index)
        invited = sample_up_to(followers, self._rng.randint(*INVITED_RANGE), self._rng)
        return EventPlan(
            creator=creator.index,
            title=template.title,
            description=template.description,
            category=template.category,
            start=start,
            end=start + timedelta(hours=template.hours),
            capacity=template.capacity,
            overbooked=template.overbooked,
            rsvps=tuple(answers),
            invited=tuple(dict.fromkeys((*invited, FIRST_USER) if template.overbooked else invited)),
            lines=assign_lines(template.lines, cast, SlotWords(topic, self._rng).make_filler()),
        )

    def _plan_rsvps(
        self, topic: Topic, users: Sequence[UserPlan], template: EventTemplate
    ) -> Iterator[PlannedRsvp]:
        """Those who care about the topic mostly; never more than there is room for."""
        going = 1
        for person in sample_up_to(users, len(users), self._rng):
            if self._rng.random() >= _rsvp_probability(person, topic):
                continue
            status = self._rng.choices(STATUSES, (60, 22, 13, 5))[0]
            if status is RsvpStatus.GOING:
                going += 1
                status = RsvpStatus.INTERESTED if going >= template.capacity else status
            yield PlannedRsvp(person.index, status)

    def _plan_overbooked_rsvps(
        self, topic: Topic, users: Sequence[UserPlan], capacity: int
    ) -> list[PlannedRsvp]:
        """More want to come than there is room for; the first of the town is invited, and has to wait."""
        mixed = sample_up_to(users, len(users), self._rng)
        mixed.sort(key=lambda person: -_rsvp_probability(person, topic))
        chosen = [person.index for person in mixed if person.index != FIRST_USER][: capacity + WAITLISTED - 1]
        chosen.insert(capacity + 1, FIRST_USER)
        return [PlannedRsvp(number, RsvpStatus.GOING) for number in chosen]


def first_occurrence(today: date, template: EventTemplate) -> datetime:
    """When an occasion begins, seen from a day: in days at the soonest, never in hours."""
    soonest = today + timedelta(days=DAYS_AHEAD_MIN)
    days = (template.weekday - soonest.weekday()) % 7 + 7 * template.week
    return datetime.combine(soonest + timedelta(days=days), time.fromisoformat(template.at), UTC)


def _rsvp_probability(user: UserPlan, topic: Topic) -> float:
    if topic.name != "general" and topic.name not in user.topics:
        return NO_SHARED_TOPIC_SHARE
    if user.is_login_user:
        return LOGIN_USER_SHARE
    return MAIN_TOPIC_SHARE if user.topics[0] == topic.name else SHARED_TOPIC_SHARE
