"""Conversations, thought up: pairs and groups, who says what, who has read it. Never asks a server."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Final

import msgspec

from examples.demo.dialogs import DialogLine, assign_lines, count_speakers
from examples.demo.plan_follows import FollowGraph
from examples.demo.plan_users import UserPlan
from examples.demo.seeded_random import ShuffledCycle, sample_up_to, seeded_random
from examples.demo.text_templates import SlotWords
from examples.demo.topic import Topic, TopicLibrary

DIRECTS_PER_LOGIN_USER: Final = 4
DIRECTS_MIN: Final = 8
USERS_PER_DIRECT: Final = 4.8
GROUP_MEMBERS_MIN: Final = 3
GROUP_MEMBERS_MAX: Final = 18
READ_SHARE: Final = 0.65
LOGIN_USER_READ_SHARE: Final = 0.3


class ConversationPlan(msgspec.Struct, frozen=True):
    """`members` begin with the one who opens it; a talk without a name is between two."""

    members: tuple[int, ...]
    name: str | None
    lines: tuple[DialogLine, ...]
    readers: tuple[int, ...]


class TopicDialog(msgspec.Struct, frozen=True):
    """A dialog, and the topic that both should care about."""

    topic: Topic
    lines: str


class ConversationPlanner:
    def __init__(
        self, users: Sequence[UserPlan], follow_graph: FollowGraph, library: TopicLibrary, seed: int
    ) -> None:
        self._users = users
        self._follow_graph = follow_graph
        self._library = library
        self._rng = seeded_random(seed, "talks")

    def plan_directs(self) -> list[ConversationPlan]:
        """Talks between two who know each other; no dialog comes again before all were had."""
        everything = (self._library.general, *self._library.interests)
        town = self._library.general.name
        scenes = ShuffledCycle(
            [TopicDialog(topic, one.lines) for topic in everything for one in topic.dialogs], self._rng
        )
        found = []
        for one, other in self._choose_pairs():
            shared = {town, *one.topics} & {town, *other.topics}
            scene = scenes.draw(partial(_has_topic, shared))
            friend = self._rng.choice([person for person in self._users if person not in (one, other)])
            filling = SlotWords(scene.topic, self._rng).make_filler(friend=friend.first_name)
            found.append(
                self._plan_conversation((one, other), None, assign_lines(scene.lines, (one, other), filling))
            )
        return found

    def plan_groups(self) -> list[ConversationPlan]:
        """One for each circle that has enough people."""
        found = []
        for topic in self._library.interests:
            group = topic.group
            caring = [person for person in self._users if topic.name in person.topics]
            if group is None or len(caring) < GROUP_MEMBERS_MIN:
                continue
            caring.sort(key=lambda person: person.topics[0] != topic.name)
            regulars = [person for person in caring if person.is_login_user]
            others = [person for person in caring[:GROUP_MEMBERS_MAX] if not person.is_login_user]
            speakers = (sample_up_to(others, count_speakers(group.lines), self._rng) + regulars)[
                -count_speakers(group.lines) :
            ]
            members = [*speakers, *(person for person in others if person not in speakers)]
            lines = assign_lines(group.lines, speakers, SlotWords(topic, self._rng).make_filler())
            found.append(self._plan_conversation(members, group.name, lines))
        return found

    def _plan_conversation(
        self, members: Sequence[UserPlan], name: str | None, lines: tuple[DialogLine, ...]
    ) -> ConversationPlan:
        """Those whom one logs in as have something left to read."""
        readers = [
            one.index
            for one in members
            if self._rng.random() < (LOGIN_USER_READ_SHARE if one.is_login_user else READ_SHARE)
        ]
        return ConversationPlan(tuple(one.index for one in members), name, lines, tuple(readers))

    def _choose_pairs(self) -> Iterator[tuple[UserPlan, UserPlan]]:
        """Those whom one logs in as among themselves and with some others, then whoever follows whom."""
        count = max(DIRECTS_MIN, round((len(self._users) + 1) / USERS_PER_DIRECT))
        regulars = [person for person in self._users if person.is_login_user]
        wished = list(combinations(regulars, 2))
        for regular in regulars:
            wished += [
                (self._users[one], regular)
                for one in self._followers_by_affinity(regular)[:DIRECTS_PER_LOGIN_USER]
            ]
        for person in sample_up_to(self._users, len(self._users), self._rng):
            wished += [(person, self._users[one]) for one in self._followers_by_affinity(person)[:1]]
        known: set[frozenset[int]] = set()
        for one, other in wished:
            pair = frozenset((one.index, other.index))
            if len(known) < count and pair not in known:
                known.add(pair)
                yield (one, other)

    def _followers_by_affinity(self, user: UserPlan) -> list[int]:
        """Followers in any order, those who are followed back first."""
        followers = sample_up_to(self._follow_graph.followers(user.index), len(self._users), self._rng)
        followers.sort(key=lambda one: user.index not in self._follow_graph.followers(one))
        return followers


def _has_topic(topics: Collection[str], dialog: TopicDialog) -> bool:
    return dialog.topic.name in topics
