"""What is posted in the town, who likes it and what is said to it, thought up. Never asks a server."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from examples.demo.plan_events import EventPlan
from examples.demo.plan_follows import FollowGraph
from examples.demo.plan_users import UserPlan
from examples.demo.seeded_random import ShuffledCycle, round_randomly, sample_up_to, seeded_random
from examples.demo.text_templates import SlotFiller, SlotWords
from examples.demo.topic import PostTemplate, TopicLibrary

POSTS_PER_USER: Final = 3.3
POSTS_PER_USER_MAX: Final = 11
LOGIN_USER_POSTS_MIN: Final = 4
GENERAL_TOPIC_SHARE: Final = 0.27
LIKE_RATE_SHAPE: Final = 1.25
LIKE_RATE: Final = 0.09
LIKE_RATE_MAX: Final = 0.7
UNIQUE_TEXT_ATTEMPTS: Final = 8
COMMENTS_MEAN: Final = 1.3
AUTHOR_REPLY_SHARE: Final = 0.8


class CommentPlan(msgspec.Struct, frozen=True):
    author: int
    content: str


class PostPlan(msgspec.Struct, frozen=True):
    """`gathering` is the index of the event that it is about."""

    author: int
    content: str
    comments: tuple[CommentPlan, ...]
    likers: tuple[int, ...]
    event_index: int | None = None


class PostPlanner:
    """Thinks posts up: nobody says the same twice, nor what another said while there is anything else."""

    def __init__(
        self, users: Sequence[UserPlan], follow_graph: FollowGraph, library: TopicLibrary, seed: int
    ) -> None:
        self._users = users
        self._follow_graph = follow_graph
        self._general_topic = library.general
        self._rng = chance = seeded_random(seed, "posts")
        topics = (library.general, *library.interests)
        self._templates = {topic.name: ShuffledCycle(topic.posts, chance) for topic in topics}
        self._slot_words = {topic.name: SlotWords(topic, chance) for topic in topics}
        self._comment_cycles: dict[tuple[str, ...], ShuffledCycle[str]] = {}
        self._used_templates: dict[int, set[str]] = {person.index: set() for person in users}
        self._used_texts: set[str] = set()

    def plan_posts(self, events: Sequence[EventPlan]) -> list[PostPlan]:
        """All posts, in the order in which they are made; one announces each gathering."""
        posts = [self._plan_unique_post(self._users[number]) for number in self._choose_authors()]
        announcements = ShuffledCycle(self._general_topic.announcements, self._rng)
        for index, gathering in enumerate(events):
            said = PostTemplate(announcements.draw(), self._general_topic.welcomes)
            author = self._users[gathering.creator]
            announcement = self._plan_post(author, self._general_topic.name, said, index, gathering.title)
            posts.insert(self._rng.randrange(len(posts)), announcement)
        return posts

    def _choose_authors(self) -> list[int]:
        """Some talk a lot, some hardly ever; those whom one logs in as are heard."""
        eager = {person.index: self._rng.lognormvariate(0, 1) for person in self._users}
        authors = [one.index for one in self._users if one.is_login_user for _ in range(LOGIN_USER_POSTS_MIN)]
        rest = round(len(self._users) * POSTS_PER_USER) - len(authors)
        while rest > 0:
            number = self._rng.choices(list(eager), list(eager.values()))[0]
            if authors.count(number) < POSTS_PER_USER_MAX:
                authors.append(number)
                rest -= 1
        self._rng.shuffle(authors)
        return authors

    def _plan_unique_post(self, author: UserPlan) -> PostPlan:
        """A post that nobody has made yet, where there is one left."""
        name = self._rng.choice((author.topics[0], *author.topics))
        if self._rng.random() < GENERAL_TOPIC_SHARE:
            name = self._general_topic.name
        for _ in range(UNIQUE_TEXT_ATTEMPTS):
            said = self._templates[name].draw(lambda one: one.text not in self._used_templates[author.index])
            post = self._plan_post(author, name, said)
            if post.content not in self._used_texts:
                break
        self._used_templates[author.index].add(said.text)
        self._used_texts.add(post.content)
        return post

    def _plan_post(
        self,
        author: UserPlan,
        topic: str,
        template: PostTemplate,
        event_index: int | None = None,
        title: str = "",
    ) -> PostPlan:
        readers = list(self._follow_graph.followers(author.index))
        self._rng.shuffle(readers)
        friend = self._users[readers.pop() if readers else 1 - min(author.index, 1)]
        filling = self._slot_words[topic].make_filler(friend=friend.first_name, title=title)
        appeal = min(LIKE_RATE_MAX, LIKE_RATE * self._rng.paretovariate(LIKE_RATE_SHAPE))
        return PostPlan(
            author=author.index,
            content=filling.fill(template.text),
            comments=tuple(self._plan_comments(author, template, readers, filling)),
            likers=tuple(sample_up_to(readers, round_randomly(len(readers) * appeal, self._rng), self._rng)),
            event_index=event_index,
        )

    def _plan_comments(
        self, author: UserPlan, template: PostTemplate, readers: Sequence[int], filler: SlotFiller
    ) -> Iterator[CommentPlan]:
        wanted = round_randomly(self._rng.expovariate(1 / COMMENTS_MEAN), self._rng)
        answers: list[str] = []
        for number in readers[: min(wanted, len(template.answers))]:
            answers.append(self._comment_cycle(template.answers).draw(lambda one: one not in answers))
            yield CommentPlan(number, self._users[number].apply_writing_style(filler.fill(answers[-1])))
        if answers and template.thanks is not None and self._rng.random() < AUTHOR_REPLY_SHARE:
            yield CommentPlan(author.index, author.apply_writing_style(filler.fill(template.thanks)))

    def _comment_cycle(self, comments: tuple[str, ...]) -> ShuffledCycle[str]:
        if comments not in self._comment_cycles:
            self._comment_cycles[comments] = ShuffledCycle(comments, self._rng)
        return self._comment_cycles[comments]
