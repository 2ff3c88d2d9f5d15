"""The rooms of this instance, one for each conversation with a local subscriber.

Publishes entries stored here to the local room and to the bus, delivers entries from the bus, and fills gaps
from the log. While the bus is unavailable, members on other instances get entries late; no entry is lost,
and local delivery continues.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import msgspec

from actors.delivery.bus_events import ConversationBus, EntryAppended, EphemeralPublished, HeadAnnounced
from actors.delivery.flusher import Delivery, Flusher
from actors.delivery.head_announcer import HeadAnnouncer
from actors.delivery.room import Room, RoomSubscriber
from actors.retries import retry_until_available
from actors.runtime.black_box import BlackBoxes
from actors.runtime.task_pool import TaskPool
from actors.runtime.timer_wheel import TimerWheel
from actors.runtime.tracing import MessageTracing
from config.limits import Limits
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
REPAIR_CHUNK = 500
OPEN_CHUNK = 500
"""Rooms opened by one task. While one task reads the heads of its rooms, the next one subscribes."""


class RepairedFrame(msgspec.Struct, frozen=True):
    """A framed event rebuilt from the log. `left_user_ids` are the members that its entry removed."""

    seq: int
    framed: bytes
    left_user_ids: tuple[str, ...]


class LogFrameReader(Protocol):
    """Reads missed frames and heads from the log."""

    async def read_frames(self, conversation_id: str, after: int, through: int) -> list[RepairedFrame]:
        """Return a framed event per entry with after < seq <= through, in order. Raises `Unavailable`."""

    async def read_heads(self, known_seqs: Sequence[tuple[str, int]]) -> dict[str, int]:
        """Return the last seq of each log, given a seq that it contains, or 0. Raises `Unavailable`."""


class RoomsStatistics(msgspec.Struct, frozen=True):
    rooms: int
    subscribers: int
    repairs: int
    repaired_entries: int
    heads_announced: int


class RoomsHandler(Protocol):
    """Receives what rooms learn of the logs. Methods are synchronous and must not raise."""

    def on_remote_append(self, conversation_id: str, event: EntryAppended | HeadAnnounced) -> None:
        """Another instance stored an entry, or announced a head."""

    def on_members_left(self, conversation_id: str, user_ids: Sequence[str], seq: int) -> None:
        """The entry at `seq` removed these members. It was stored here, received, or read from the log.

        May be called again for the same entry.
        """


class Rooms:
    def __init__(
        self,
        bus: ConversationBus,
        log_reader: LogFrameReader,
        flusher: Flusher,
        wheel: TimerWheel,
        limits: Limits,
        handler: RoomsHandler,
        black_boxes: BlackBoxes,
        tracing: MessageTracing | None = None,
    ) -> None:
        self._bus = bus
        self._log_reader = log_reader
        self._flusher = flusher
        self._wheel = wheel
        self._gap_wait_s = limits.gap_wait_ms / 1000
        self._handler = handler
        self._black_boxes = black_boxes
        self._tracing = tracing
        self._head_announcer = HeadAnnouncer(bus, wheel, limits.head_announce_delays_s)
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._task_pool = TaskPool("rooms")
        self._repair_count = self._repaired_entries = 0

    def statistics(self) -> RoomsStatistics:
        return RoomsStatistics(
            rooms=len(self._rooms),
            subscribers=sum(len(room.subscribers) for room in self._rooms.values()),
            repairs=self._repair_count,
            repaired_entries=self._repaired_entries,
            heads_announced=self._head_announcer.announced_count,
        )

    async def join(
        self,
        subscriber: RoomSubscriber,
        known_seqs: Sequence[tuple[str, int]],
        *,
        report_missed: bool = False,
    ) -> dict[str, int]:
        """Subscribe to conversations, each given with a seq that its log contains.

        Return, for each, the seq after which the subscriber receives every entry. With `report_missed`,
        entries between the given seq and that one are reported through `RoomSubscriber.push_lagged`. Raises
        `Unavailable` if the log cannot be read; the subscriber must then `leave` all of them.
        """
        start_seqs: dict[str, int] = {}
        new = [
            (conversation_id, seq)
            for conversation_id, seq in known_seqs
            if conversation_id not in self._rooms
        ]
        for conversation_id, _ in new:
            self._rooms[conversation_id] = Room(
                conversation_id,
                self._flusher,
                self._schedule_repair,
                self._black_boxes,
            )
        for conversation_id, seq in known_seqs:
            room = self._rooms[conversation_id]
            room.add_subscriber(subscriber, seq if report_missed else None)
            start_seqs[conversation_id] = room.delivered_seq
        joined = [self._rooms[conversation_id] for conversation_id in start_seqs]
        for first in range(0, len(new), OPEN_CHUNK):
            chunk = new[first : first + OPEN_CHUNK]
            opening = asyncio.create_task(self._open_rooms(chunk))
            for conversation_id, _ in chunk:
                self._opening[conversation_id] = opening
        opening_tasks = {
            self._opening[conversation_id]
            for conversation_id, _ in known_seqs
            if conversation_id in self._opening
        }
        if opening_tasks:
            await asyncio.gather(*(asyncio.shield(task) for task in opening_tasks))
        return {
            room.id: room.start_seq if start_seqs[room.id] < 0 else start_seqs[room.id] for room in joined
        }

    def leave(self, subscriber: RoomSubscriber, conversation_ids: Iterable[str]) -> None:
        empty = []
        for conversation_id in conversation_ids:
            room = self._rooms.get(conversation_id)
            if room is not None:
                room.remove_subscriber(subscriber)
                if not room.subscribers:
                    empty.append(conversation_id)
        for conversation_id in empty:
            self._black_boxes.close(self._rooms.pop(conversation_id).black_box)
            self._opening.pop(conversation_id, None)
        if empty:
            self._bus.unsubscribe(empty)

    def intern_id(self, conversation_id: str) -> str:
        """Return the room's copy of an equal id, so that all subscribers share one string."""
        room = self._rooms.get(conversation_id)
        return room.id if room is not None else conversation_id

    def find(self, conversation_id: str) -> Room | None:
        return self._rooms.get(conversation_id)

    def delivered_seq(self, conversation_id: str) -> int:
        """Return the seq delivered to local subscribers, or -1 if the room does not exist or is not open."""
        room = self._rooms.get(conversation_id)
        return room.delivered_seq if room is not None else -1

    def publish_entry(self, conversation_id: str, event: EntryAppended, framed: bytes) -> None:
        """Publish an entry stored by this instance to the room and the bus; schedule head announcements."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            self._trace_delivery(room, event, is_remote=False)
            room.deliver(event.seq, framed, Delivery(event.stored_at_s, is_remote=False))
        self._bus.publish(conversation_id, event)
        self._head_announcer.schedule(conversation_id, event.seq)
        if event.left_user_ids:
            self._handler.on_members_left(conversation_id, event.left_user_ids, event.seq)

    def publish_ephemeral(
        self, conversation_id: str, payload: bytes, framed: bytes, except_user_id: str
    ) -> None:
        """Publish an ephemeral frame to all members but `except_user_id`, on every instance. At most once.

        `payload` is the frame as JSON, `framed` for the sessions here. An empty id excludes no one.
        """
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.deliver_ephemeral(framed, except_user_id)
        event = EphemeralPublished(self._bus.instance, payload, except_user_id)
        self._bus.publish(conversation_id, event)

    def open_conversation_ids(self) -> list[str]:
        """Return the conversations of all open rooms."""
        return [room.id for room in self._rooms.values() if room.is_open]

    def observe_head(self, conversation_id: str, seq: int) -> None:
        """Record that a log contains `seq`. The room fetches what it misses."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.observe_head(seq)

    def on_bus_message(
        self, conversation_id: str, message: bytes, encode_frame: Callable[[bytes], bytes]
    ) -> None:
        """Handle a bus message on the topic of a conversation; ignore one of this instance.

        Raises `msgspec.DecodeError`.
        """
        event = self._bus.decode(message)
        if event is None:
            return
        room = self._rooms.get(conversation_id)
        if isinstance(event, EphemeralPublished):
            if room is not None:
                room.deliver_ephemeral(encode_frame(event.payload), event.except_user_id)
            return
        self._handler.on_remote_append(conversation_id, event)
        if room is None:
            return
        room.black_box.add("received", event.origin, type(event).__name__, event.seq)
        if isinstance(event, EntryAppended) and event.payload:
            self._trace_delivery(room, event, is_remote=True)
            delivery = Delivery(event.stored_at_s, is_remote=True) if event.stored_at_s else None
            room.deliver(event.seq, encode_frame(event.payload), delivery)
        else:
            room.observe_head(event.seq)
        if isinstance(event, EntryAppended) and event.left_user_ids:
            self._handler.on_members_left(conversation_id, event.left_user_ids, event.seq)

    def _trace_delivery(self, room: Room, event: EntryAppended, *, is_remote: bool) -> None:
        """Trace the delivery of an entry, from now until the end of the loop tick."""
        if self._tracing is not None and event.traceparent:
            trace = self._tracing.start_delivery(event.traceparent, room.id, event.seq, is_remote=is_remote)
            if trace is not None:
                self._flusher.end_after_flush(trace, room.size)

    async def close(self) -> None:
        await self._task_pool.cancel()

    async def _open_rooms(self, new: Sequence[tuple[str, int]]) -> None:
        ids = [conversation_id for conversation_id, _ in new]
        try:
            try:
                await self._bus.subscribe(ids)
            except Unavailable:
                # The bus keeps trying to subscribe, and heads are compared when it is back.
                _log.debug("rooms opened while the bus is unavailable", extra={"rooms": len(ids)})
            # After subscribing, so that each entry is either in the heads or on the bus.
            heads = await self._log_reader.read_heads(new)
        except BaseException:
            owned = self._end_opening(ids)
            for conversation_id in owned:
                del self._rooms[conversation_id]
            self._bus.unsubscribe(owned)
            raise
        for conversation_id in self._end_opening(ids):
            self._rooms[conversation_id].start(heads[conversation_id])

    def _end_opening(self, conversation_ids: Sequence[str]) -> list[str]:
        """Return those of the rooms that the current task opens.

        The others were left meanwhile. A room that was joined again has another task.
        """
        task = asyncio.current_task()
        owned = [id_ for id_ in conversation_ids if self._opening.get(id_) is task]
        for conversation_id in owned:
            del self._opening[conversation_id]
        return owned

    def _schedule_repair(self, room: Room) -> None:
        if room.is_repairing:
            return
        room.is_repairing = True
        # Missing bus messages usually arrive late rather than never, so a short wait saves the read.
        self._wheel.call_later(self._gap_wait_s, lambda: self._start_repair(room))

    async def _repair(self, room: Room) -> None:
        try:
            while self._rooms.get(room.id) is room and room.delivered_seq < room.known_head:
                after = room.delivered_seq
                through = min(room.known_head, after + REPAIR_CHUNK)
                frames = await retry_until_available(
                    partial(self._log_reader.read_frames, room.id, after, through)
                )
                self._repair_count += 1
                self._repaired_entries += len(frames)
                room.black_box.add("repaired", "", "", after + 1, through)
                for repaired in frames:
                    room.deliver(repaired.seq, repaired.framed)
                    if repaired.left_user_ids:
                        self._handler.on_members_left(room.id, repaired.left_user_ids, repaired.seq)
                if room.delivered_seq == after:
                    # The log does not contain the head that was announced, and the log decides.
                    room.known_head = room.delivered_seq
        finally:
            room.is_repairing = False

    def _start_repair(self, room: Room) -> None:
        self._task_pool.spawn(self._repair(room))
