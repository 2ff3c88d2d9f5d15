"""Everybody who is online on this instance: their sessions, rooms and stream positions.

    user topic -> heard -> Person in order -> each session's outbox (and its rooms, when one joined or left)

It subscribes to a user's topic while that user has a session here, and to nothing else. It never
decides what a user may do.
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
from actors.sessions.session import Session
from actors.sessions.stream_recovery import StreamSubscription, stream_frame_decoder
from actors.sessions.stream_subscriber import StreamSubscriber
from actors.sessions.transport import CloseCode
from config.limits import Limits
from storage.contracts.bus import Bus
from storage.contracts.messaging import ConversationStore
from storage.contracts.user_streams import (
    EPHEMERAL_PREFIX,
    StreamItem,
    StreamPosition,
    UserStreams,
    decode_stream_item,
    user_topic,
)
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
POSITIONS_PER_READ = 500
COMPARE_PERIOD_S = 4.0
"""A frame that the broker lost is told within the six seconds that are promised."""

COMPARE_SHARDS = 8
RETRY_AFTER_MS = 1000

HeadSeqs: TypeAlias = Mapping[str, int]
"""By conversation: the last seq that its document knows of."""


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
        # By whose turn it is to be compared with their streams.
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

    def sessions(self) -> list[Session]:
        return [session for person in self._all_users() for session in person.sessions]

    def sessions_by_id(self, session_ids: Sequence[str]) -> list[Session]:
        wanted = set(session_ids)
        return [session for session in self.sessions() if session.session_id in wanted]

    def subscribers_by_session_id(self, session_ids: Sequence[str]) -> list[StreamSubscriber]:
        wanted = set(session_ids)
        everybody = (one for person in self._all_users() for one in person.subscribers)
        return [one for one in everybody if one.session_id in wanted]

    # --- coming and going

    async def add_session(self, session: Session, user_id: str) -> StreamSubscription | None:
        """Let a session hear all that its user may; None when that user has too many sessions here.

        From the return on, nothing told to the user passes the session by. Raises `Unavailable`.
        """
        person = self._ensure_user(user_id)
        if person.connection_count >= self._limits.sockets_per_user:
            return None
        person.sessions += (session,)
        self._session_count += 1
        try:
            place, heads = await self._ensure_open(person)
            since = await self._join_rooms(session, person, heads)
        except BaseException:
            self.remove_session(session, person)
            raise
        return StreamSubscription(person, place, since)

    def remove_session(self, session: Session, user: OnlineUser) -> None:
        if session not in user.sessions:
            return
        user.sessions = tuple(one for one in user.sessions if one is not session)
        self._session_count -= 1
        self._rooms.leave(session, user.conversations)
        self._remove_if_unused(user)

    async def add_subscriber(self, subscriber: StreamSubscriber, user_id: str) -> StreamSubscription | None:
        """Let somebody hear a user's stream, as `enter` does, but no conversation."""
        person = self._ensure_user(user_id)
        if person.connection_count >= self._limits.sockets_per_user:
            return None
        person.subscribers += (subscriber,)
        try:
            place, _ = await self._ensure_open(person)
        except BaseException:
            self.remove_subscriber(subscriber, person)
            raise
        return StreamSubscription(person, place, {})

    def remove_subscriber(self, subscriber: StreamSubscriber, user: OnlineUser) -> None:
        if subscriber in user.subscribers:
            user.subscribers = tuple(one for one in user.subscribers if one is not subscriber)
            self._remove_if_unused(user)

    def _shard_of(self, user_id: str) -> dict[str, OnlineUser]:
        return self._shards[hash(user_id) % COMPARE_SHARDS]

    def _find_user(self, user_id: str) -> OnlineUser | None:
        return self._shard_of(user_id).get(user_id)

    def _all_users(self) -> Iterator[OnlineUser]:
        return itertools.chain.from_iterable(people.values() for people in self._shards)

    def _ensure_user(self, user_id: str) -> OnlineUser:
        person = self._find_user(user_id)
        if person is None:
            person = OnlineUser(user_id, self._limits)
            self._shard_of(user_id)[user_id] = person
        return person

    async def _ensure_open(self, user: OnlineUser) -> tuple[StreamPosition, HeadSeqs]:
        """See that the stream is heard; answers the place behind which the caller hears it.

        And the heads of the user's conversations, where they had to be read for it.
        """
        if user.is_open:
            return user.position, {}
        # By person, not by user: one who left and came back does not wait for what the first began.
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
                place = await self._position_loader.get(user.user_id)
            except Unavailable:
                place = None
            user.position = user.start_position = place or NO_POSITION
            # After the position: who joins later is told at a later position.
            heads = await self._membership_loader.get(user.user_id) or {}
            user.set_conversations(map(self._rooms.intern_id, heads))
            user.is_open = True
            self._deliver_held(user)
        finally:
            self._opening.pop(user, None)
        return heads

    async def _join_rooms(self, session: Session, user: OnlineUser, heads: HeadSeqs) -> dict[str, int]:
        if not user.conversations:
            return {}
        known = [(one, max(0, self._rooms.position(one))) for one in user.conversations]
        if any(position == 0 and one not in heads for one, position in known):
            heads = await self._membership_loader.get(user.user_id) or {}
        known = [(one, position or heads.get(one, 0)) for one, position in known]
        return await self._rooms.join(session, known)

    # --- the user's stream

    def on_bus_message(self, user_id: str, payload: bytes) -> None:
        """A frame of the bus about a user."""
        person = self._find_user(user_id)
        if person is None:
            return
        if payload.startswith(EPHEMERAL_PREFIX):
            hint = payload[len(EPHEMERAL_PREFIX) :]
            person.deliver_ephemeral(hint, self._encode_frame(hint))
            return
        item = decode_stream_item(payload)
        if not person.is_open:
            person.hold(item)
            return
        self._on_stream_item(person, item)

    def _on_stream_item(self, user: OnlineUser, item: StreamItem) -> None:
        place = user.position
        if item.epoch != place.epoch:
            self._reset_stream(user, StreamPosition(item.epoch, item.position), "epoch")
        elif item.position == place.position + 1:
            user.position = StreamPosition(place.epoch, item.position)
            self._deliver(user, item)
            following = user.pop_held(item.position + 1)
            if following is not None:
                self._on_stream_item(user, following)
        elif item.position > place.position:
            user.hold(item)
            self._start_gap_repair(user, item.position)

    def _deliver_held(self, user: OnlineUser) -> None:
        for item in user.pop_all_held():
            self._on_stream_item(user, item)

    def _deliver(self, user: OnlineUser, item: StreamItem) -> None:
        told = stream_frame_decoder.decode(item.frame)
        if isinstance(told, ConversationLeft):
            user.remove_conversation(told.conversation_id)
            for session in user.sessions:
                self._rooms.leave(session, [told.conversation_id])
        user.deliver(item, self._encode_frame(item.frame))
        if isinstance(told, ConversationJoined):
            conversation = told.conversation
            user.add_conversation(self._rooms.intern_id(conversation.id))
            for session in user.sessions:
                self._spawn(self._join_room(user, session, conversation.id, conversation.last_seq))

    async def _join_room(
        self, user: OnlineUser, session: Session, conversation_id: str, last_seq: int
    ) -> None:
        """Into the room; what was said between `last_seq` and now is named, for the client to fetch."""
        if session.closed or conversation_id not in user.conversations:
            # Gone, or put out again, before this began: nobody would ever take it out of the room.
            return
        try:
            await self._rooms.join(session, [(conversation_id, last_seq)], report_missed=True)
        except Unavailable:
            session.transport.close(CloseCode.OVERLOADED, "a store is away", RETRY_AFTER_MS)

    def remove_from_room(self, conversation_id: str, user_ids: Sequence[str]) -> None:
        """Those users are no longer in that conversation: from now on they hear nothing of it."""
        for user_id in user_ids:
            person = self._find_user(user_id)
            if person is not None:
                for session in person.sessions:
                    self._rooms.leave(session, [conversation_id])

    def _start_gap_repair(self, user: OnlineUser, through: int) -> None:
        if not user.is_repairing:
            user.is_repairing = True
            self._spawn(self._fill_gap(user, through))

    async def _fill_gap(self, user: OnlineUser, through: int) -> None:
        try:
            place = user.position
            items = await self._streams.read_after(
                user.user_id, place.epoch, place.position, through - place.position
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

    # --- after losses

    def resync(self, user_ids: Sequence[str]) -> None:
        """Frames for those users were lost: let them read their state anew, and their rooms be right."""
        for user_id in user_ids:
            person = self._find_user(user_id)
            if person is not None and person.is_open:
                self._reset_stream(person, person.position, "epoch")

    def check_positions(self) -> None:
        """Frames may have been lost: compare everybody's place with their stream."""
        self._spawn(self._compare_all())

    async def _compare_all(self) -> None:
        for some in _batches(list(self._all_users())):
            if not await self._compare_batch(some):
                _log.warning("stream positions could not be compared")
                return

    async def _compare_periodically(self) -> None:
        """Everybody once a period, a share at a time: what was lost may be the last for a long time."""
        for people in itertools.cycle(self._shards):
            await asyncio.sleep(COMPARE_PERIOD_S / COMPARE_SHARDS)
            for some in _batches(list(people.values())):
                await self._compare_batch(some)

    async def _compare_batch(self, users: Sequence[OnlineUser]) -> bool:
        """Repair what is behind; False where the streams are away."""
        users = [person for person in users if person.is_open and person.connection_count]
        try:
            places = await self._streams.positions([person.user_id for person in users])
        except Unavailable:
            return False
        for person, place in zip(users, places, strict=True):
            # Nearly all stand where their stream does.
            if place == person.position:
                continue
            if place.epoch != person.position.epoch:
                self._reset_stream(person, place, "epoch")
            elif place.position > person.position.position:
                self._start_gap_repair(person, place.position)
        return True

    def _reset_stream(self, user: OnlineUser, position: StreamPosition, reason: str) -> None:
        """The stream is another one, or further than it is kept: everything is read anew."""
        user.position = position
        user.pop_all_held()
        self._resync_count += 1
        self._spawn(self._reload_memberships(user))
        payload = server_frame_encoder.encode(Resync(reason, position.epoch, position.position))
        user.deliver_resync(reason, payload, self._encode_frame(payload))

    async def _reload_memberships(self, user: OnlineUser) -> None:
        try:
            now = await self._membership_loader.get(user.user_id) or {}
        except Unavailable:
            return
        before = set(user.conversations)
        gone = before - now.keys()
        new = now.keys() - before
        user.set_conversations(map(self._rooms.intern_id, now))
        for session in user.sessions:
            self._rooms.leave(session, gone)
            for conversation_id in new:
                await self._join_room(user, session, conversation_id, now[conversation_id])

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
    """So many each as can be asked for at once."""
    return [users[start : start + POSITIONS_PER_READ] for start in range(0, len(users), POSITIONS_PER_READ)]
