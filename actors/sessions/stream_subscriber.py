"""The interface of a user stream subscriber without rooms: the server-sent events response."""

from typing import Protocol

from storage.contracts.user_streams import StreamItem, StreamPosition


class StreamSubscriber(Protocol):
    """Receives a user stream. The methods do not wait; a subscriber that is too slow ends itself."""

    @property
    def session_id(self) -> str: ...

    def deliver(self, item: StreamItem) -> None:
        """Deliver the next item of the stream."""

    def deliver_ephemeral(self, payload: bytes) -> None:
        """Deliver a frame that is not part of the stream and may be dropped."""

    def deliver_resync(self, reason: str, position: StreamPosition, payload: bytes) -> None:
        """Send `resync`, of which `payload` is the JSON: items up to `position` may be missing."""

    def close(self, reason: str) -> None:
        """End the response. `reason` says why, such as the end of the login session."""
