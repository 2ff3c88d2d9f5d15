"""Index of the users connected to this instance, and the delivery of their user streams.

    bus -> OnlineUsers -> OnlineUser (in stream order) -> send queue of each session
                                                       -> rooms, when the user joined or left one

Subscribes to a user's topic while that user has a connection here.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from actors.data_loader import DataLoader
from actors.delivery.rooms import Rooms
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    Resync,
    server_frame_encoder,
)
from actors.sessions.online_user import NO_POSITION, OnlineUser
from actors.sessions.stream_recovery import StreamSubscription, stream_frame_decoder
from actors.sessions.stream_subscriber import StreamSubscriber
from actors.sessions.transport import CloseCode
from actors.sessions.user_session import UserSession
from config.limits import Limits
from storage.contracts.bus import Bus, StreamPosition, UserStreams, user_topic
from storage.contracts.messaging import ConversationStore
from storage.errors import Unavailable
from storage.records.user_stream import EPHEMERAL_PREFIX, StreamItem, decode_stream_item

_log = logging.getLogger(__name__)
POSITIONS_PER_READ = 500
COMPARE_PERIOD_S = 4.0
"""A frame lost by the broker is delivered within the promised six seconds."""

COMPARE_SHARDS = 8
RETRY_AFTER_MS = 1000

HeadSeqs: TypeAlias = Mapping[str, int]
"""The last seq recorded in each conversation's document, by conversation id."""


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
        self._streams = streams
        self._rooms = rooms
        self._limits = limits
        self._encode_frame = encode_frame
        # Users by shard; one shard is compared with the streams at a time.
        self._shards: tuple[dict[str, OnlineUser], ...] = tuple({} for _ in range(COMPARE_SHARDS))
        self._opening: dict[OnlineUser, asyncio.Task[HeadSeqs]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._position_loader = DataLoader(self._load_positions)
        self._membership_loader = DataLoader(conversations.last_seqs_by_user)
        self._session_count = 0
        self._resync_count = 0

    def start(self) -> None:
        self._spawn(self._compare_periodically())

    def statistics(self) -> OnlineUsersStatistics:
        return OnlineUsersStatistics(sum(map(len, self._shards)), self._session_count, self._resync_count)

    def sessions(self) -> list[UserSession]:
        return [session for user in self._all_users() for session in user.sessions]

    def sessions_by_id(self, session_ids: Sequence[str]) -> list[UserSession]:
        wanted = set(session_ids)
        return [session for session in self.sessions() if session.session_id in wanted]

    def subscribers_by_session_id(self, session_ids: Sequence[str]) -> list[StreamSubscriber]:
        wanted = set(session_ids)
        return [
            subscriber
            for user in self._all_users()
            for subscriber in user.subscribers
            if subscriber.session_id in wanted
        ]

    # --- connections

    async def add_session(self, session: UserSession, user_id: str) -> StreamSubscription | None:
        """Add a session and join its rooms; None if the user has too many connections here.

        No event of the user that is delivered after this returns is missed. Raises `Unavailable`.
        """
        user = self._ensure_user(user_id)
        if user.connection_count >= self._limits.sockets_per_user:
            return None
        user.sessions += (session,)
        self._session_count += 1
        try:
            position, heads = await self._ensure_open(user)
            start_seqs = await self._join_rooms(session, user, heads)
        except BaseException:
            self.remove_session(session, user)
            raise
        return StreamSubscription(user, position, start_seqs)

    def remove_session(self, session: UserSession, user: OnlineUser) -> None:
        if session not in user.sessions:
            return
        user.sessions = tuple(other for other in user.sessions if other is not session)
        self._session_count -= 1
        self._rooms.leave(session, user.conversations)
        self._remove_if_unused(user)

    async def add_subscriber(self, subscriber: StreamSubscriber, user_id: str) -> StreamSubscription | None:
        """Add a subscriber to the user stream, as `add_session` does, but to no rooms."""
        user = self._ensure_user(user_id)
        if user.connection_count >= self._limits.sockets_per_user:
            return None
        user.subscribers += (subscriber,)
        try:
            position, _ = await self._ensure_open(user)
        except BaseException:
            self.remove_subscriber(subscriber, user)
            raise
        return StreamSubscription(user, position, {})

    def remove_subscriber(self, subscriber: StreamSubscriber, user: OnlineUser) -> None:
        if subscriber in user.subscribers:
            user.subscribers = tuple(other for other in user.subscribers if other is not subscriber)
            self._remove_if_unused(user)

    def _shard_of(self, user_id: str) -> dict[str, OnlineUser]:
        return self._shards[hash(user_id) % COMPARE_SHARDS]

    def _find_user(self, user_id: str) -> OnlineUser | None:
        return self._shard_of(user_id).get(user_id)

    def _all_users(self) -> Iterator[OnlineUser]:
        return itertools.chain.from_iterable(shard.values() for shard in self._shards)

    def _ensure_user(self, user_id: str) -> OnlineUser:
        user = self._find_user(user_id)
        if user is None:
            user = OnlineUser(user_id, self._limits)
            self._shard_of(user_id)[user_id] = user
        return user

    async def _ensure_open(self, user: OnlineUser) -> tuple[StreamPosition, HeadSeqs]:
        """Subscribe to the user's stream if necessary.

        Returns the position after which the caller receives items, and the head seqs of the user's
        conversations if they had to be read.
        """
        if user.is_open:
            return user.position, {}
        # Keyed by the object, not the id: a user who left and reconnected must not wait for the old task.
        opening = self._opening.get(user)
        if opening is None:
            opening = self._opening[user] = asyncio.create_task(self._open_user(user))
        heads = await asyncio.shield(opening)
        return user.start_position, heads

    def _remove_if_unused(self, user: OnlineUser) -> None:
        if not user.connection_count and self._find_user(user.user_id) is user:
            del self._shard_of(user.user_id)[user.user_id]
            self._bus.unsubscribe([user_topic(user.user_id)])

    async def _open_user(self, user: OnlineUser) -> HeadSeqs:
        try:
            try:
                await self._bus.subscribe([user_topic(user.user_id)])
                position = await self._position_loader.get(user.user_id)
            except Unavailable:
                position = None
            user.start_position = position or NO_POSITION
            # Read after the position: a later join has a later stream position.
            heads = await self._membership_loader.get(user.user_id) or {}
            user.set_conversations(map(self._rooms.intern_id, heads))
            user.is_open = True
            for item in user.start_stream(user.start_position):
                self._on_stream_item(user, item)
        finally:
            self._opening.pop(user, None)
        return heads

    async def _join_rooms(self, session: UserSession, user: OnlineUser, heads: HeadSeqs) -> dict[str, int]:
        if not user.conversations:
            return {}
        seqs = [(id_, max(0, self._rooms.position(id_))) for id_ in user.conversations]
        if any(seq == 0 and id_ not in heads for id_, seq in seqs):
            heads = await self._membership_loader.get(user.user_id) or {}
        return await self._rooms.join(session, [(id_, seq or heads.get(id_, 0)) for id_, seq in seqs])

    # --- the user's stream

    def on_bus_message(self, user_id: str, payload: bytes) -> None:
        """Handle a message on a user's topic: an ephemeral event or a stream item."""
        user = self._find_user(user_id)
        if user is None:
            return
        if payload.startswith(EPHEMERAL_PREFIX):
            frame = payload[len(EPHEMERAL_PREFIX) :]
            user.deliver_ephemeral(frame, self._encode_frame(frame))
            return
        item = decode_stream_item(payload)
        if not user.is_open:
            user.sequence.hold(item.position, item)
            return
        self._on_stream_item(user, item)

    def _on_stream_item(self, user: OnlineUser, item: StreamItem) -> None:
        if item.epoch != user.epoch:
            self._reset_stream(user, StreamPosition(item.epoch, item.position), "epoch")
        elif user.sequence.next(item.position):
            self._deliver(user, item)
            while (following := user.sequence.pop_next()) is not None:
                self._deliver(user, following)
        elif user.sequence.hold(item.position, item):
            self._start_gap_repair(user, item.position)

    def _deliver(self, user: OnlineUser, item: StreamItem) -> None:
        frame = stream_frame_decoder.decode(item.frame)
        if isinstance(frame, ConversationLeft):
            user.remove_conversation(frame.conversation_id)
            for session in user.sessions:
                self._rooms.leave(session, [frame.conversation_id])
        user.deliver(item, self._encode_frame(item.frame))
        if isinstance(frame, ConversationJoined):
            conversation = frame.conversation
            user.add_conversation(self._rooms.intern_id(conversation.id))
            for session in user.sessions:
                self._spawn(self._join_room(user, session, conversation.id, conversation.last_seq))

    async def _join_room(
        self, user: OnlineUser, session: UserSession, conversation_id: str, last_seq: int
    ) -> None:
        """Join the room; messages stored after `last_seq` are reported as `lagged`, to be fetched."""
        if session.closed or conversation_id not in user.conversations:
            # The session closed or the user left before this task ran; a join would not be undone.
            return
        try:
            await self._rooms.join(session, [(conversation_id, last_seq)], report_missed=True)
        except Unavailable:
            session.transport.close(CloseCode.OVERLOADED, "a store is unavailable", RETRY_AFTER_MS)

    def remove_from_room(self, conversation_id: str, user_ids: Sequence[str]) -> None:
        """Remove the users' sessions from the room of a conversation that they left."""
        for user_id in user_ids:
            user = self._find_user(user_id)
            if user is not None:
                for session in user.sessions:
                    self._rooms.leave(session, [conversation_id])

    def _start_gap_repair(self, user: OnlineUser, through: int) -> None:
        if not user.is_repairing:
            user.is_repairing = True
            self._spawn(self._fill_gap(user, through))

    async def _fill_gap(self, user: OnlineUser, through: int) -> None:
        try:
            position = user.position
            items = await self._streams.read_after(
                user.user_id, position.epoch, position.position, through - position.position
            )
        except Unavailable:
            return
        finally:
            user.is_repairing = False
        if items is None:
            self._reset_stream(user, (await self._load_positions([user.user_id]))[user.user_id], "expired")
            return
        for item in items:
            self._on_stream_item(user, item)

    # --- loss repair

    def resync(self, user_ids: Sequence[str]) -> None:
        """Frames for these users were lost: clients load their state again, and rooms are joined again."""
        for user_id in user_ids:
            user = self._find_user(user_id)
            if user is not None and user.is_open:
                self._reset_stream(user, user.position, "epoch")

    def check_positions(self) -> None:
        """Compare all positions with the streams, because frames may have been lost."""
        self._spawn(self._compare_all())

    async def _compare_all(self) -> None:
        for batch in _batches(list(self._all_users())):
            if not await self._compare_batch(batch):
                _log.warning("stream positions could not be compared: store unavailable")
                return

    async def _compare_periodically(self) -> None:
        """Compare all users once per period, one shard at a time: no later frame may reveal a lost one."""
        for shard in itertools.cycle(self._shards):
            await asyncio.sleep(COMPARE_PERIOD_S / COMPARE_SHARDS)
            for batch in _batches(list(shard.values())):
                await self._compare_batch(batch)

    async def _compare_batch(self, users: Sequence[OnlineUser]) -> bool:
        """Repair users whose position lags their stream. Returns False if the streams are unavailable."""
        users = [user for user in users if user.is_open and user.connection_count]
        try:
            positions = await self._streams.positions([user.user_id for user in users])
        except Unavailable:
            return False
        for user, position in zip(users, positions, strict=True):
            # Nearly all positions match.
            if position == user.position:
                continue
            if position.epoch != user.position.epoch:
                self._reset_stream(user, position, "epoch")
            elif position.position > user.position.position:
                self._start_gap_repair(user, position.position)
        return True

    def _reset_stream(self, user: OnlineUser, position: StreamPosition, reason: str) -> None:
        """Continue at `position` and send `resync`: items between are lost or no longer stored."""
        user.start_stream(position)
        self._resync_count += 1
        self._spawn(self._reload_memberships(user))
        payload = server_frame_encoder.encode(Resync(reason, position.epoch, position.position))
        user.deliver_resync(reason, payload, self._encode_frame(payload))

    async def _reload_memberships(self, user: OnlineUser) -> None:
        try:
            heads = await self._membership_loader.get(user.user_id) or {}
        except Unavailable:
            return
        before = set(user.conversations)
        left = before - heads.keys()
        joined = heads.keys() - before
        user.set_conversations(map(self._rooms.intern_id, heads))
        for session in user.sessions:
            self._rooms.leave(session, left)
            for conversation_id in joined:
                await self._join_room(user, session, conversation_id, heads[conversation_id])

    async def _load_positions(self, user_ids: Sequence[str]) -> Mapping[str, StreamPosition]:
        return dict(zip(user_ids, await self._streams.positions(user_ids), strict=True))

    async def close(self) -> None:
        await asyncio.gather(self._position_loader.close(), self._membership_loader.close())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, awaitable: Awaitable[None]) -> None:
        task = asyncio.ensure_future(awaitable)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _batches(users: Sequence[OnlineUser]) -> list[Sequence[OnlineUser]]:
    """Split users into batches of at most `POSITIONS_PER_READ`."""
    return [users[start : start + POSITIONS_PER_READ] for start in range(0, len(users), POSITIONS_PER_READ)]
