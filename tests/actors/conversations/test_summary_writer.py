"""Summaries of conversations are written in the background, one batch at a time, and all before a stop."""

import asyncio
from collections.abc import Callable, Sequence

from actors.conversations.summary_writer import SummaryWriter
from actors.runtime.timer_wheel import Timer, TimerWheel
from config.limits import Limits
from storage.contracts.messaging import ConversationSummary
from storage.memory.messaging import MemoryMessaging
from tests.storage.messaging.records import group, message


class BlockedMessaging(MemoryMessaging):
    """A store whose writes of summaries wait until `proceed` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.proceed = asyncio.Event(), asyncio.Event()
        self.running = self.most_running = 0
        self.written: list[str] = []

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.started.set()
        await self.proceed.wait()
        self.running -= 1
        self.written += [summary.conversation_id for summary in summaries]


class ManualWheel(TimerWheel):
    """Timers that fire when the test says so."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.callbacks: list[Callable[[], None]] = []

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        self.callbacks.append(callback)
        return Timer(callback)

    def fire(self) -> None:
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback()


async def test_closing_waits_for_summaries_that_are_being_written() -> None:
    """Also if no other summary is left to write."""
    store, wheel = BlockedMessaging(), ManualWheel()
    writer = SummaryWriter(store, wheel, Limits())
    room = group("ana").id
    writer.add_entry(message(room, 1))
    wheel.fire()
    await store.started.wait()
    assert len(writer) == 0
    asyncio.get_running_loop().call_soon(store.proceed.set)
    await writer.close()
    assert store.written == [room]


async def test_timer_that_fires_while_closing_starts_no_second_write() -> None:
    """The timer was set before; what it was for is written already."""
    store, wheel = BlockedMessaging(), ManualWheel()
    writer = SummaryWriter(store, wheel, Limits())
    room = group("ana").id
    writer.add_entry(message(room, 1))
    closing = asyncio.create_task(writer.close())
    await store.started.wait()
    wheel.fire()
    store.proceed.set()
    await closing
    assert (store.written, store.most_running) == ([room], 1)
