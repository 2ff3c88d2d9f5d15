"""The posts that the sessions of this instance watch: their counts are pushed when they change.

    like, comment, repost -> bus -> coalesced -> read for the watchers who see the post -> pushed

Who sees a post is decided at each push, so a watch of a post that the viewer cannot see receives nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from actors.protocol.server_frames import PostCountsChanged, server_frame_encoder
from actors.protocol.social_objects import PostCounts
from actors.runtime.task_pool import TaskPool
from actors.runtime.timer_wheel import Timer, TimerWheel
from storage.contracts.bus import Bus, post_topic
from storage.errors import Unavailable

COALESCE_DELAY_S = 1.0
RETRY_DELAY_S = 2.0
PAIRS_PER_READ = 500

LoadPostCounts = Callable[[Sequence[tuple[str, str]]], Awaitable[Mapping[tuple[str, str], PostCounts]]]
"""Maps those of the (viewer id, post id) pairs whose post exists for the viewer to its counts."""


class PostWatcher(Protocol):
    """Receives the counts of posts: a session."""

    @property
    def user_id(self) -> str: ...

    def push_ephemeral(self, framed: bytes) -> None:
        """Send an encoded `post.counts_changed` frame; may be dropped."""


class PostSubscriptions:
    """At most once, and one read at a time: a post that many watch does not cause more of them."""

    def __init__(
        self,
        bus: Bus,
        wheel: TimerWheel,
        load_counts: LoadPostCounts,
        encode_frame: Callable[[bytes], bytes],
    ) -> None:
        self._bus = bus
        self._wheel = wheel
        self._load_counts = load_counts
        self._encode_frame = encode_frame
        self._watch_lists: dict[PostWatcher, tuple[str, ...]] = {}
        self._watchers: dict[str, dict[PostWatcher, None]] = {}
        self._changed: dict[str, None] = {}
        self._timer: Timer | None = None
        self._is_pushing = False
        self._task_pool = TaskPool("post subscriptions")

    async def close(self) -> None:
        await self._task_pool.cancel()

    async def watch(self, watcher: PostWatcher, post_ids: Sequence[str]) -> list[PostCounts]:
        """Replace the watcher's list; return the counts of those posts that the user sees.

        Raises `Unavailable`.
        """
        self.unwatch(watcher)
        wanted = tuple(dict.fromkeys(post_ids))
        new = [post_id for post_id in wanted if post_id not in self._watchers]
        self._watch_lists[watcher] = wanted
        for post_id in wanted:
            self._watchers.setdefault(post_id, {})[watcher] = None
        if new:
            await self._bus.subscribe([post_topic(post_id) for post_id in new])
        found = await self._load_counts([(watcher.user_id, post_id) for post_id in wanted])
        return list(found.values())

    def unwatch(self, watcher: PostWatcher) -> None:
        for post_id in self._watch_lists.pop(watcher, ()):
            watchers = self._watchers[post_id]
            watchers.pop(watcher, None)
            if not watchers:
                del self._watchers[post_id]
                self._changed.pop(post_id, None)
                self._bus.unsubscribe([post_topic(post_id)])

    @property
    def watched_count(self) -> int:
        return len(self._watchers)

    def publish_changed(self, post_id: str) -> None:
        """Report on every instance that the counts of a post, or the likes of its comments, have changed."""
        self._bus.publish(post_topic(post_id), b"")

    def mark_changed(self, post_id: str) -> None:
        """Schedule a push of the counts of a post, if anyone watches it."""
        self._mark_all_changed([post_id])

    def recheck_all(self) -> None:
        """Push the counts of all watched posts: changes may have been missed."""
        self._mark_all_changed(list(self._watchers))

    def _mark_all_changed(self, post_ids: Iterable[str]) -> None:
        self._changed.update((post_id, None) for post_id in post_ids if post_id in self._watchers)
        if self._changed and self._timer is None and not self._is_pushing:
            self._timer = self._wheel.call_later(COALESCE_DELAY_S, self._start_push)

    def _start_push(self) -> None:
        self._timer = None
        changed, self._changed = list(self._changed), {}
        self._is_pushing = True
        self._task_pool.spawn(self._push(changed))

    async def _push(self, post_ids: Sequence[str]) -> None:
        try:
            pairs = [
                (watcher, post_id) for post_id in post_ids for watcher in self._watchers.get(post_id, ())
            ]
            for start in range(0, len(pairs), PAIRS_PER_READ):
                await self._push_to(pairs[start : start + PAIRS_PER_READ])
        except Unavailable:
            self._wheel.call_later(RETRY_DELAY_S, partial(self._mark_all_changed, post_ids))
        finally:
            self._is_pushing = False
            self._mark_all_changed(())

    async def _push_to(self, pairs: Sequence[tuple[PostWatcher, str]]) -> None:
        found = await self._load_counts([(watcher.user_id, post_id) for watcher, post_id in pairs])
        counts_by_watcher: dict[PostWatcher, list[PostCounts]] = {}
        for watcher, post_id in pairs:
            counts = found.get((watcher.user_id, post_id))
            if counts is not None and watcher in self._watchers.get(post_id, ()):
                counts_by_watcher.setdefault(watcher, []).append(counts)
        # Watchers of the same posts get the same frame, which is encoded once.
        encoded: dict[tuple[PostCounts, ...], bytes] = {}
        for watcher, counts_list in counts_by_watcher.items():
            key = tuple(counts_list)
            if key not in encoded:
                frame = server_frame_encoder.encode(PostCountsChanged(counts_list))
                encoded[key] = self._encode_frame(frame)
            watcher.push_ephemeral(encoded[key])
