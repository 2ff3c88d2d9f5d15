"""Plans direct and group conversations: members, messages and readers."""

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
    """`members` starts with the creator; a direct conversation has no name."""

    members: tuple[int, ...]
    name: str | None
    lines: tuple[DialogLine, ...]
    readers: tuple[int, ...]


class TopicDialog(msgspec.Struct, frozen=True):
    """A dialog and the topic that both users should share."""

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
        """Plan direct conversations; a dialog is only repeated after all others were used."""
        topics = (self._library.general, *self._library.interests)
        general = self._library.general.name
        dialogs = ShuffledCycle(
            [TopicDialog(topic, dialog.lines) for topic in topics for dialog in topic.dialogs], self._rng
        )
        plans = []
        for first, second in self._choose_pairs():
            shared = {general, *first.topics} & {general, *second.topics}
            dialog = dialogs.draw(partial(_has_topic, shared))
            friend = self._rng.choice([user for user in self._users if user not in (first, second)])
            filler = SlotWords(dialog.topic, self._rng).make_filler(friend=friend.first_name)
            plans.append(
                self._plan_conversation(
                    (first, second), None, assign_lines(dialog.lines, (first, second), filler)
                )
            )
        return plans

    def plan_groups(self) -> list[ConversationPlan]:
        """Plan one group for each topic with enough users."""
        plans = []
        for topic in self._library.interests:
            group = topic.group
            interested = [user for user in self._users if topic.name in user.topics]
            if group is None or len(interested) < GROUP_MEMBERS_MIN:
                continue
            interested.sort(key=lambda user: user.topics[0] != topic.name)
            login_users = [user for user in interested if user.is_login_user]
            regular_users = [user for user in interested[:GROUP_MEMBERS_MAX] if not user.is_login_user]
            speakers = (sample_up_to(regular_users, count_speakers(group.lines), self._rng) + login_users)[
                -count_speakers(group.lines) :
            ]
            members = [*speakers, *(user for user in regular_users if user not in speakers)]
            lines = assign_lines(group.lines, speakers, SlotWords(topic, self._rng).make_filler())
            plans.append(self._plan_conversation(members, group.name, lines))
        return plans

    def _plan_conversation(
        self, members: Sequence[UserPlan], name: str | None, lines: tuple[DialogLine, ...]
    ) -> ConversationPlan:
        """Login users read less, so that they have unread messages."""
        readers = [
            member.index
            for member in members
            if self._rng.random() < (LOGIN_USER_READ_SHARE if member.is_login_user else READ_SHARE)
        ]
        return ConversationPlan(tuple(member.index for member in members), name, lines, tuple(readers))

    def _choose_pairs(self) -> Iterator[tuple[UserPlan, UserPlan]]:
        """Pair login users with each other and with followers, then other users with followers."""
        count = max(DIRECTS_MIN, round((len(self._users) + 1) / USERS_PER_DIRECT))
        login_users = [user for user in self._users if user.is_login_user]
        candidates = list(combinations(login_users, 2))
        for login_user in login_users:
            candidates += [
                (self._users[follower], login_user)
                for follower in self._followers_by_affinity(login_user)[:DIRECTS_PER_LOGIN_USER]
            ]
        for user in sample_up_to(self._users, len(self._users), self._rng):
            candidates += [
                (user, self._users[follower]) for follower in self._followers_by_affinity(user)[:1]
            ]
        chosen: set[frozenset[int]] = set()
        for first, second in candidates:
            pair = frozenset((first.index, second.index))
            if len(chosen) < count and pair not in chosen:
                chosen.add(pair)
                yield (first, second)

    def _followers_by_affinity(self, user: UserPlan) -> list[int]:
        """Return the followers in random order, mutual ones first."""
        followers = sample_up_to(self._follow_graph.followers(user.index), len(self._users), self._rng)
        followers.sort(key=lambda follower: user.index not in self._follow_graph.followers(follower))
        return followers


def _has_topic(topics: Collection[str], dialog: TopicDialog) -> bool:
    return dialog.topic.name in topics
