"""The interface of the connection that a session uses, and the close codes."""

from collections.abc import Collection
from typing import Protocol

from actors.delivery.send_queue import SendQueue
from actors.protocol.commands import CommandDecoders
from actors.protocol.event_filter import EventGroup


class Transport(Protocol):
    """An open connection. The methods do not wait, and have no effect on a closed connection."""

    @property
    def send_queue(self) -> SendQueue: ...

    @property
    def command_decoders(self) -> CommandDecoders:
        """The decoders of the client's encoding."""

    def set_event_filter(self, groups: Collection[EventGroup] | None) -> None:
        """Send only frames of these groups, and those that belong to no group; None selects all."""

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        """Send `goodbye` with this code, flush the send queue, and close.

        A connection whose client does not read is aborted instead.
        """

    def on_authenticated(self) -> None:
        """Report that the client is authenticated; it no longer counts as unauthenticated."""


class CloseCode:
    """Close codes. 4000-4499: reconnect and resume. 4500-4999: do not reconnect the same way."""

    SHUTDOWN = 4001
    # Only counted and recorded: a client that does not read is disconnected without a Close.
    SLOW_CONSUMER = 4002
    HEARTBEAT_TIMEOUT = 4003
    RATE_LIMITED = 4004
    OVERLOADED = 4007
    BAD_FRAME = 4500
    NOT_AUTHENTICATED = 4501
    TOKEN_EXPIRED = 4502
    SESSION_REVOKED = 4503
    TOO_MANY_CONNECTIONS = 4505
    AUTHENTICATION_TIMEOUT = 4506
