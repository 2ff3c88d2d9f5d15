"""A user with connections on this instance: sessions, event streams, and the position in the user stream.

An instance has one object per online user, mostly with one session and few conversations. Attributes that
few users need are allocated when they are needed, and small collections are tuples.
"""

from collections.abc import Iterable

from actors.protocol.sequence_buffer import SequenceBuffer
from actors.runtime.token_bucket import TokenBucket
from actors.sessions.stream_subscriber import StreamSubscriber
from actors.sessions.user_session import UserSession
from config.limits import Limits
from storage.contracts.user_streams import StreamItem, StreamPosition

NO_POSITION = StreamPosition("", 0)
"""The position while the streams are unavailable. It is of no epoch, so a later comparison sends `resync`."""


class OnlineUser:
    __slots__ = (
        "_joined_seqs",
        "_limits",
        "_token_bucket",
        "conversation_ids",
        "epoch",
        "event_streams",
        "is_open",
        "is_repairing",
        "reload_requests",
        "sequence",
        "sessions",
        "start_position",
        "user_id",
    )

    def __init__(self, user_id: str, limits: Limits) -> None:
        self.user_id = user_id
        self.sessions: tuple[UserSession, ...] = ()
        self.event_streams: tuple[StreamSubscriber, ...] = ()
        self.conversation_ids: tuple[str, ...] = ()
        # The stream position that was read when the first connection was opened.
        self.start_position = NO_POSITION
        self.epoch = ""
        self.sequence: SequenceBuffer[StreamItem] = SequenceBuffer()
        # Whether items are delivered: the position was read, or is `NO_POSITION`, and memberships are loaded.
        self.is_open = False
        # Whether missing items are being read.
        self.is_repairing = False
        # Requests to load the memberships again; not 0 while that is running.
        self.reload_requests = 0
        self._limits = limits
        self._token_bucket: TokenBucket | None = None
        # The seqs at which the user joined conversations while connected.
        self._joined_seqs: dict[str, int] | None = None

    @property
    def position(self) -> StreamPosition:
        """The last stream position that was delivered to the connections."""
        return StreamPosition(self.epoch, max(0, self.sequence.position))

    def start_stream(self, position: StreamPosition) -> list[StreamItem]:
        """Continue after `position`. Returns the items held so far, in stream order."""
        self.epoch = position.epoch
        return [item for _, item in self.sequence.start(position.position)]

    @property
    def connection_count(self) -> int:
        """The number of connections of this user on this instance."""
        return len(self.sessions) + len(self.event_streams)

    @property
    def token_bucket(self) -> TokenBucket:
        """The message rate limit of this user, shared by all connections to this instance."""
        if self._token_bucket is None:
            self._token_bucket = TokenBucket(self._limits.messages_per_s, self._limits.messages_burst)
        return self._token_bucket

    @property
    def used_token_bucket(self) -> TokenBucket | None:
        """The token bucket; None if it was not used, or has refilled since."""
        bucket = self._token_bucket
        return bucket if bucket is not None and not bucket.full else None

    def restore_token_bucket(self, bucket: TokenBucket) -> None:
        """Continue with the bucket of the user's previous connections."""
        self._token_bucket = bucket

    def set_conversation_ids(self, conversation_ids: Iterable[str]) -> None:
        self.conversation_ids = tuple(conversation_ids)

    def add_conversation(self, conversation_id: str, seq: int) -> None:
        """Add a conversation that the user joined by the entry at `seq`; 0 for a new one."""
        if self._joined_seqs is None:
            self._joined_seqs = {}
        self._joined_seqs[conversation_id] = seq
        if conversation_id not in self.conversation_ids:
            self.conversation_ids += (conversation_id,)

    def joined_seq(self, conversation_id: str) -> int:
        """Return the seq at which the user joined a conversation; 0 if that was before this connection."""
        return 0 if self._joined_seqs is None else self._joined_seqs.get(conversation_id, 0)

    def remove_conversation(self, conversation_id: str) -> None:
        self.conversation_ids = tuple(id_ for id_ in self.conversation_ids if id_ != conversation_id)
        if self._joined_seqs is not None:
            self._joined_seqs.pop(conversation_id, None)

    def deliver(self, item: StreamItem, framed: bytes) -> None:
        """Deliver a stream item to all connections; `framed` is its encoding for sockets."""
        for session in self.sessions:
            session.push_stream(framed)
        for event_stream in self.event_streams:
            event_stream.deliver(item)

    def deliver_ephemeral(self, payload: bytes, framed: bytes) -> None:
        """Deliver a frame that may be dropped: `payload` as JSON, `framed` for sockets."""
        for session in self.sessions:
            session.push_ephemeral(framed)
        for event_stream in self.event_streams:
            event_stream.deliver_ephemeral(payload)

    def deliver_resync(self, reason: str, payload: bytes, framed: bytes) -> None:
        """Send `resync`, of which `payload` is the JSON: clients load their state again."""
        for session in self.sessions:
            session.push_stream(framed)
        for event_stream in self.event_streams:
            event_stream.deliver_resync(reason, self.position, payload)
