"""The stream of each user, and the encoding of its items: `<epoch> <position> <payload>`.

A script inside Redis encodes items when it appends them; subscribers of the user's topic decode them here.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class StreamItem(msgspec.Struct, frozen=True):
    """An element of a user stream. `payload` is a frame as JSON, which contains the position."""

    epoch: str
    position: int
    payload: bytes


EPHEMERAL_PREFIX = b"- 0 "
"""Prefix of a payload that is published on a user's topic but not stored in the stream."""


def encode_ephemeral(payload: bytes) -> bytes:
    return EPHEMERAL_PREFIX + payload


def encode_stream_item(item: StreamItem) -> bytes:
    return b"%b %d %b" % (item.epoch.encode(), item.position, item.payload)


def decode_stream_item(message: bytes) -> StreamItem:
    """Decode a published or stored item. Raises `ValueError` if `message` is malformed."""
    epoch, position, payload = message.split(b" ", 2)
    return StreamItem(epoch.decode(), int(position), payload)


class StreamPosition(msgspec.Struct, frozen=True):
    """A position in a user's stream. Positions count up within an epoch; a new epoch starts over."""

    epoch: str
    position: int


class UserStreams(Protocol):
    """One stream per user: retained for a limited time, published on append."""

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        """Assign the next position p, store `prefix + str(p) + suffix` as its item, and publish it. Atomic.

        It is published on `user_topic(user_id)`, in the format that `decode_stream_item` reads.

        Raises:
            Unavailable: the item may or may not have been appended.
        """

    async def positions(self, user_ids: Sequence[str]) -> Sequence[StreamPosition | None]:
        """Return the position of each stream, in the order given.

        None stands for the streams on a server that is unavailable. Raises `Unavailable` if all are.
        Cost: one round trip, with concurrent calls for many users.
        """

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        """Return the oldest `limit` items after a position.

        Returns None if one of the items after it is no longer retained, if the stream has another epoch, or
        if the position was not assigned yet. One round trip. Raises `Unavailable`.
        """

    async def begin_epoch(self) -> None:
        """Start a new epoch for all streams, so that every subscriber notices that items were lost.

        Raises `Unavailable`. All servers are checked first: if one does not reply, none starts an epoch.
        """

    async def begin_epoch_after_loss(self) -> None:
        """Start a new epoch on each server that failed an append of this process since the last one there.

        Raises `Unavailable` if one of these servers did not. A repeated call starts none on those that did.
        """

    async def check(self) -> None:
        """Append an item to a stream of no user, on every server. Raises `Unavailable`."""
