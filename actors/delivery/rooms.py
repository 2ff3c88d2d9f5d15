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

from actors.delivery.flusher import Flusher
from actors.delivery.news import HeadNews, HintNews, LogNews, news_decoder, news_encoder
from actors.delivery.room import Listener, Room
from actors.runtime.wheel import Timer, Wheel
from config.limits import BUS_FRAME_BYTES, Limits
from storage.contracts.bus import Bus, conversation_topic
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
REPAIR_CHUNK = 500
Found = TypeVar("Found")


class Replayed(msgspec.Struct, frozen=True):
    """A durable frame made from the log again; `left` are those who went with it."""

    seq: int
    ready: bytes
    left: tuple[str, ...]


class Replay(Protocol):
    """Frames made from the log, for what was missed."""

    async def frames(self, conversation_id: str, after: int, through: int) -> list[Replayed]:
        """A ready frame for each entry with after < seq <= through, in order. Raises `Unavailable`."""

    async def heads(self, last_seqs: Sequence[tuple[str, int]]) -> dict[str, int]:
        """The seq of the last entry of each log, given one that it has reached. Raises `Unavailable`."""


class RoomsStatistics(msgspec.Struct, frozen=True):
    rooms: int
    listeners: int
    repairs: int
    repaired_entries: int
    heads_repeated: int


class Repeating(NamedTuple):
    """The head that is told again, how often it was, and what waits to tell it next."""

    seq: int
    step: int
    timer: Timer


