"""Plans posts, likes and comments."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from actors.protocol.social_objects import PostVisibility
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
TAG_SHARE: Final = 0.3
FOLLOWERS_ONLY_SHARE: Final = 0.08


class CommentPlan(msgspec.Struct, frozen=True):
    """`reply_to` is the index of the comment of the same post to which this one replies."""

    author: int
    content: str
    reply_to: int | None = None


class PostPlan(msgspec.Struct, frozen=True):
    """`event_index` is the index of the event that the post announces."""

    author: int
    content: str
    comments: tuple[CommentPlan, ...]
    likers: tuple[int, ...]
    event_index: int | None = None
    visibility: PostVisibility = PostVisibility.PUBLIC


class PostPlanner:
    """No user repeats a post; texts of other users are only repeated if all were used."""

    def __init__(
        self, users: Sequence[UserPlan], follow_graph: FollowGraph, library: TopicLibrary, seed: int
    ) -> None:
        self._users = users
        self._follow_graph = follow_graph
        self._general_topic = library.general
        self._rng = rng = seeded_random(seed, "posts")
        self._visibility_rng = seeded_random(seed, "visibility")
        topics = (library.general, *library.interests)
        self._templates = {topic.name: ShuffledCycle(topic.posts, rng) for topic in topics}
        self._slot_words = {topic.name: SlotWords(topic, rng) for topic in topics}
        self._comment_cycles: dict[tuple[str, ...], ShuffledCycle[str]] = {}
        self._used_templates: dict[int, set[str]] = {user.index: set() for user in users}
        self._used_texts: set[str] = set()

    def plan_posts(self, events: Sequence[EventPlan]) -> list[PostPlan]:
        """Plan all posts in order of creation, with one announcement per event."""
        posts = [
            self._restrict(self._plan_unique_post(self._users[number])) for number in self._choose_authors()
        ]
        announcements = ShuffledCycle(self._general_topic.announcements, self._rng)
        for index, event in enumerate(events):
            template = PostTemplate(announcements.draw(), self._general_topic.welcomes)
            author = self._users[event.creator]
            announcement = self._plan_post(author, self._general_topic.name, template, index, event.title)
            posts.insert(self._rng.randrange(len(posts)), announcement)
        return posts

    def _choose_authors(self) -> list[int]:
        """Choose authors with a skewed activity; login users post at least a few times."""
        activity = {user.index: self._rng.lognormvariate(0, 1) for user in self._users}
        authors = [
            user.index for user in self._users if user.is_login_user for _ in range(LOGIN_USER_POSTS_MIN)
        ]
        remaining = round(len(self._users) * POSTS_PER_USER) - len(authors)
        while remaining > 0:
            number = self._rng.choices(list(activity), list(activity.values()))[0]
            if authors.count(number) < POSTS_PER_USER_MAX:
                authors.append(number)
                remaining -= 1
        self._rng.shuffle(authors)
        return authors

    def _plan_unique_post(self, author: UserPlan) -> PostPlan:
        """Plan a post whose text is new, if one is found in a few attempts."""
        topic = self._rng.choice((author.topics[0], *author.topics))
        if self._rng.random() < GENERAL_TOPIC_SHARE:
            topic = self._general_topic.name
        for _ in range(UNIQUE_TEXT_ATTEMPTS):
            template = self._templates[topic].draw(
                lambda item: item.text not in self._used_templates[author.index]
            )
            post = self._tag(self._plan_post(author, topic, template), topic)
            if post.content not in self._used_texts:
                break
        self._used_templates[author.index].add(template.text)
        self._used_texts.add(post.content)
        return post

    def _restrict(self, post: PostPlan) -> PostPlan:
        """Make some posts visible to followers only. Likes and comments are by followers already."""
        if self._visibility_rng.random() >= FOLLOWERS_ONLY_SHARE:
            return post
        return msgspec.structs.replace(post, visibility=PostVisibility.FOLLOWERS)

    def _tag(self, post: PostPlan, topic: str) -> PostPlan:
        """Add the topic as a tag to some posts about an interest."""
        if topic == self._general_topic.name or self._rng.random() >= TAG_SHARE:
            return post
        return msgspec.structs.replace(post, content=f"{post.content} #{topic}")

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
        filler = self._slot_words[topic].make_filler(friend=friend.first_name, title=title)
        like_rate = min(LIKE_RATE_MAX, LIKE_RATE * self._rng.paretovariate(LIKE_RATE_SHAPE))
        return PostPlan(
            author=author.index,
            content=filler.fill(template.text),
            comments=tuple(self._plan_comments(author, template, readers, filler)),
            likers=tuple(
                sample_up_to(readers, round_randomly(len(readers) * like_rate, self._rng), self._rng)
            ),
            event_index=event_index,
        )

    def _plan_comments(
        self, author: UserPlan, template: PostTemplate, readers: Sequence[int], filler: SlotFiller
    ) -> Iterator[CommentPlan]:
        count = round_randomly(self._rng.expovariate(1 / COMMENTS_MEAN), self._rng)
        texts: list[str] = []
        for user_index in readers[: min(count, len(template.answers))]:
            texts.append(self._comment_cycle(template.answers).draw(lambda text: text not in texts))
            yield CommentPlan(user_index, self._users[user_index].apply_writing_style(filler.fill(texts[-1])))
        if texts and template.thanks is not None and self._rng.random() < AUTHOR_REPLY_SHARE:
            thanks = author.apply_writing_style(filler.fill(template.thanks))
            yield CommentPlan(author.index, thanks, len(texts) - 1)

    def _comment_cycle(self, comments: tuple[str, ...]) -> ShuffledCycle[str]:
        if comments not in self._comment_cycles:
            self._comment_cycles[comments] = ShuffledCycle(comments, self._rng)
        return self._comment_cycles[comments]
