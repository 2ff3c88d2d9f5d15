"""The interface of a session that the index of online users works with."""

from datetime import datetime
from typing import Protocol

from actors.delivery.room import RoomSubscriber
from actors.sessions.transport import Transport


class UserSession(RoomSubscriber, Protocol):
    """An authenticated session. The methods do not wait."""

    session_id: str
    transport: Transport
    closed: bool
    expires_at: float
    """Unix time at which the token expires; updated when it is read again."""
    silenced_until: datetime | None
    """Until then the user may not write; it may have passed."""

    def push_stream(self, framed: bytes) -> None:
        """Send a frame of the user stream. It is dropped only with the connection."""

    def push_ephemeral(self, framed: bytes) -> None:
        """Send a frame that is dropped if the client is slow."""
