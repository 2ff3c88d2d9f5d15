"""What a session needs of the socket it speaks through."""

from collections.abc import Collection
from typing import Protocol

from actors.delivery.send_queue import SendQueue
from actors.protocol.commands import CommandDecoders
from actors.protocol.event_filter import EventGroup


class Transport(Protocol):
    """One open socket. Nothing here waits, and nothing raises on a socket that has closed meanwhile."""

    @property
    def send_queue(self) -> SendQueue: ...

    @property
    def command_decoders(self) -> CommandDecoders:
        """How its client's frames are read."""

    def set_event_filter(self, groups: Collection[EventGroup] | None) -> None:
        """From now on only what belongs to these goes out, and what always does; None is everything."""

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        """Say goodbye with that code, write what is due, and close."""

    def on_authenticated(self) -> None:
        """The client is known now: it no longer counts as a stranger."""


class CloseCode:
    """The contract's close codes. 4000-4499: come back and resume; 4500-4999: not the same way."""

    SHUTDOWN = 4001
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
