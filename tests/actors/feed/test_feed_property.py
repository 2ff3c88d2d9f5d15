"""Property test: paged feeds match the model after random operations, including loss of Redis data.

Each seed is one sequence of operations. Timelines are short and the broadcast threshold is low, so that
truncated timelines and merged authors are common.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest

from actors.feed import home_feed, timeline_builder
from storage.contracts.mutes import MuteScope
from storage.errors import Conflict
from storage.redis import timelines as redis_timelines
from tests.actors.feed.conftest import wipe
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import FeedSetup
from tests.end_to_end.polling import LONG_TESTS
from tests.storage.valkey_server import ValkeyServer

SEEDS = range(200) if LONG_TESTS else range(4)
USER_COUNT = 7
TIMELINE_LENGTH = 6
STEPS = 120
PAGE_SIZE_MAX = 9
TAGS = ("rust", "moss", "bark")
WEIGHT_FACTORS = (1, 3, 9)


@pytest.fixture(autouse=True)
def short_timelines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_builder, "TIMELINE_POSTS", TIMELINE_LENGTH)
    monkeypatch.setattr(redis_timelines, "TIMELINE_POSTS", TIMELINE_LENGTH)


@pytest.fixture(autouse=True)
def all_reposts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows repetitions, so that the content of pages does not depend on their sizes."""
    monkeypatch.setattr(home_feed, "without_repetitions", list)


