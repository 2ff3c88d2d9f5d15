"""The rooms of this instance: one for each conversation that somebody here is online in.

It listens on the bus for what other instances stored, tells them what was stored here, and has gaps
filled from the log. Losing the bus delays other instances' members; nothing is lost and nobody here
waits for it. It never writes to a store.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from actors.delivery.bus_events import (
    EntryAppended,
    EphemeralPublished,
    HeadAnnounced,
    bus_event_decoder,
    bus_event_encoder,
)
from actors.delivery.flusher import Flusher
from actors.delivery.room import Room, RoomSubscriber
from actors.runtime.timer_wheel import Timer, TimerWheel
from config.limits import BUS_FRAME_BYTES, Limits
from storage.contracts.bus import Bus, conversation_topic
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
REPAIR_CHUNK = 500
Result = TypeVar("Result")


class ReplayedFrame(msgspec.Struct, frozen=True):
    """A durable frame made from the log again; `left` are those who went with it."""

    seq: int
    framed: bytes
    left_user_ids: tuple[str, ...]


class LogFrameReader(Protocol):
    """Frames made from the log, for what was missed."""

    async def read_frames(self, conversation_id: str, after: int, through: int) -> list[ReplayedFrame]:
        """A ready frame for each entry with after < seq <= through, in order. Raises `Unavailable`."""

    async def read_heads(self, last_seqs: Sequence[tuple[str, int]]) -> dict[str, int]:
        """The seq of the last entry of each log, given one that it has reached. Raises `Unavailable`."""


class RoomsStatistics(msgspec.Struct, frozen=True):
    rooms: int
    subscribers: int
    repairs: int
    repaired_entries: int
    heads_repeated: int


class HeadRepeat(NamedTuple):
    """The head that is told again, how often it was, and what waits to tell it next."""

    seq: int
    step: int
    timer: Timer


class Rooms:
    def __init__(
        self,
        bus: Bus,
        log_reader: LogFrameReader,
        flusher: Flusher,
        wheel: TimerWheel,
        limits: Limits,
        instance: str,
    ) -> None:
        self._bus = bus
        self._log_reader = log_reader
        self._flusher = flusher
        self._wheel = wheel
        self._limits = limits
        self._instance = instance
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._head_repeats: dict[str, HeadRepeat] = {}
        self._on_bus_event: Callable[[str, EntryAppended | HeadAnnounced], None] = lambda _id, _news: None
        self._on_members_left: Callable[[str, Sequence[str]], None] = lambda _id, _left: None
        self._repair_count = self._repaired_entries = self._repeated_heads = 0

    def on_bus_event(self, callback: Callable[[str, EntryAppended | HeadAnnounced], None]) -> None:
        """Who else is told what other instances say about a conversation: its actor, when awake."""
        self._on_bus_event = callback

    def on_members_left(self, callback: Callable[[str, Sequence[str]], None]) -> None:
        """Who is told that users are no longer in a conversation, as soon as it is known here."""
        self._on_members_left = callback

    def statistics(self) -> RoomsStatistics:
        return RoomsStatistics(
            rooms=len(self._rooms),
            subscribers=sum(len(room.subscribers) for room in self._rooms.values()),
            repairs=self._repair_count,
            repaired_entries=self._repaired_entries,
            heads_repeated=self._repeated_heads,
        )

    async def join(
        self, subscriber: RoomSubscriber, last_seqs: Sequence[tuple[str, int]], *, report_missed: bool = False
    ) -> dict[str, int]:
        """Let a listener hear those conversations; each is given with a seq that its log has reached.

        Answers behind which seq of each the listener hears everything. With `told` the listener knows each
        conversation up to the seq given, and is told what it missed since. Raises `Unavailable` where
        the log can not be read.
        """
        since: dict[str, int] = {}
        new = [(one, seq) for one, seq in last_seqs if one not in self._rooms]
        for conversation_id, _ in new:
            self._rooms[conversation_id] = Room(conversation_id, self._flusher, self._schedule_repair)
        for conversation_id, seq in last_seqs:
            room = self._rooms[conversation_id]
            room.add_subscriber(subscriber, seq if report_missed else None)
            since[conversation_id] = room.position
        entered = [self._rooms[conversation_id] for conversation_id in since]
        if new:
            opening = asyncio.create_task(self._open_rooms(new))
            for conversation_id, _ in new:
                self._opening[conversation_id] = opening
        waits = {self._opening[one] for one, _ in last_seqs if one in self._opening}
        if waits:
            await asyncio.gather(*(asyncio.shield(wait) for wait in waits))
        return {room.id: room.start_position if since[room.id] < 0 else since[room.id] for room in entered}

    def leave(self, subscriber: RoomSubscriber, conversation_ids: Iterable[str]) -> None:
        empty = []
        for conversation_id in conversation_ids:
            room = self._rooms.get(conversation_id)
            if room is not None:
                room.remove_subscriber(subscriber)
                if not room.subscribers:
                    empty.append(conversation_id)
        for conversation_id in empty:
            del self._rooms[conversation_id]
            self._opening.pop(conversation_id, None)
        if empty:
            self._bus.unsubscribe([conversation_topic(one) for one in empty])

    def intern_id(self, conversation_id: str) -> str:
        """The same id, as the room has it: its members then share one string."""
        room = self._rooms.get(conversation_id)
        return room.id if room is not None else conversation_id

    def position(self, conversation_id: str) -> int:
        """Up to which seq the members here were told; -1 when nobody here listens."""
        room = self._rooms.get(conversation_id)
        return room.position if room is not None else -1

    def publish_entry(self, conversation_id: str, event: EntryAppended, framed: bytes) -> None:
        """An entry was stored here: tell the members here, the other instances, and repeat its seq later."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.deliver(event.seq, framed)
        if len(event.frame) > BUS_FRAME_BYTES:
            event = msgspec.structs.replace(event, frame=b"")
        self._bus.publish(conversation_topic(conversation_id), bus_event_encoder.encode(event))
        self._schedule_head_repeat(conversation_id, event.seq)
        if event.left_user_ids:
            self._on_members_left(conversation_id, event.left_user_ids)

    def publish_ephemeral(
        self, conversation_id: str, frame: bytes, framed: bytes, except_user_id: str
    ) -> None:
        """Tell every member but one, everywhere, something that may be lost."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.deliver_ephemeral(framed, except_user_id)
        news = EphemeralPublished(self._instance, frame, except_user_id)
        self._bus.publish(conversation_topic(conversation_id), bus_event_encoder.encode(news))

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """The log of a conversation is known to go up to `seq`."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.observe_head(seq)

    def on_bus_message(
        self, conversation_id: str, payload: bytes, encode_frame: Callable[[bytes], bytes]
    ) -> None:
        """A frame of the bus about a conversation."""
        try:
            news = bus_event_decoder.decode(payload)
        except msgspec.DecodeError:
            _log.warning("a bus frame could not be read", extra={"conversation_id": conversation_id})
            return
        if news.origin == self._instance:
            return
        room = self._rooms.get(conversation_id)
        if isinstance(news, EphemeralPublished):
            if room is not None:
                room.deliver_ephemeral(encode_frame(news.frame), news.except_user_id)
            return
        self._on_bus_event(conversation_id, news)
        if room is None:
            return
        if isinstance(news, EntryAppended) and news.frame:
            room.deliver(news.seq, encode_frame(news.frame))
        else:
            room.observe_head(news.seq)
        if isinstance(news, EntryAppended) and news.left_user_ids:
            self._on_members_left(conversation_id, news.left_user_ids)

    def check_heads(self) -> None:
        """Frames may have been lost: compare every room with its log."""
        self._spawn(self._compare_heads())

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _open_rooms(self, new: list[tuple[str, int]]) -> None:
        ids = [conversation_id for conversation_id, _ in new]
        try:
            try:
                await self._bus.subscribe([conversation_topic(one) for one in ids])
            except Unavailable:
                # The topics stay wanted: heads are compared when the bus is back.
                _log.warning("rooms open without the bus", extra={"rooms": len(ids)})
            # Only now: what is stored from here on is heard, what was stored before is in the heads.
            heads = await self._log_reader.read_heads(new)
        except BaseException:
            for conversation_id in ids:
                self._rooms.pop(conversation_id, None)
            raise
        finally:
            for conversation_id in ids:
                if self._opening.get(conversation_id) is asyncio.current_task():
                    del self._opening[conversation_id]
        for conversation_id in ids:
            room = self._rooms.get(conversation_id)
            if room is not None and not room.is_open:
                room.start(heads[conversation_id])

    async def _compare_heads(self) -> None:
        rooms = [room for room in self._rooms.values() if room.is_open]
        for start in range(0, len(rooms), REPAIR_CHUNK):
            some = rooms[start : start + REPAIR_CHUNK]
            places = [(room.id, room.position) for room in some]
            heads = await retry_until_available(partial(self._log_reader.read_heads, places))
            for room in some:
                room.observe_head(heads[room.id])

    def _schedule_repair(self, room: Room) -> None:
        if room.is_repairing:
            return
        room.is_repairing = True
        # What is missing is mostly on its way: a short wait saves the read.
        self._wheel.call_later(self._limits.gap_wait_ms / 1000, lambda: self._spawn(self._repair(room)))

    async def _repair(self, room: Room) -> None:
        try:
            while self._rooms.get(room.id) is room and room.position < room.known_head:
                after = room.position
                through = min(room.known_head, after + REPAIR_CHUNK)
                frames = await retry_until_available(
                    partial(self._log_reader.read_frames, room.id, after, through)
                )
                self._repair_count += 1
                self._repaired_entries += len(frames)
                for replayed in frames:
                    room.deliver(replayed.seq, replayed.framed)
                    if replayed.left_user_ids:
                        self._on_members_left(room.id, replayed.left_user_ids)
                if not frames:
                    # Told of more than the log has: a frame of another time. The log is right.
                    room.known_head = room.position
        finally:
            room.is_repairing = False

    def _schedule_head_repeat(self, conversation_id: str, seq: int) -> None:
        known = self._head_repeats.get(conversation_id)
        if known is not None and known.step == 0:
            # What waits is soon: it tells of this one, or waits once more.
            self._head_repeats[conversation_id] = known._replace(seq=seq)
            return
        if known is not None:
            known.timer.cancel()
        self._start_head_timer(self._limits.head_announce_delays_s[0], conversation_id, seq, 0)

    def _start_head_timer(self, delay_s: float, conversation_id: str, seq: int, step: int) -> None:
        timer = self._wheel.call_later(delay_s, lambda: self._repeat_head(conversation_id, seq))
        self._head_repeats[conversation_id] = HeadRepeat(seq, step, timer)

    def _repeat_head(self, conversation_id: str, scheduled_seq: int) -> None:
        seq, step, _ = self._head_repeats[conversation_id]
        steps = self._limits.head_announce_delays_s
        # Where it grew since, the new last entry has its own first repetition to wait for.
        if seq == scheduled_seq:
            news = HeadAnnounced(self._instance, seq)
            self._bus.publish(conversation_topic(conversation_id), bus_event_encoder.encode(news))
            self._repeated_heads += 1
            step += 1
        if step >= len(steps):
            del self._head_repeats[conversation_id]
            return
        delay_s = steps[step] - (steps[step - 1] if step else 0.0)
        self._start_head_timer(delay_s, conversation_id, seq, step)

    def _spawn(self, awaitable: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(awaitable)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def retry_until_available(read: Callable[[], Awaitable[Result]]) -> Result:
    """Read, again and again with growing pauses while the store is away."""
    delay_s = 0.1
    while True:
        try:
            return await read()
        except Unavailable:
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, 2.0)