class Rooms:
    def __init__(
        self, bus: Bus, replay: Replay, flusher: Flusher, wheel: Wheel, limits: Limits, instance: str
    ) -> None:
        self._bus = bus
        self._replay = replay
        self._flusher = flusher
        self._wheel = wheel
        self._limits = limits
        self._instance = instance
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._repeating: dict[str, Repeating] = {}
        self._on_news: Callable[[str, LogNews | HeadNews], None] = lambda _id, _news: None
        self._on_left: Callable[[str, Sequence[str]], None] = lambda _id, _left: None
        self._repairs = self._repaired = self._repeated = 0

    def on_news(self, told: Callable[[str, LogNews | HeadNews], None]) -> None:
        """Who else is told what other instances say about a conversation: its actor, when awake."""
        self._on_news = told

    def on_left(self, told: Callable[[str, Sequence[str]], None]) -> None:
        """Who is told that users are no longer in a conversation, as soon as it is known here."""
        self._on_left = told

    def statistics(self) -> RoomsStatistics:
        return RoomsStatistics(
            rooms=len(self._rooms),
            listeners=sum(len(room.listeners) for room in self._rooms.values()),
            repairs=self._repairs,
            repaired_entries=self._repaired,
            heads_repeated=self._repeated,
        )

    async def enter(
        self, listener: Listener, last_seqs: Sequence[tuple[str, int]], *, told: bool = False
    ) -> dict[str, int]:
        """Let a listener hear those conversations; each is given with a seq that its log has reached.

        Answers behind which seq of each the listener hears everything. With `told` the listener knows each
        conversation up to the seq given, and is told what it missed since. Raises `Unavailable` where
        the log can not be read.
        """
        since: dict[str, int] = {}
        new = [(one, seq) for one, seq in last_seqs if one not in self._rooms]
        for conversation_id, _ in new:
            self._rooms[conversation_id] = Room(conversation_id, self._flusher, self._gap)
        for conversation_id, seq in last_seqs:
            room = self._rooms[conversation_id]
            room.enter(listener, seq if told else None)
            since[conversation_id] = room.position
        entered = [self._rooms[conversation_id] for conversation_id in since]
        if new:
            opening = asyncio.create_task(self._open(new))
            for conversation_id, _ in new:
                self._opening[conversation_id] = opening
        waits = {self._opening[one] for one, _ in last_seqs if one in self._opening}
        if waits:
            await asyncio.gather(*(asyncio.shield(wait) for wait in waits))
        return {room.id: room.began if since[room.id] < 0 else since[room.id] for room in entered}

    def leave(self, listener: Listener, conversation_ids: Iterable[str]) -> None:
        empty = []
        for conversation_id in conversation_ids:
            room = self._rooms.get(conversation_id)
            if room is not None:
                room.leave(listener)
                if not room.listeners:
                    empty.append(conversation_id)
        for conversation_id in empty:
            del self._rooms[conversation_id]
            self._opening.pop(conversation_id, None)
        if empty:
            self._bus.unsubscribe([conversation_topic(one) for one in empty])

    def name(self, conversation_id: str) -> str:
        """The same id, as the room has it: its members then share one string."""
        room = self._rooms.get(conversation_id)
        return room.id if room is not None else conversation_id

    def position(self, conversation_id: str) -> int:
        """Up to which seq the members here were told; -1 when nobody here listens."""
        room = self._rooms.get(conversation_id)
        return room.position if room is not None else -1

    def stored(self, conversation_id: str, news: LogNews, ready: bytes) -> None:
        """An entry was stored here: tell the members here, the other instances, and repeat its seq later."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.deliver(news.seq, ready)
        if len(news.frame) > BUS_FRAME_BYTES:
            news = msgspec.structs.replace(news, frame=b"")
        self._bus.publish(conversation_topic(conversation_id), news_encoder.encode(news))
        self._repeat(conversation_id, news.seq)
        if news.left:
            self._on_left(conversation_id, news.left)

    def hint(self, conversation_id: str, frame: bytes, ready: bytes, spare_user_id: str) -> None:
        """Tell every member but one, everywhere, something that may be lost."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.hint(ready, spare_user_id)
        news = HintNews(self._instance, frame, spare_user_id)
        self._bus.publish(conversation_topic(conversation_id), news_encoder.encode(news))

    def expect(self, conversation_id: str, seq: int) -> None:
        """The log of a conversation is known to go up to `seq`."""
        room = self._rooms.get(conversation_id)
        if room is not None:
            room.expect(seq)

    def heard(self, conversation_id: str, payload: bytes, framed: Callable[[bytes], bytes]) -> None:
        """A frame of the bus about a conversation."""
        try:
            news = news_decoder.decode(payload)
        except msgspec.DecodeError:
            _log.warning("a bus frame could not be read", extra={"conversation_id": conversation_id})
            return
        if news.origin == self._instance:
            return
        room = self._rooms.get(conversation_id)
        if isinstance(news, HintNews):
            if room is not None:
                room.hint(framed(news.frame), news.spare_user_id)
            return
        self._on_news(conversation_id, news)
        if room is None:
            return
        if isinstance(news, LogNews) and news.frame:
            room.deliver(news.seq, framed(news.frame))
        else:
            room.expect(news.seq)
        if isinstance(news, LogNews) and news.left:
            self._on_left(conversation_id, news.left)

    def check_heads(self) -> None:
        """Frames may have been lost: compare every room with its log."""
        self._spawn(self._compare_heads())

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _open(self, new: list[tuple[str, int]]) -> None:
        ids = [conversation_id for conversation_id, _ in new]
        try:
            try:
                await self._bus.subscribe([conversation_topic(one) for one in ids])
            except Unavailable:
                # The topics stay wanted: heads are compared when the bus is back.
                _log.warning("rooms open without the bus", extra={"rooms": len(ids)})
            # Only now: what is stored from here on is heard, what was stored before is in the heads.
            heads = await self._replay.heads(new)
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
            if room is not None and not room.open:
                room.start(heads[conversation_id])

    async def _compare_heads(self) -> None:
        rooms = [room for room in self._rooms.values() if room.open]
        for start in range(0, len(rooms), REPAIR_CHUNK):
            some = rooms[start : start + REPAIR_CHUNK]
            places = [(room.id, room.position) for room in some]
            heads = await until_available(partial(self._replay.heads, places))
            for room in some:
                room.expect(heads[room.id])

    def _gap(self, room: Room) -> None:
        if room.repairing:
            return
        room.repairing = True
        # What is missing is mostly on its way: a short wait saves the read.
        self._wheel.after(self._limits.gap_wait_ms / 1000, lambda: self._spawn(self._repair(room)))

    async def _repair(self, room: Room) -> None:
        try:
            while self._rooms.get(room.id) is room and room.position < room.wanted:
                after = room.position
                through = min(room.wanted, after + REPAIR_CHUNK)
                frames = await until_available(partial(self._replay.frames, room.id, after, through))
                self._repairs += 1
                self._repaired += len(frames)
                for replayed in frames:
                    room.deliver(replayed.seq, replayed.ready)
                    if replayed.left:
                        self._on_left(room.id, replayed.left)
                if not frames:
                    # Told of more than the log has: a frame of another time. The log is right.
                    room.wanted = room.position
        finally:
            room.repairing = False

    def _repeat(self, conversation_id: str, seq: int) -> None:
        known = self._repeating.get(conversation_id)
        if known is not None and known.step == 0:
            # What waits is soon: it tells of this one, or waits once more.
            self._repeating[conversation_id] = known._replace(seq=seq)
            return
        if known is not None:
            known.timer.cancel()
        self._repeat_in(self._limits.heads_repeat_s[0], conversation_id, seq, 0)

    def _repeat_in(self, delay_s: float, conversation_id: str, seq: int, step: int) -> None:
        timer = self._wheel.after(delay_s, lambda: self._say_head(conversation_id, seq))
        self._repeating[conversation_id] = Repeating(seq, step, timer)

    def _say_head(self, conversation_id: str, asked_at: int) -> None:
        seq, step, _ = self._repeating[conversation_id]
        steps = self._limits.heads_repeat_s
        # Where it grew since, the new last entry has its own first repetition to wait for.
        if seq == asked_at:
            news = HeadNews(self._instance, seq)
            self._bus.publish(conversation_topic(conversation_id), news_encoder.encode(news))
            self._repeated += 1
            step += 1
        if step >= len(steps):
            del self._repeating[conversation_id]
            return
        delay_s = steps[step] - (steps[step - 1] if step else 0.0)
        self._repeat_in(delay_s, conversation_id, seq, step)

    def _spawn(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def until_available(read: Callable[[], Awaitable[Found]]) -> Found:
    """Read, again and again with growing pauses while the store is away."""
    delay_s = 0.1
    while True:
        try:
            return await read()
        except Unavailable:
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, 2.0)
