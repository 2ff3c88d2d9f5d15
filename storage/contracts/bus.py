"""What carries events between instances, and the stream each user has on it."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from storage.records.user_stream import StreamItem


class BusStatistics(msgspec.Struct, frozen=True):
    connected: bool
    topics: int
    waiting: int
    published: int
    received: int
    dropped: int
    reconnects: int
    lag_ms: float


class Bus(Protocol):
    """Carries bytes between instances. At most once; order is kept per publisher and topic."""

    def publish(self, topic: str, frame: bytes) -> None:
        """Leave a frame for every subscriber of the topic, this instance included; never waits.

        Frames of one loop tick leave together. Where the queue is full or the broker away the frame is
        dropped and counted: what it told must be found in a store.
        """

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Listen; returns when the broker has confirmed each. Raises `Unavailable`, and goes on trying."""

    def unsubscribe(self, topics: Sequence[str]) -> None: ...

    def on_frame(self, callback: Callable[[str, bytes], None]) -> None:
        """Who is called with each frame heard; synchronous, must not raise."""

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Who is called when a connection was lost and all topics are heard again: frames may be missing."""

    def statistics(self) -> BusStatistics: ...


class StreamPosition(msgspec.Struct, frozen=True):
    """A place in a user's stream: positions count up within an epoch."""

    epoch: str
    position: int


class UserStreams(Protocol):
    """One stream a user, kept for a while, published as it grows."""

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        """Take the next position p, keep `head + str(p) + tail` and publish it on the user's topic; atomic.

        What is published there is read by `storage.records.user_stream.decode_item`.

        Raises:
            Unavailable: it may or may not have been taken.
        """

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        """Where each stream stands. One round trip. Raises `Unavailable`."""

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        """Read the oldest `limit` frames behind that place; None when not all that followed it are kept.

        One round trip. Raises `Unavailable`.
        """

    async def reset(self) -> None:
        """Begin a new epoch for all: what was to be appended is lost, and everybody must notice.

        Raises `Unavailable`.
        """


def conversation_topic(conversation_id: str) -> str:
    return f"c:{conversation_id}"


def user_topic(user_id: str) -> str:
    return f"u:{user_id}"
