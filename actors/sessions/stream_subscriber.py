"""Somebody who hears a user's stream without being in any room: a stream of server-sent events."""

from typing import Protocol

from storage.contracts.user_streams import StreamItem, StreamPosition


class StreamSubscriber(Protocol):
    """None of these waits; one who can not keep up ends."""

    @property
    def session_id(self) -> str: ...

    def deliver(self, item: StreamItem) -> None:
        """The next frame of the stream."""

    def deliver_ephemeral(self, payload: bytes) -> None:
        """A frame that stands in no stream, and may be missed."""

    def deliver_resync(self, reason: str, position: StreamPosition, payload: bytes) -> None:
        """What comes next is not what follows: `payload` is the frame that says so."""

    def close(self, reason: str) -> None:
        """The session has ended."""
