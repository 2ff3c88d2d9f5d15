"""Index of the users connected to this instance.

    bus -> OnlineUsers -> UserStreamDelivery -> StreamSequencer -> connections of the user, in stream order
                                                              -> rooms, when the user joined or left one

Subscribes to a user's topic while that user has a connection here.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence

import msgspec

from actors.data_loader import DataLoader
from actors.delivery.rooms import Rooms
from actors.runtime.task_pool import TaskPool
from actors.sessions.kept_token_buckets import KeptTokenBuckets
from actors.sessions.online_user import NO_POSITION, OnlineUser
from actors.sessions.stream_recovery import StreamSubscription
from actors.sessions.stream_sequencer import StreamSequencer
from actors.sessions.stream_subscriber import StreamSubscriber
from actors.sessions.user_session import UserSession
from actors.sessions.user_stream_delivery import DocumentSeqs, UserStreamDelivery
from config.accounts import CONNECT_LOOKUP_INTERVAL_S
from config.limits import Limits
from storage.contracts.bus import Bus, user_topic
from storage.contracts.messaging import ConversationStore
from storage.contracts.user_streams import EPHEMERAL_PREFIX, StreamPosition, UserStreams, decode_stream_item
from storage.errors import Unavailable

COMPARE_SLICES = 8
"""Parts of the users of an instance, which are compared with the streams in turn."""


class OnlineUsersStatistics(msgspec.Struct, frozen=True):
    users: int
    sessions: int
    resyncs: int


class OnlineUsers:
    def __init__(
        self,
        bus: Bus,
        streams: UserStreams,
        rooms: Rooms,
        conversations: ConversationStore,
        limits: Limits,
        encode_frame: Callable[[bytes], bytes],
    ) -> None:
        self._bus = bus
        self._rooms = rooms
        self._limits = limits
        self._encode_frame = encode_frame
        self._kept_token_buckets = KeptTokenBuckets()
        # Users by id, in slices: one slice is compared with the streams at a time.
        self._slices: tuple[dict[str, OnlineUser], ...] = tuple({} for _ in range(COMPARE_SLICES))
        self._opening: dict[OnlineUser, asyncio.Task[DocumentSeqs]] = {}
        self._task_pool = TaskPool("online users")
        self._membership_loader: DataLoader[DocumentSeqs] = DataLoader(
            conversations.last_seqs_by_user, CONNECT_LOOKUP_INTERVAL_S
        )
        sequencer = StreamSequencer(rooms, encode_frame, self._task_pool)
        self._stream_delivery = UserStreamDelivery(
            streams, rooms, sequencer, self._membership_loader, encode_frame, self._task_pool
        )
        self._position_loader = DataLoader(self._stream_delivery.load_positions, CONNECT_LOOKUP_INTERVAL_S)
        self._session_count = 0

    def start(self) -> None:
        self._task_pool.spawn(self._stream_delivery.compare_periodically(self._slices))

    def statistics(self) -> OnlineUsersStatistics:
        return OnlineUsersStatistics(
            sum(map(len, self._slices)), self._session_count, self._stream_delivery.resync_count
        )

    def sessions(self) -> list[UserSession]:
        return [session for user in self._all_users() for session in user.sessions]

    def sessions_of(self, user_id: str) -> tuple[UserSession, ...]:
        user = self._slice_of(user_id).get(user_id)
        return () if user is None else user.sessions

    def login_session_ids(self) -> list[str]:
        """Return the login sessions of all sockets and event streams, each once."""
        ids = {session.session_id for session in self.sessions()}
        ids |= {event_stream.session_id for user in self._all_users() for event_stream in user.event_streams}
        return list(ids)

    def find_sessions(self, login_session_ids: Sequence[str]) -> list[UserSession]:
        """Return the sessions (connections) of login sessions."""
        wanted = set(login_session_ids)
        return [session for session in self.sessions() if session.session_id in wanted]

    def find_event_streams(self, login_session_ids: Sequence[str]) -> list[StreamSubscriber]:
        """Return the event streams of login sessions."""
        wanted = set(login_session_ids)
        return [
            event_stream
            for user in self._all_users()
            for event_stream in user.event_streams
            if event_stream.session_id in wanted
        ]

    # --- connections

    async def add_session(self, session: UserSession, user_id: str) -> StreamSubscription | None:
        """Add a session and join its rooms; None if the user has too many connections here.

        At the limit, which counts sessions and event streams, the oldest event stream is closed instead. The
        result has the positions after which the session receives all events. Raises `Unavailable`; the
        session is then not added.
        """
        user = self._ensure_user(user_id)
        if not self._free_connection_slot(user):
            return None
        user.sessions += (session,)
        self._session_count += 1
        try:
            position, document_seqs = await self._ensure_open(user)
            start_seqs = await self._join_rooms(session, user, document_seqs)
        except BaseException:
            self.remove_session(session, user)
            raise
        return StreamSubscription(user, position, start_seqs)

    def remove_session(self, session: UserSession, user: OnlineUser) -> None:
        if session not in user.sessions:
            return
        user.sessions = tuple(other for other in user.sessions if other is not session)
        self._session_count -= 1
        self._rooms.leave(session, user.conversation_ids)
        self._remove_if_unused(user)

    async def add_event_stream(
        self, event_stream: StreamSubscriber, user_id: str
    ) -> StreamSubscription | None:
        """Add an event stream of the user, as `add_session` does, but to no rooms."""
        user = self._ensure_user(user_id)
        if not self._free_connection_slot(user):
            return None
        user.event_streams += (event_stream,)
        try:
            position, _ = await self._ensure_open(user)
        except BaseException:
            self.remove_event_stream(event_stream, user)
            raise
        return StreamSubscription(user, position, {})

    def _free_connection_slot(self, user: OnlineUser) -> bool:
        """Close the oldest event stream at the limit. Return whether one more connection is allowed."""
        if user.connection_count < self._limits.sockets_per_user:
            return True
        if not user.event_streams:
            return False
        oldest = user.event_streams[0]
        user.event_streams = user.event_streams[1:]
        oldest.close("the user has too many connections, and this was the oldest event stream")
        return True

    def remove_event_stream(self, event_stream: StreamSubscriber, user: OnlineUser) -> None:
        if event_stream in user.event_streams:
            user.event_streams = tuple(other for other in user.event_streams if other is not event_stream)
            self._remove_if_unused(user)

    def _slice_of(self, user_id: str) -> dict[str, OnlineUser]:
        return self._slices[hash(user_id) % COMPARE_SLICES]

    def _find_user(self, user_id: str) -> OnlineUser | None:
        return self._slice_of(user_id).get(user_id)

    def _all_users(self) -> Iterator[OnlineUser]:
        return itertools.chain.from_iterable(users.values() for users in self._slices)

    def _ensure_user(self, user_id: str) -> OnlineUser:
        user = self._find_user(user_id)
        if user is None:
            user = OnlineUser(user_id, self._limits)
            self._slice_of(user_id)[user_id] = user
            self._kept_token_buckets.restore(user)
        return user

    def charge_message(self, user_id: str) -> int:
        """Charge a message sent over HTTP to the user's rate limit. Return 0, or how long to wait in ms."""
        user = self._find_user(user_id) or OnlineUser(user_id, self._limits)
        self._kept_token_buckets.restore(user)
        wait_ms = user.token_bucket.consume()
        if not user.connection_count:
            self._kept_token_buckets.keep(user)
        return wait_ms

    async def _ensure_open(self, user: OnlineUser) -> tuple[StreamPosition, DocumentSeqs]:
        """Subscribe to the user's stream if necessary.

        Returns the position after which the caller receives items, and the document seqs of the user's
        conversations if they had to be read.
        """
        if user.is_open:
            return user.position, {}
        # Keyed by the object, not the id: a user who left and reconnected must not wait for the old task.
        opening = self._opening.get(user)
        if opening is None:
            opening = self._opening[user] = asyncio.create_task(self._open_user(user))
        document_seqs = await asyncio.shield(opening)
        return user.start_position, document_seqs

    def _remove_if_unused(self, user: OnlineUser) -> None:
        if not user.connection_count and self._find_user(user.user_id) is user:
            del self._slice_of(user.user_id)[user.user_id]
            self._bus.unsubscribe([user_topic(user.user_id)])
            self._kept_token_buckets.keep(user)

    async def _open_user(self, user: OnlineUser) -> DocumentSeqs:
        try:
            try:
                await self._bus.subscribe([user_topic(user.user_id)])
                position = await self._position_loader.get(user.user_id)
            except Unavailable:
                position = None
            user.start_position = position or NO_POSITION
            # Read after the position: a later join has a later stream position.
            document_seqs = await self._membership_loader.get(user.user_id) or {}
            user.set_conversation_ids(map(self._rooms.intern_id, document_seqs))
            user.is_open = True
            for item in user.start_stream(user.start_position):
                self._stream_delivery.on_stream_item(user, item)
        finally:
            self._opening.pop(user, None)
        return document_seqs

    async def _join_rooms(
        self, session: UserSession, user: OnlineUser, document_seqs: DocumentSeqs
    ) -> dict[str, int]:
        if any(
            self._rooms.delivered_seq(id_) <= 0 and id_ not in document_seqs for id_ in user.conversation_ids
        ):
            document_seqs = await self._membership_loader.get(user.user_id) or {}
        # Listed after that read: a user who left a conversation meanwhile must not join its room.
        return await self._rooms.join(
            session,
            [
                (id_, max(0, self._rooms.delivered_seq(id_)) or document_seqs.get(id_, 0))
                for id_ in user.conversation_ids
            ],
        )

    def deliver_ephemeral(self, user_ids: Sequence[str], payload: bytes) -> None:
        """Deliver an event that may be dropped to those of the users who are connected here."""
        users = [user for user_id in user_ids if (user := self._find_user(user_id)) is not None]
        framed = self._encode_frame(payload) if users else b""
        for user in users:
            user.deliver_ephemeral(payload, framed)

    # --- the user's stream

    def on_bus_message(self, user_id: str, message: bytes) -> None:
        """Handle a message on a user's topic: an ephemeral event or a stream item.

        Raises `ValueError` if it is malformed.
        """
        user = self._find_user(user_id)
        if user is None:
            return
        if message.startswith(EPHEMERAL_PREFIX):
            self.deliver_ephemeral([user_id], message[len(EPHEMERAL_PREFIX) :])
            return
        item = decode_stream_item(message)
        if not user.is_open:
            user.sequence.hold(item.position, item)
            return
        self._stream_delivery.on_stream_item(user, item)

    def remove_from_room(self, conversation_id: str, user_ids: Sequence[str], seq: int) -> None:
        """Remove users who left a conversation by the entry at `seq`, unless they have joined it again.

        Their sessions leave its room, and later sessions do not join it. `conversation.left`, which has the
        same effect, arrives later in their streams, and not at all while the broker is unavailable.
        """
        for user_id in user_ids:
            user = self._find_user(user_id)
            if user is not None and user.joined_seq(conversation_id) < seq:
                user.remove_conversation(conversation_id)
                for session in user.sessions:
                    self._rooms.leave(session, [conversation_id])

    def resync(self, user_ids: Sequence[str]) -> None:
        """Send `resync` to users whose items were lost, and join the rooms that they may have missed."""
        for user_id in user_ids:
            user = self._find_user(user_id)
            if user is not None and user.is_open:
                self._stream_delivery.restart_at(user, user.position, "epoch")

    def check_positions(self) -> None:
        """Compare all positions with the streams, because bus messages may have been lost."""
        self._task_pool.spawn(self._stream_delivery.compare_all(list(self._all_users())))

    async def close(self) -> None:
        await asyncio.gather(self._position_loader.close(), self._membership_loader.close())
        await self._task_pool.cancel()