class RandomOperations:
    """Applies random operations to the setup and the model; keeps a log of them for failures."""

    def __init__(self, seed: int, setup: FeedSetup, valkey: ValkeyServer) -> None:
        self.random = random.Random(seed)
        self.setup = setup
        self.model = FeedModel(USER_COUNT)
        self.log: list[str] = []
        self._valkey = valkey
        acts: dict[Callable[[], Awaitable[str]], int] = {
            self._post: 40,
            self._follow: 16,
            self._unfollow: 7,
            self._block: 2,
            self._unblock: 3,
            self._mute: 3,
            self._unmute: 3,
            self._follow_tag: 4,
            self._unfollow_tag: 4,
            self._repost: 8,
            self._delete: 6,
            self._hide: 2,
            self._unhide: 3,
            self._page: 12,
            self._invalidate: 4,
            self._wipe: 1,
            self._catch_up: 4,
        }
        # Weights differ by seed: some sequences delete a lot, others almost nothing.
        self._operations = {act: weight * self.random.choice(WEIGHT_FACTORS) for act, weight in acts.items()}

    async def run_next(self) -> None:
        (act,) = self.random.choices(list(self._operations), list(self._operations.values()))
        self.log.append(f"{act.__name__.strip('_')} {await act()}")

    def page_sizes(self) -> Iterator[int]:
        """Yield page sizes without end; small ones more often."""
        most = self.random.randint(2, PAGE_SIZE_MAX)
        return (self.random.randint(1, most) for _ in range(STEPS + 1))

    def label(self, user_id: str) -> str:
        return "ABCDEFG"[self.model.user_ids.index(user_id)]

    def _choose_pair(self) -> tuple[str, str]:
        # Some users are followed more often, so that they reach the broadcast threshold.
        follower, followed = self.random.sample(range(USER_COUNT), 2)
        followed = min(followed, self.random.randrange(USER_COUNT))
        if follower == followed:
            followed = (followed + 1) % USER_COUNT
        return self.model.user_ids[follower], self.model.user_ids[followed]

    async def _post(self) -> str:
        author_id = self.random.choice(self.model.user_ids)
        tag = self.random.choice(["", *TAGS])
        post_id, created_us = await self.setup.create_post(author_id, tags=(tag,) if tag else ())
        self.model.posts[post_id] = created_us, author_id
        self.model.tags[post_id] = tag
        return f"{self.label(author_id)} {post_id[:4]} {tag}"

    async def _follow(self) -> str:
        user_id, other_id = self._choose_pair()
        if self.model.is_blocked(user_id, other_id):
            with pytest.raises(Conflict, match="follows_blocked"):
                await self.setup.social.follow(user_id, other_id)
        else:
            await self.setup.social.follow(user_id, other_id)
            self.model.follows.add((user_id, other_id))
        return f"{self.label(user_id)} -> {self.label(other_id)}"

    async def _unfollow(self) -> str:
        user_id, other_id = (
            self.random.choice(sorted(self.model.follows)) if self.model.follows else self._choose_pair()
        )
        await self.setup.social.unfollow(user_id, other_id)
        self.model.follows.discard((user_id, other_id))
        return f"{self.label(user_id)} -> {self.label(other_id)}"

    async def _block(self) -> str:
        user_id, other_id = self._choose_pair()
        await self.setup.social.block(user_id, other_id)
        self.model.block(user_id, other_id)
        return f"{self.label(user_id)} -> {self.label(other_id)}"

    async def _unblock(self) -> str:
        if not self.model.blocks:
            return "nobody"
        user_id, other_id = self.random.choice(sorted(self.model.blocks))
        await self.setup.social.unblock(user_id, other_id)
        self.model.blocks.discard((user_id, other_id))
        return f"{self.label(user_id)} -> {self.label(other_id)}"

    async def _mute(self) -> str:
        user_id, other_id = self._choose_pair()
        await self.setup.mutes.mute(user_id, other_id, MuteScope())
        self.model.mutes.add((user_id, other_id))
        return f"{self.label(user_id)} -> {self.label(other_id)}"

    async def _unmute(self) -> str:
        if not self.model.mutes:
            return "nobody"
        user_id, other_id = self.random.choice(sorted(self.model.mutes))
        await self.setup.mutes.unmute(user_id, other_id)
        self.model.mutes.discard((user_id, other_id))
        return f"{self.label(user_id)} -> {self.label(other_id)}"

    async def _follow_tag(self) -> str:
        user_id, tag = self.random.choice(self.model.user_ids), self.random.choice(TAGS)
        await self.setup.tag_follows.follow(user_id, tag, tag)
        self.model.followed_tags.add((user_id, tag))
        return f"{self.label(user_id)} {tag}"

    async def _unfollow_tag(self) -> str:
        if not self.model.followed_tags:
            return "nothing"
        user_id, tag = self.random.choice(sorted(self.model.followed_tags))
        await self.setup.tag_follows.unfollow(user_id, tag)
        self.model.followed_tags.discard((user_id, tag))
        return f"{self.label(user_id)} {tag}"

    async def _repost(self) -> str:
        originals = [post_id for post_id in self.model.posts if post_id not in self.model.originals]
        if not originals:
            return "nothing"
        user_id, original_id = self.random.choice(self.model.user_ids), self.random.choice(originals)
        if original_id in {self.model.originals.get(one) for one in self.model.hidden}:
            return "hidden"
        repost_id, created_us = await self.setup.create_repost(user_id, original_id)
        self.model.posts[repost_id] = created_us, user_id
        self.model.originals[repost_id] = original_id
        return f"{self.label(user_id)} {original_id[:4]} {repost_id[:4]}"

    async def _delete(self) -> str:
        if not self.model.posts:
            return "nothing"
        post_id = self.random.choice(list(self.model.posts))
        _, author_id = self.model.posts[post_id]
        assert await self.setup.posts.delete(post_id, author_id)
        self.model.delete(post_id)
        return post_id[:4]

    async def _hide(self) -> str:
        if not self.model.posts:
            return "nothing"
        post_id = self.random.choice(list(self.model.posts))
        assert await self.setup.posts.set_hidden(post_id, hidden=True)
        self.model.hide(post_id)
        return post_id[:4]

    async def _unhide(self) -> str:
        if not self.model.hidden:
            return "nothing"
        post_id = self.random.choice(list(self.model.hidden))
        assert await self.setup.posts.set_hidden(post_id, hidden=False)
        self.model.unhide(post_id)
        return post_id[:4]

    async def _page(self) -> str:
        """Before consumers catch up, posts may be missing but no wrong ones appear."""
        user_id = self.random.choice(self.model.user_ids)
        found = await self.setup.read_pages(user_id, self.page_sizes())
        assert found == self.model.sort_posts(found), "out of order, twice, or gone"
        assert set(found) <= set(self.model.feed(user_id)), "what may not be shown"
        assert set(self.model.own_posts(user_id)) <= set(found), "an own post is missing"
        return self.label(user_id)

    async def _invalidate(self) -> str:
        user_ids = self.random.sample(self.model.user_ids, 2)
        await self.setup.timelines.invalidate(user_ids)
        return " ".join(map(self.label, user_ids))

    async def _wipe(self) -> str:
        wipe(self._valkey)
        return "all"

    async def _catch_up(self) -> str:
        """Catch up and read feeds, which builds timelines, in the middle of the sequence."""
        user_ids = self.random.sample(self.model.user_ids, 3)
        pages = (self.setup.home_feed.page(user_id, None, 5) for user_id in user_ids)
        await asyncio.gather(self.setup.catch_up("posts"), self.setup.catch_up("social"), *pages)
        return " ".join(map(self.label, user_ids))

    async def check(self) -> None:
        """After catching up, every feed and the public timeline equal the model."""
        await self.setup.catch_up()
        for user_id in self.model.user_ids:
            found = await self.setup.read_pages(user_id, self.page_sizes())
            assert found == self.model.feed(user_id), f"of {self.label(user_id)}"
            public = await self.setup.read_pages(user_id, self.page_sizes(), self.setup.public_timeline)
            assert public == self.model.public(user_id), f"public, for {self.label(user_id)}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_paged_feed_matches_the_model(seed: int, setup: FeedSetup, valkey: ValkeyServer) -> None:
    """Feeds are ordered, complete and without duplicates; before catching up, they contain no wrong posts."""
    story = RandomOperations(seed, setup, valkey)
    try:
        for number in itertools.count(1):
            await story.run_next()
            if number % 20 == 0:
                await story.check()
            if number == STEPS:
                break
    except AssertionError as error:
        error.add_note(f"seed {seed}, after:\n" + "\n".join(story.log))
        raise
