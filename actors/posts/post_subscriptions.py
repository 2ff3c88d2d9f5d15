"""The posts that the sessions of this instance watch: their counts are pushed when they change.

    like, comment, repost -> bus -> coalesced -> read for the watchers who see the post -> pushed

Who sees a post is decided at each push, so a watch of a post that the viewer cannot see receives nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from actors.delivery.watch_lists import Watcher, WatchLists, push_changes
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


class PostSubscriptions:
    """Watchers receive `post.counts_changed` frames, at most once.

    One read at a time: a post that many watch does not cause more of them.
    """

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
        self._changed: dict[str, None] = {}
        self._watch_lists = WatchLists(bus, post_topic, lambda post_id: self._changed.pop(post_id, None))
        self._timer: Timer | None = None
        self._is_pushing = False
        self._task_pool = TaskPool("post subscriptions")

    async def close(self) -> None:
        await self._task_pool.cancel()

    async def watch(self, watcher: Watcher, post_ids: Sequence[str]) -> list[PostCounts]:
        """Replace the watcher's list; return the counts of those posts that the user sees.

        Raises `Unavailable`.
        """
        wanted = await self._watch_lists.replace(watcher, post_ids)
        found = await self._load_counts([(watcher.user_id, post_id) for post_id in wanted])
        return list(found.values())

    def unwatch(self, watcher: Watcher) -> None:
        self._watch_lists.remove(watcher)

    @property
    def watched_count(self) -> int:
        return len(self._watch_lists)

    def publish_changed(self, post_id: str) -> None:
        """Report on every instance that the counts of a post, or the likes of its comments, have changed."""
        self._bus.publish(post_topic(post_id), b"")

    def mark_changed(self, post_id: str) -> None:
        """Schedule a push of the counts of a post, if anyone watches it."""
        self._mark_all_changed([post_id])

    def recheck_all(self) -> None:
        """Push the counts of all watched posts: changes may have been missed."""
        self._mark_all_changed(self._watch_lists)

    def _mark_all_changed(self, post_ids: Iterable[str]) -> None:
        self._changed.update((post_id, None) for post_id in post_ids if post_id in self._watch_lists)
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
                (watcher, post_id) for post_id in post_ids for watcher in self._watch_lists.watchers(post_id)
            ]
            for start in range(0, len(pairs), PAIRS_PER_READ):
                await self._push_to(pairs[start : start + PAIRS_PER_READ])
        except Unavailable:
            self._wheel.call_later(RETRY_DELAY_S, partial(self._mark_all_changed, post_ids))
        finally:
            self._is_pushing = False
            self._mark_all_changed(())

    async def _push_to(self, pairs: Sequence[tuple[Watcher, str]]) -> None:
        found = await self._load_counts([(watcher.user_id, post_id) for watcher, post_id in pairs])
        counts_by_watcher: dict[Watcher, list[PostCounts]] = {}
        for watcher, post_id in pairs:
            counts = found.get((watcher.user_id, post_id))
            if counts is not None and watcher in self._watch_lists.watchers(post_id):
                counts_by_watcher.setdefault(watcher, []).append(counts)
        push_changes(counts_by_watcher, self._encode)

    def _encode(self, counts: Sequence[PostCounts]) -> bytes:
        return self._encode_frame(server_frame_encoder.encode(PostCountsChanged(list(counts))))
