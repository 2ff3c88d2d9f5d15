"""Somebody who is online here: all their sessions on this instance, and their place in their stream.

Stream frames are told in order of position; what is missing is read from the stream, and where it is
gone the sessions are told to read their state anew. It never speaks for anybody else.
"""

from typing import TYPE_CHECKING

from actors.session.allowance import Allowance
from actors.session.listener import Listener
from config.limits import Limits
from storage.contracts.bus import Position
from storage.records.stream import StreamItem

if TYPE_CHECKING:
    from actors.session.session import Session

NOWHERE = Position("", 0)
HELD_MAX = 1000


class Person:
    __slots__ = (
        "allowance",
        "began",
        "conversations",
        "held",
        "listeners",
        "open",
        "place",
        "repairing",
        "sessions",
        "user_id",
    )

    def __init__(self, user_id: str, limits: Limits) -> None:
        self.user_id = user_id
        self.sessions: list[Session] = []
        self.listeners: list[Listener] = []
        self.conversations: set[str] = set()
        # Where the stream stood when the first session came, and up to where the sessions were told.
        self.began = NOWHERE
        self.place = NOWHERE
        self.open = False
        self.repairing = False
        self.held: dict[int, StreamItem] = {}
        self.allowance = Allowance(limits.messages_per_s, limits.messages_burst)

    @property
    def crowd(self) -> int:
        """How many connections this user has here."""
        return len(self.sessions) + len(self.listeners)

    def tell(self, item: StreamItem, frame: bytes) -> None:
        """Hand a frame of the stream to everybody who listens; `frame` is the socket's form of it."""
        for session in self.sessions:
            session.push_stream(frame)
        for listener in self.listeners:
            listener.tell(item)

    def hint(self, payload: bytes, frame: bytes) -> None:
        """Hand on what may be missed."""
        for session in self.sessions:
            session.push_hint(frame)
        for listener in self.listeners:
            listener.hint(payload)

    def resync(self, reason: str, payload: bytes, frame: bytes) -> None:
        """The stream is another one: all read their state anew."""
        for session in self.sessions:
            session.push_stream(frame)
        for listener in self.listeners:
            listener.resync(reason, self.place, payload)
