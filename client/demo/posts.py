"""What is posted in the town, who likes it and what is said to it, thought up. Never asks a server."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from client.demo.chance import Deck, chance_of, some_of, whole
from client.demo.follows import Ties
from client.demo.gatherings import Gathering
from client.demo.people import Person
from client.demo.phrases import Filling, Phrases
from client.demo.topic import Library, Said

PER_PERSON: Final = 3.3
MOST_BY_ONE: Final = 11
REGULARS_LEAST: Final = 4
TOWN_SHARE: Final = 0.27
APPEAL_SHAPE: Final = 1.25
LIKED_SHARE: Final = 0.09
LIKED_MOST: Final = 0.7
TRIES: Final = 8
COMMENTS: Final = 1.3
THANKS_SHARE: Final = 0.8


class Remark(msgspec.Struct, frozen=True):
    author: int
    content: str


class PlannedPost(msgspec.Struct, frozen=True):
    """`gathering` is the index of the event that it is about."""

    author: int
    content: str
    remarks: tuple[Remark, ...]
    likers: tuple[int, ...]
    gathering: int | None = None


class Newspaper:
    """Thinks posts up: nobody says the same twice, nor what another said while there is anything else."""

    def __init__(self, people: Sequence[Person], ties: Ties, library: Library, seed: int) -> None:
        self._people = people
        self._ties = ties
        self._town = library.town
        self._chance = chance = chance_of(seed, "posts")
        topics = (library.town, *library.circles)
        self._texts = {topic.name: Deck(topic.posts, chance) for topic in topics}
        self._phrases = {topic.name: Phrases(topic, chance) for topic in topics}
        self._answers: dict[tuple[str, ...], Deck[str]] = {}
        self._said: dict[int, set[str]] = {person.number: set() for person in people}
        self._printed: set[str] = set()

    def posts(self, gatherings: Sequence[Gathering]) -> list[PlannedPost]:
        """All posts, in the order in which they are made; one announces each gathering."""
        posts = [self._post(self._people[number]) for number in self._authors()]
        announcements = Deck(self._town.announcements, self._chance)
        for index, gathering in enumerate(gatherings):
            said = Said(announcements.draw(), self._town.welcomes)
            author = self._people[gathering.creator]
            announcement = self._written(author, self._town.name, said, index, gathering.title)
            posts.insert(self._chance.randrange(len(posts)), announcement)
        return posts

    def _authors(self) -> list[int]:
        """Some talk a lot, some hardly ever; those whom one logs in as are heard."""
        eager = {person.number: self._chance.lognormvariate(0, 1) for person in self._people}
        authors = [one.number for one in self._people if one.regular for _ in range(REGULARS_LEAST)]
        rest = round(len(self._people) * PER_PERSON) - len(authors)
        while rest > 0:
            number = self._chance.choices(list(eager), list(eager.values()))[0]
            if authors.count(number) < MOST_BY_ONE:
                authors.append(number)
                rest -= 1
        self._chance.shuffle(authors)
        return authors

    def _post(self, author: Person) -> PlannedPost:
        """A post that nobody has made yet, where there is one left."""
        name = self._chance.choice((author.topics[0], *author.topics))
        if self._chance.random() < TOWN_SHARE:
            name = self._town.name
        for _ in range(TRIES):
            said = self._texts[name].draw(lambda one: one.text not in self._said[author.number])
            post = self._written(author, name, said)
            if post.content not in self._printed:
                break
        self._said[author.number].add(said.text)
        self._printed.add(post.content)
        return post

    def _written(
        self, author: Person, topic: str, said: Said, gathering: int | None = None, title: str = ""
    ) -> PlannedPost:
        readers = list(self._ties.followers(author.number))
        self._chance.shuffle(readers)
        friend = self._people[readers.pop() if readers else 1 - min(author.number, 1)]
        filling = self._phrases[topic].filling(friend=friend.first_name, title=title)
        appeal = min(LIKED_MOST, LIKED_SHARE * self._chance.paretovariate(APPEAL_SHAPE))
        return PlannedPost(
            author=author.number,
            content=filling.fill(said.text),
            remarks=tuple(self._remarks(author, said, readers, filling)),
            likers=tuple(some_of(readers, whole(len(readers) * appeal, self._chance), self._chance)),
            gathering=gathering,
        )

    def _remarks(
        self, author: Person, said: Said, readers: Sequence[int], filling: Filling
    ) -> Iterator[Remark]:
        wanted = whole(self._chance.expovariate(1 / COMMENTS), self._chance)
        answers: list[str] = []
        for number in readers[: min(wanted, len(said.answers))]:
            answers.append(self._deck(said.answers).draw(lambda one: one not in answers))
            yield Remark(number, self._people[number].says(filling.fill(answers[-1])))
        if answers and said.thanks is not None and self._chance.random() < THANKS_SHARE:
            yield Remark(author.number, author.says(filling.fill(said.thanks)))

    def _deck(self, answers: tuple[str, ...]) -> Deck[str]:
        if answers not in self._answers:
            self._answers[answers] = Deck(answers, self._chance)
        return self._answers[answers]
