"""Somebody who is online here: all their sessions on this instance, and their place in their stream.

Stream frames are told in order of position; what is missing is read from the stream, and where it is
gone the sessions are told to read their state anew. It never speaks for anybody else.

There is one for each user online, mostly with one session and few conversations: what few have is made when
it is needed, and what is small is a tuple.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from actors.runtime.token_bucket import TokenBucket
from actors.sessions.stream_subscriber import StreamSubscriber
from config.limits import Limits
from storage.contracts.user_streams import StreamItem, StreamPosition

if TYPE_CHECKING:
    from actors.sessions.session import Session

NO_POSITION = StreamPosition("", 0)
HELD_ITEMS_MAX = 1000


class OnlineUser:
    __slots__ = (
        "_held",
        "_limits",
        "_token_bucket",
        "conversations",
        "is_open",
        "is_repairing",
        "position",
        "sessions",
        "start_position",
        "subscribers",
        "user_id",
    )

    def __init__(self, user_id: str, limits: Limits) -> None:
        self.user_id = user_id
        self.sessions: tuple[Session, ...] = ()
        self.subscribers: tuple[StreamSubscriber, ...] = ()
        self.conversations: tuple[str, ...] = ()
        # Where the stream stood when the first session came, and up to where the sessions were told.
        self.start_position = NO_POSITION
        self.position = NO_POSITION
        self.is_open = False
        self.is_repairing = False
        self._limits = limits
        self._held: dict[int, StreamItem] | None = None
        self._token_bucket: TokenBucket | None = None

    @property
    def connection_count(self) -> int:
        """How many connections this user has here."""
        return len(self.sessions) + len(self.subscribers)

    @property
    def token_bucket(self) -> TokenBucket:
        """What this user may still send for now, over all connections."""
        if self._token_bucket is None:
            self._token_bucket = TokenBucket(self._limits.messages_per_s, self._limits.messages_burst)
        return self._token_bucket

    def set_conversations(self, conversations: Iterable[str]) -> None:
        self.conversations = tuple(conversations)

    def add_conversation(self, conversation_id: str) -> None:
        if conversation_id not in self.conversations:
            self.conversations += (conversation_id,)

    def remove_conversation(self, conversation_id: str) -> None:
        self.conversations = tuple(one for one in self.conversations if one != conversation_id)

    def hold(self, item: StreamItem) -> None:
        """Keep what came too early."""
        if self._held is None:
            self._held = {}
        if len(self._held) < HELD_ITEMS_MAX:
            self._held[item.position] = item

    def pop_held(self, position: int) -> StreamItem | None:
        """What is held for that position."""
        return None if self._held is None else self._held.pop(position, None)

    def pop_all_held(self) -> list[StreamItem]:
        """All that is held, in order; nothing is afterwards."""
        held, self._held = self._held, None
        return [held[position] for position in sorted(held)] if held else []

    def deliver(self, item: StreamItem, framed: bytes) -> None:
        """Hand a frame of the stream to everybody who listens; `frame` is the socket's form of it."""
        for session in self.sessions:
            session.push_stream(framed)
        for listener in self.subscribers:
            listener.deliver(item)

    def deliver_ephemeral(self, payload: bytes, framed: bytes) -> None:
        """Hand on what may be missed."""
        for session in self.sessions:
            session.push_ephemeral(framed)
        for listener in self.subscribers:
            listener.deliver_ephemeral(payload)

    def deliver_resync(self, reason: str, payload: bytes, framed: bytes) -> None:
        """The stream is another one: all read their state anew."""
        for session in self.sessions:
            session.push_stream(framed)
        for listener in self.subscribers:
            listener.deliver_resync(reason, self.position, payload)
