"""Events of the coming weeks, thought up: who asks, who answers, who stands in line. Never asks a server."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from actors.protocol.social_objects import RsvpStatus
from client.demo.chance import chance_of, some_of
from client.demo.follows import Ties
from client.demo.people import Person
from client.demo.phrases import Phrases
from client.demo.script import Line, performed
from client.demo.topic import Library, Occasion, Topic

MOST: Final = 15
PEOPLE_PER_GATHERING: Final = 8
DAYS_AHEAD: Final = 2
DEAREST_SHARE: Final = 0.55
SHARED_SHARE: Final = 0.3
STRANGERS_SHARE: Final = 0.05
REGULARS_SHARE: Final = 0.85
IN_LINE: Final = 3
FIRST: Final = 0
INVITED: Final = (3, 9)
STATUSES: Final = (RsvpStatus.GOING, RsvpStatus.INTERESTED, RsvpStatus.MAYBE, RsvpStatus.NOT_GOING)


class Answer(msgspec.Struct, frozen=True):
    who: int
    status: RsvpStatus


class Gathering(msgspec.Struct, frozen=True):
    """Answers come in this order; who is GOING past the capacity waits in line."""

    creator: int
    title: str
    description: str
    category: str
    start: datetime
    end: datetime
    capacity: int
    crowded: bool
    answers: tuple[Answer, ...]
    invited: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def goers(self) -> frozenset[int]:
        """Those who get a place."""
        going = [answer.who for answer in self.answers if answer.status is RsvpStatus.GOING]
        return frozenset(going[: self.capacity])


class Calendar:
    """Thinks gatherings up. `today` is where the coming weeks begin; nothing else hangs on the date."""

    def __init__(
        self, people: Sequence[Person], ties: Ties, library: Library, seed: int, today: date
    ) -> None:
        self._people = people
        self._ties = ties
        self._library = library
        self._today = today
        self._chance = chance_of(seed, "gatherings")

    def gatherings(self) -> list[Gathering]:
        """The crowded one first, then each topic in turn."""
        topics = (*self._library.circles, self._library.town)
        found = [(number, topic, one) for topic in topics for number, one in enumerate(topic.events)]
        found.sort(key=lambda entry: (not entry[2].crowded, entry[0]))
        count = min(MOST, max(IN_LINE + 1, len(self._people) // PEOPLE_PER_GATHERING))
        return [self._gathering(topic, occasion) for _, topic, occasion in found[:count]]

    def _gathering(self, topic: Topic, occasion: Occasion) -> Gathering:
        dear = [person for person in self._people[1:] if person.topics[0] == topic.name]
        creator = self._chance.choice(dear or self._people[1:])
        others = [person for person in self._people if person is not creator]
        if occasion.crowded:
            answers = self._line(topic, others, occasion.capacity)
        else:
            answers = [Answer(creator.number, RsvpStatus.GOING), *self._answers(topic, others, occasion)]
        start = first_day(self._today, occasion)
        going = [one.who for one in answers if one.status is RsvpStatus.GOING and one.who != creator.number]
        cast = [creator, *(self._people[number] for number in going[: occasion.capacity])]
        followers = self._ties.followers(creator.number)
        invited = some_of(followers, self._chance.randint(*INVITED), self._chance)
        return Gathering(
            creator=creator.number,
            title=occasion.title,
            description=occasion.description,
            category=occasion.category,
            start=start,
            end=start + timedelta(hours=occasion.hours),
            capacity=occasion.capacity,
            crowded=occasion.crowded,
            answers=tuple(answers),
            invited=tuple(dict.fromkeys((*invited, FIRST) if occasion.crowded else invited)),
            lines=performed(occasion.lines, cast, Phrases(topic, self._chance).filling()),
        )

    def _answers(self, topic: Topic, people: Sequence[Person], occasion: Occasion) -> Iterator[Answer]:
        """Those who care about the topic mostly; never more than there is room for."""
        going = 1
        for person in some_of(people, len(people), self._chance):
            if self._chance.random() >= _likelihood(person, topic):
                continue
            status = self._chance.choices(STATUSES, (60, 22, 13, 5))[0]
            if status is RsvpStatus.GOING:
                going += 1
                status = RsvpStatus.INTERESTED if going >= occasion.capacity else status
            yield Answer(person.number, status)

    def _line(self, topic: Topic, people: Sequence[Person], capacity: int) -> list[Answer]:
        """More want to come than there is room for; the first of the town is invited, and has to wait."""
        mixed = some_of(people, len(people), self._chance)
        mixed.sort(key=lambda person: -_likelihood(person, topic))
        chosen = [person.number for person in mixed if person.number != FIRST][: capacity + IN_LINE - 1]
        chosen.insert(capacity + 1, FIRST)
        return [Answer(number, RsvpStatus.GOING) for number in chosen]


def first_day(today: date, occasion: Occasion) -> datetime:
    """When an occasion begins, seen from a day: in days at the soonest, never in hours."""
    soonest = today + timedelta(days=DAYS_AHEAD)
    days = (occasion.weekday - soonest.weekday()) % 7 + 7 * occasion.week
    return datetime.combine(soonest + timedelta(days=days), time.fromisoformat(occasion.at), UTC)


def _likelihood(person: Person, topic: Topic) -> float:
    if topic.name != "town" and topic.name not in person.topics:
        return STRANGERS_SHARE
    if person.regular:
        return REGULARS_SHARE
    return DEAREST_SHARE if person.topics[0] == topic.name else SHARED_SHARE
