"""The bus between instances, and the event stream of each user."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from storage.records.user_stream import StreamItem


class BusStatistics(msgspec.Struct, frozen=True):
    """`waiting` counts queued frames; `lag_ms` is the time of the last probe to come back."""

    connected: bool
    topics: int
    waiting: int
    published: int
    received: int
    dropped: int
    reconnects: int
    lag_ms: float


class Bus(Protocol):
    """Publishes encoded events to other instances. At most once; ordered per publisher and topic."""

    def publish(self, topic: str, frame: bytes) -> None:
        """Queue `frame` for every subscriber of `topic`, including this instance. Does not wait.

        Frames of one loop tick are sent together. If the queue is full or the broker is unreachable, the
        frame is dropped and counted; subscribers must be able to recover its content from a store.
        """

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe; returns once the broker has confirmed every topic.

        Raises:
            Unavailable: not confirmed in time; the bus keeps trying to subscribe.
        """

    def unsubscribe(self, topics: Sequence[str]) -> None: ...

    def on_frame(self, callback: Callable[[str, bytes], None]) -> None:
        """Set the callback for received frames, called with topic and frame. It must not raise."""

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Set the callback for lost connections, called once all topics are subscribed again.

        Frames may have been missed before the call.
        """

    def statistics(self) -> BusStatistics: ...


class StreamPosition(msgspec.Struct, frozen=True):
    """A position in a user's stream. Positions count up within an epoch; a new epoch starts over."""

    epoch: str
    position: int


class UserStreams(Protocol):
    """One event stream per user: retained for a limited time, published on append."""

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        """Assign the next position p, store `prefix + str(p) + suffix` and publish it. Atomic.

        It is published on `user_topic(user_id)`, in the format that `decode_stream_item` reads.

        Raises:
            Unavailable: the frame may or may not have been appended.
        """

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        """Return the position of each stream, in the order given. One round trip. Raises `Unavailable`."""

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        """Return the oldest `limit` frames after a position, or None if one after it is no longer retained.

        One round trip. Raises `Unavailable`.
        """

    async def reset(self) -> None:
        """Start a new epoch for all streams, so that every subscriber notices that frames were lost.

        Raises `Unavailable`.
        """


def conversation_topic(conversation_id: str) -> str:
    return f"c:{conversation_id}"


def user_topic(user_id: str) -> str:
    return f"u:{user_id}"
