"""Somebody who is online here: all their sessions on this instance, and their place in their stream.

Stream frames are told in order of position; what is missing is read from the stream, and where it is
gone the sessions are told to read their state anew. It never speaks for anybody else.

There is one for each user online, mostly with one session and few conversations: what few have is made when
it is needed, and what is small is a tuple.
"""

from collections.abc import Iterable
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
        "_allowance",
        "_held",
        "_limits",
        "began",
        "conversations",
        "listeners",
        "open",
        "place",
        "repairing",
        "sessions",
        "user_id",
    )

    def __init__(self, user_id: str, limits: Limits) -> None:
        self.user_id = user_id
        self.sessions: tuple[Session, ...] = ()
        self.listeners: tuple[Listener, ...] = ()
        self.conversations: tuple[str, ...] = ()
        # Where the stream stood when the first session came, and up to where the sessions were told.
        self.began = NOWHERE
        self.place = NOWHERE
        self.open = False
        self.repairing = False
        self._limits = limits
        self._held: dict[int, StreamItem] | None = None
        self._allowance: Allowance | None = None

    @property
    def crowd(self) -> int:
        """How many connections this user has here."""
        return len(self.sessions) + len(self.listeners)

    @property
    def allowance(self) -> Allowance:
        """What this user may still send for now, over all connections."""
        if self._allowance is None:
            self._allowance = Allowance(self._limits.messages_per_s, self._limits.messages_burst)
        return self._allowance

    def belongs(self, conversations: Iterable[str]) -> None:
        self.conversations = tuple(conversations)

    def joined(self, conversation_id: str) -> None:
        if conversation_id not in self.conversations:
            self.conversations += (conversation_id,)

    def left(self, conversation_id: str) -> None:
        self.conversations = tuple(one for one in self.conversations if one != conversation_id)

    def hold(self, item: StreamItem) -> None:
        """Keep what came too early."""
        if self._held is None:
            self._held = {}
        if len(self._held) < HELD_MAX:
            self._held[item.position] = item

    def take(self, position: int) -> StreamItem | None:
        """What is held for that position."""
        return None if self._held is None else self._held.pop(position, None)

    def release(self) -> list[StreamItem]:
        """All that is held, in order; nothing is afterwards."""
        held, self._held = self._held, None
        return [held[position] for position in sorted(held)] if held else []

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
