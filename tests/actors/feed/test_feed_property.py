"""Whatever people do, and whatever Redis loses: a feed shows what the stores say, page by page.

Random stories, each from a seed that is told when it fails. Timelines are short and broadcasting begins
early, so that cut timelines and merged authors are the rule.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest

from actors.feed import timeline_builder
from storage.errors import Conflict
from storage.redis import timelines as redis_timelines
from tests.actors.feed.conftest import wipe
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import FeedHouse
from tests.journeys.patience import LONG
from tests.storage.valkey_server import ValkeyServer

SEEDS = range(200) if LONG else range(4)
PEOPLE = 7
KEPT = 6
STEPS = 120
MOST_AT_ONCE = 9
MOODS = (1, 3, 9)


@pytest.fixture(autouse=True)
def short_timelines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_builder, "TIMELINE_POSTS", KEPT)
    monkeypatch.setattr(redis_timelines, "TIMELINE_POSTS", KEPT)


class Story:
    """Does something random, in the house and in the model alike; `told` is what happened so far."""

    def __init__(self, seed: int, house: FeedHouse, valkey: ValkeyServer) -> None:
        self.chance = random.Random(seed)
        self.house = house
        self.model = FeedModel(PEOPLE)
        self.told: list[str] = []
        self._valkey = valkey
        acts: dict[Callable[[], Awaitable[str]], int] = {
            self._post: 40,
            self._follow: 16,
            self._unfollow: 7,
            self._block: 2,
            self._unblock: 3,
            self._delete: 6,
            self._hide: 2,
            self._show_again: 3,
            self._page: 12,
            self._drop: 4,
            self._wipe: 1,
            self._catch_up: 4,
        }
        # Each story has its own mood: in one much is deleted, in another nearly nothing.
        self._acts = {act: weight * self.chance.choice(MOODS) for act, weight in acts.items()}

    async def go_on(self) -> None:
        (act,) = self.chance.choices(list(self._acts), list(self._acts.values()))
        self.told.append(f"{act.__name__.strip('_')} {await act()}")

    def limits(self) -> Iterator[int]:
        """Sizes of pages, enough of them to come to any end; small ones more often."""
        most = self.chance.randint(2, MOST_AT_ONCE)
        return (self.chance.randint(1, most) for _ in range(STEPS + 1))

    def name(self, user_id: str) -> str:
        return "ABCDEFG"[self.model.people.index(user_id)]

    def _two(self) -> tuple[str, str]:
        # Some are followed more than others: they come to broadcast.
        follower, followed = self.chance.sample(range(PEOPLE), 2)
        followed = min(followed, self.chance.randrange(PEOPLE))
        if follower == followed:
            followed = (followed + 1) % PEOPLE
        return self.model.people[follower], self.model.people[followed]

    async def _post(self) -> str:
        author_id = self.chance.choice(self.model.people)
        post_id, created_us = await self.house.post(author_id)
        self.model.posts[post_id] = created_us, author_id
        return f"{self.name(author_id)} {post_id[:4]}"

    async def _follow(self) -> str:
        one, other = self._two()
        if self.model.apart(one, other):
            with pytest.raises(Conflict, match="follows_blocked"):
                await self.house.social.follow(one, other)
        else:
            await self.house.social.follow(one, other)
            self.model.follows.add((one, other))
        return f"{self.name(one)} -> {self.name(other)}"

    async def _unfollow(self) -> str:
        one, other = self.chance.choice(sorted(self.model.follows)) if self.model.follows else self._two()
        await self.house.social.unfollow(one, other)
        self.model.follows.discard((one, other))
        return f"{self.name(one)} -> {self.name(other)}"

    async def _block(self) -> str:
        one, other = self._two()
        await self.house.social.block(one, other)
        self.model.block(one, other)
        return f"{self.name(one)} -> {self.name(other)}"

    async def _unblock(self) -> str:
        if not self.model.blocks:
            return "nobody"
        one, other = self.chance.choice(sorted(self.model.blocks))
        await self.house.social.unblock(one, other)
        self.model.blocks.discard((one, other))
        return f"{self.name(one)} -> {self.name(other)}"

    async def _delete(self) -> str:
        if not self.model.posts:
            return "nothing"
        post_id = self.chance.choice(list(self.model.posts))
        _, author_id = self.model.posts.pop(post_id)
        assert await self.house.posts.delete(post_id, author_id)
        return post_id[:4]

    async def _hide(self) -> str:
        if not self.model.posts:
            return "nothing"
        post_id = self.chance.choice(list(self.model.posts))
        assert await self.house.posts.set_hidden(post_id, hidden=True)
        self.model.hide(post_id)
        return post_id[:4]

    async def _show_again(self) -> str:
        if not self.model.hidden:
            return "nothing"
        post_id = self.chance.choice(list(self.model.hidden))
        assert await self.house.posts.set_hidden(post_id, hidden=False)
        self.model.show_again(post_id)
        return post_id[:4]

    async def _page(self) -> str:
        """Nobody has caught up: something may be missing, but nothing wrong is there."""
        user_id = self.chance.choice(self.model.people)
        found = await self.house.paged(user_id, self.limits())
        assert found == self.model.in_order(found), "out of order, twice, or gone"
        assert set(found) <= set(self.model.feed(user_id)), "what may not be shown"
        assert set(self.model.own(user_id)) <= set(found), "an own post is missing"
        return self.name(user_id)

    async def _drop(self) -> str:
        some = self.chance.sample(self.model.people, 2)
        await self.house.timelines.invalidate(some)
        return " ".join(map(self.name, some))

    async def _wipe(self) -> str:
        wipe(self._valkey)
        return "all"

    async def _catch_up(self) -> str:
        """Feeds are read, and so built, in the middle of it."""
        some = self.chance.sample(self.model.people, 3)
        pages = (self.house.feed.page(one, None, 5) for one in some)
        await asyncio.gather(self.house.catch_up("posts"), self.house.catch_up("social"), *pages)
        return " ".join(map(self.name, some))

    async def check(self) -> None:
        """Everybody has caught up: each feed is exactly what the model says."""
        await self.house.catch_up()
        for user_id in self.model.people:
            found = await self.house.paged(user_id, self.limits())
            assert found == self.model.feed(user_id), f"of {self.name(user_id)}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_paged_feed_is_the_naive_answer(seed: int, house: FeedHouse, valkey: ValkeyServer) -> None:
    """In order, without a gap or a double; and before the consumers have caught up, never too much."""
    story = Story(seed, house, valkey)
    try:
        for number in itertools.count(1):
            await story.go_on()
            if number % 20 == 0:
                await story.check()
            if number == STEPS:
                break
    except AssertionError as error:
        error.add_note(f"seed {seed}, after:\n" + "\n".join(story.told))
        raise
