"""Repeats the head of each log on the bus, so that instances notice a lost last entry.

Instances notice a lost entry when the next one arrives. After the last one none arrives, so the instance that
stored it publishes its seq again after increasing delays.
"""

from collections.abc import Sequence
from typing import NamedTuple

from actors.delivery.bus_events import ConversationBus, HeadAnnounced
from actors.runtime.timer_wheel import Timer, TimerWheel


class RepeatedHead(NamedTuple):
    """The head of a log, how often it was repeated so far, and the timer of the next time."""

    seq: int
    repeat_count: int
    timer: Timer


class HeadAnnouncer:
    """`delays_s` are the times of the repeats, in seconds after the append; at least one.

    If appends follow each other closely, the repeats are later, by less than the first delay.
    """

    def __init__(self, bus: ConversationBus, wheel: TimerWheel, delays_s: Sequence[float]) -> None:
        self._bus = bus
        self._wheel = wheel
        self._delays_s = delays_s
        self._repeats: dict[str, RepeatedHead] = {}
        self.announced_count = 0

    def schedule(self, conversation_id: str, seq: int) -> None:
        """Repeat the head that this instance just stored, instead of the earlier one of the conversation."""
        repeat = self._repeats.get(conversation_id)
        if repeat is not None and repeat.repeat_count == 0:
            # Reuse the timer of the first repeat. `_repeat` waits once more if the head advanced.
            self._repeats[conversation_id] = repeat._replace(seq=seq)
            return
        if repeat is not None:
            repeat.timer.cancel()
        self._start_timer(self._delays_s[0], conversation_id, seq, 0)

    def _start_timer(self, delay_s: float, conversation_id: str, seq: int, repeat_count: int) -> None:
        timer = self._wheel.call_later(delay_s, lambda: self._repeat(conversation_id, seq))
        self._repeats[conversation_id] = RepeatedHead(seq, repeat_count, timer)

    def _repeat(self, conversation_id: str, scheduled_seq: int) -> None:
        seq, repeat_count, _ = self._repeats[conversation_id]
        # If the head advanced since, the new head waits its own first delay.
        if seq == scheduled_seq:
            self._bus.publish(conversation_id, HeadAnnounced(self._bus.instance, seq))
            self.announced_count += 1
            repeat_count += 1
        if repeat_count >= len(self._delays_s):
            del self._repeats[conversation_id]
            return
        delay_s = self._delays_s[repeat_count] - (self._delays_s[repeat_count - 1] if repeat_count else 0.0)
        self._start_timer(delay_s, conversation_id, seq, repeat_count)
