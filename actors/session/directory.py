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

from actors.accounts.lookups import Lookups
from actors.delivery.rooms import Rooms
from actors.session.link import CloseCode
from actors.session.listener import Listener
from actors.session.person import NOWHERE, Person
from actors.session.resuming import Entered, stream_decoder
from actors.session.session import Session
from actors.wire.frames import (
    ConversationJoined,
    ConversationLeft,
    Resync,
    frame_encoder,
)
from config.limits import Limits
from storage.contracts.bus import Bus, Position, UserStreams, user_topic
from storage.contracts.messaging import ConversationStore
from storage.errors import Unavailable
from storage.records.stream import HINT, StreamItem, decode_item

_log = logging.getLogger(__name__)
POSITIONS_AT_ONCE = 500
COMPARE_S = 4.0
"""A frame that the broker lost is told within the six seconds that are promised."""

TURNS = 8
RETRY_AFTER_MS = 1000

Heads: TypeAlias = Mapping[str, int]
"""By conversation: the last seq that its document knows of."""


class DirectoryStatistics(msgspec.Struct, frozen=True):
    people: int
    sessions: int
    resyncs: int


class Directory:
    def __init__(
        self,
        bus: Bus,
        streams: UserStreams,
        rooms: Rooms,
        conversations: ConversationStore,
        limits: Limits,
        framed: Callable[[bytes], bytes],
    ) -> None:
        self._bus = bus
        self._streams = streams
        self._rooms = rooms
        self._limits = limits
        self._framed = framed
        # By whose turn it is to be compared with their streams.
        self._turns: tuple[dict[str, Person], ...] = tuple({} for _ in range(TURNS))
        self._opening: dict[Person, asyncio.Task[Heads]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._positions = Lookups(self._load_positions)
        self._memberships = Lookups(conversations.memberships)
        self._sessions = 0
        self._resyncs = 0

    def start(self) -> None:
        self._spawn(self._keep_comparing())

    def statistics(self) -> DirectoryStatistics:
        return DirectoryStatistics(sum(map(len, self._turns)), self._sessions, self._resyncs)

    def sessions(self) -> list[Session]:
        return [session for person in self._everybody() for session in person.sessions]

    def of_sessions(self, session_ids: Sequence[str]) -> list[Session]:
        wanted = set(session_ids)
        return [session for session in self.sessions() if session.session_id in wanted]

    def listeners_of(self, session_ids: Sequence[str]) -> list[Listener]:
        wanted = set(session_ids)
        everybody = (one for person in self._everybody() for one in person.listeners)
        return [one for one in everybody if one.session_id in wanted]

    # --- coming and going

    async def enter(self, session: Session, user_id: str) -> Entered | None:
        """Let a session hear all that its user may; None when that user has too many sessions here.

        From the return on, nothing told to the user passes the session by. Raises `Unavailable`.
        """
        person = self._person(user_id)
        if person.crowd >= self._limits.sockets_per_user:
            return None
        person.sessions += (session,)
        self._sessions += 1
        try:
            place, heads = await self._opened(person)
            since = await self._enter_rooms(session, person, heads)
        except BaseException:
            self.leave(session, person)
            raise
        return Entered(person, place, since)

    def leave(self, session: Session, person: Person) -> None:
        if session not in person.sessions:
            return
        person.sessions = tuple(one for one in person.sessions if one is not session)
        self._sessions -= 1
        self._rooms.leave(session, person.conversations)
        self._let_go(person)

    async def listen(self, listener: Listener, user_id: str) -> Entered | None:
        """Let somebody hear a user's stream, as `enter` does, but no conversation."""
        person = self._person(user_id)
        if person.crowd >= self._limits.sockets_per_user:
            return None
        person.listeners += (listener,)
        try:
            place, _ = await self._opened(person)
        except BaseException:
            self.unlisten(listener, person)
            raise
        return Entered(person, place, {})

    def unlisten(self, listener: Listener, person: Person) -> None:
        if listener in person.listeners:
            person.listeners = tuple(one for one in person.listeners if one is not listener)
            self._let_go(person)

    def _turn_of(self, user_id: str) -> dict[str, Person]:
        return self._turns[hash(user_id) % TURNS]

    def _known(self, user_id: str) -> Person | None:
        return self._turn_of(user_id).get(user_id)

    def _everybody(self) -> Iterator[Person]:
        return itertools.chain.from_iterable(people.values() for people in self._turns)

    def _person(self, user_id: str) -> Person:
        person = self._known(user_id)
        if person is None:
            person = Person(user_id, self._limits)
            self._turn_of(user_id)[user_id] = person
        return person

    async def _opened(self, person: Person) -> tuple[Position, Heads]:
        """See that the stream is heard; answers the place behind which the caller hears it.

        And the heads of the user's conversations, where they had to be read for it.
        """
        if person.open:
            return person.place, {}
        # By person, not by user: one who left and came back does not wait for what the first began.
        opening = self._opening.get(person)
        if opening is None:
            opening = self._opening[person] = asyncio.create_task(self._open(person))
        heads = await asyncio.shield(opening)
        return person.began, heads

    def _let_go(self, person: Person) -> None:
        if not person.crowd and self._known(person.user_id) is person:
            del self._turn_of(person.user_id)[person.user_id]
            self._bus.unsubscribe([user_topic(person.user_id)])

    async def _open(self, person: Person) -> Heads:
        try:
            try:
                await self._bus.subscribe([user_topic(person.user_id)])
                place = await self._positions.get(person.user_id)
            except Unavailable:
                place = None
            person.place = person.began = place or NOWHERE
            # After the position: who joins later is told at a later position.
            heads = await self._memberships.get(person.user_id) or {}
            person.belongs(map(self._rooms.name, heads))
            person.open = True
            self._release(person)
        finally:
            self._opening.pop(person, None)
        return heads

    async def _enter_rooms(self, session: Session, person: Person, heads: Heads) -> dict[str, int]:
        if not person.conversations:
            return {}
        known = [(one, max(0, self._rooms.position(one))) for one in person.conversations]
        if any(position == 0 and one not in heads for one, position in known):
            heads = await self._memberships.get(person.user_id) or {}
        known = [(one, position or heads.get(one, 0)) for one, position in known]
        return await self._rooms.enter(session, known)

    # --- the user's stream

    def heard(self, user_id: str, payload: bytes) -> None:
        """A frame of the bus about a user."""
        person = self._known(user_id)
        if person is None:
            return
        if payload.startswith(HINT):
            hint = payload[len(HINT) :]
            person.hint(hint, self._framed(hint))
            return
        item = decode_item(payload)
        if not person.open:
            person.hold(item)
            return
        self._take(person, item)

    def _take(self, person: Person, item: StreamItem) -> None:
        place = person.place
        if item.epoch != place.epoch:
            self._lost(person, Position(item.epoch, item.position), "epoch")
        elif item.position == place.position + 1:
            person.place = Position(place.epoch, item.position)
            self._tell(person, item)
            following = person.take(item.position + 1)
            if following is not None:
                self._take(person, following)
        elif item.position > place.position:
            person.hold(item)
            self._repair(person, item.position)

    def _release(self, person: Person) -> None:
        for item in person.release():
            self._take(person, item)

    def _tell(self, person: Person, item: StreamItem) -> None:
        told = stream_decoder.decode(item.frame)
        if isinstance(told, ConversationLeft):
            person.left(told.conversation_id)
            for session in person.sessions:
                self._rooms.leave(session, [told.conversation_id])
        person.tell(item, self._framed(item.frame))
        if isinstance(told, ConversationJoined):
            conversation = told.conversation
            person.joined(self._rooms.name(conversation.id))
            for session in person.sessions:
                self._spawn(self._join(person, session, conversation.id, conversation.last_seq))

    async def _join(self, person: Person, session: Session, conversation_id: str, last_seq: int) -> None:
        """Into the room; what was said between `last_seq` and now is named, for the client to fetch."""
        if session.closed or conversation_id not in person.conversations:
            # Gone, or put out again, before this began: nobody would ever take it out of the room.
            return
        try:
            await self._rooms.enter(session, [(conversation_id, last_seq)], told=True)
        except Unavailable:
            session.link.close(CloseCode.OVERLOADED, "a store is away", RETRY_AFTER_MS)

    def dismiss(self, conversation_id: str, user_ids: Sequence[str]) -> None:
        """Those users are no longer in that conversation: from now on they hear nothing of it."""
        for user_id in user_ids:
            person = self._known(user_id)
            if person is not None:
                for session in person.sessions:
                    self._rooms.leave(session, [conversation_id])

    def _repair(self, person: Person, through: int) -> None:
        if not person.repairing:
            person.repairing = True
            self._spawn(self._read_stream(person, through))

    async def _read_stream(self, person: Person, through: int) -> None:
        try:
            place = person.place
            items = await self._streams.after(
                person.user_id, place.epoch, place.position, through - place.position
            )
        except Unavailable:
            return
        finally:
            person.repairing = False
        if items is None:
            self._lost(person, (await self._load_positions([person.user_id]))[person.user_id], "expired")
            return
        for item in items:
            self._take(person, item)

    # --- after losses

    def resync(self, user_ids: Sequence[str]) -> None:
        """Frames for those users were lost: let them read their state anew, and their rooms be right."""
        for user_id in user_ids:
            person = self._known(user_id)
            if person is not None and person.open:
                self._lost(person, person.place, "epoch")

    def check_positions(self) -> None:
        """Frames may have been lost: compare everybody's place with their stream."""
        self._spawn(self._compare())

    async def _compare(self) -> None:
        for some in _parts(list(self._everybody())):
            if not await self._compare_some(some):
                _log.warning("stream positions could not be compared")
                return

    async def _keep_comparing(self) -> None:
        """Everybody once a period, a share at a time: what was lost may be the last for a long time."""
        for people in itertools.cycle(self._turns):
            await asyncio.sleep(COMPARE_S / TURNS)
            for some in _parts(list(people.values())):
                await self._compare_some(some)

    async def _compare_some(self, people: Sequence[Person]) -> bool:
        """Repair what is behind; False where the streams are away."""
        people = [person for person in people if person.open and person.crowd]
        try:
            places = await self._streams.positions([person.user_id for person in people])
        except Unavailable:
            return False
        for person, place in zip(people, places, strict=True):
            # Nearly all stand where their stream does.
            if place == person.place:
                continue
            if place.epoch != person.place.epoch:
                self._lost(person, place, "epoch")
            elif place.position > person.place.position:
                self._repair(person, place.position)
        return True

    def _lost(self, person: Person, place: Position, reason: str) -> None:
        """The stream is another one, or further than it is kept: everything is read anew."""
        person.place = place
        person.release()
        self._resyncs += 1
        self._spawn(self._rejoin(person))
        payload = frame_encoder.encode(Resync(reason, place.epoch, place.position))
        person.resync(reason, payload, self._framed(payload))

    async def _rejoin(self, person: Person) -> None:
        try:
            now = await self._memberships.get(person.user_id) or {}
        except Unavailable:
            return
        before = set(person.conversations)
        gone = before - now.keys()
        new = now.keys() - before
        person.belongs(map(self._rooms.name, now))
        for session in person.sessions:
            self._rooms.leave(session, gone)
            for conversation_id in new:
                await self._join(person, session, conversation_id, now[conversation_id])

    async def _load_positions(self, user_ids: Sequence[str]) -> Mapping[str, Position]:
        return dict(zip(user_ids, await self._streams.positions(user_ids), strict=True))

    async def close(self) -> None:
        await asyncio.gather(self._positions.close(), self._memberships.close())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parts(people: Sequence[Person]) -> list[Sequence[Person]]:
    """So many each as can be asked for at once."""
    return [people[start : start + POSITIONS_AT_ONCE] for start in range(0, len(people), POSITIONS_AT_ONCE)]
