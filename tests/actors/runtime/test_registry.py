"""The registry: wakes by key, sleeps when idle, restarts within a budget, stops in order."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from actors.runtime.actor import Stopped
from actors.runtime.registry import Budget, Registry
from actors.runtime.run_queue import RunQueue
from actors.runtime.wheel import Wheel
from tests.until import until

IDLE_S = 0.05


class Life:
    """One life of a key; all lives of a test write into the same book."""

    def __init__(self, key: str, book: "Book") -> None:
        self.key = key
        self.book = book
        self.busy = False

    async def wake(self) -> None:
        self.book.events.append(f"wake {self.key}")
        if self.book.fail_wakes:
            self.book.fail_wakes -= 1
            raise RuntimeError("no")

    async def sleep(self) -> None:
        await self.book.sleeping.wait()
        self.book.events.append(f"sleep {self.key}")

    def abandon(self, reason: Exception) -> None:
        self.book.events.append(f"abandon {self.key}")

    def receive(self, message: object) -> Coroutine[Any, Any, None] | None:
        if isinstance(message, Exception):
            raise message
        self.book.received.append(message)
        return None

    def refuse(self, message: object, reason: Exception) -> None:
        self.book.refused.append(message)


class Book:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.received: list[object] = []
        self.refused: list[object] = []
        self.fail_wakes = 0
        self.sleeping = asyncio.Event()
        self.sleeping.set()


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def registry(book: Book) -> AsyncIterator[Registry[str, object]]:
    loop = asyncio.get_running_loop()
    wheel = Wheel(loop, tick_s=0.01)
    registry: Registry[str, object] = Registry(
        lambda key: Life(key, book),
        RunQueue(loop),
        wheel,
        mailbox=10,
        idle_s=IDLE_S,
        budget=Budget(restarts=2, window_s=0.2),
    )
    yield registry
    await registry.close(1.0)
    wheel.close()


async def test_a_message_wakes_its_actor_and_waits_for_it(
    book: Book, registry: Registry[str, object]
) -> None:
    """Nothing is received before `wake` has ended, and nothing is lost."""
    registry.tell("a", 1)
    registry.tell("a", 2)
    await until(lambda: book.received == [1, 2])

    assert book.events == ["wake a"]


async def test_an_idle_actor_sleeps_and_wakes_again(book: Book, registry: Registry[str, object]) -> None:
    """Sleeping writes what was not written; the next message begins a new life."""
    registry.tell("a", 1)
    await until(lambda: "sleep a" in book.events)
    assert registry.awake("a") is None

    registry.tell("a", 2)
    await until(lambda: book.received == [1, 2])

    assert book.events[:3] == ["wake a", "sleep a", "wake a"]


async def test_a_new_life_waits_for_the_last_one_to_be_written(
    book: Book, registry: Registry[str, object]
) -> None:
    """What the sleeping actor still writes is in the store before the next one reads it."""
    book.sleeping.clear()
    registry.tell("a", 1)
    await until(lambda: book.received == [1] and registry.awake("a") is None)
    registry.tell("a", 2)
    for _ in range(10):
        await asyncio.sleep(0)
    assert book.received == [1]

    book.sleeping.set()
    await until(lambda: book.received == [1, 2])
    assert book.events[:3] == ["wake a", "sleep a", "wake a"]


async def test_a_crash_restarts_with_the_mail_kept(book: Book, registry: Registry[str, object]) -> None:
    """The message that crashed is refused, those behind it go to the next life."""
    fault = RuntimeError("x")
    registry.tell("a", fault)
    registry.tell("a", "kept")
    await until(lambda: book.received == ["kept"])

    assert book.refused == [fault]
    assert book.events[:3] == ["wake a", "abandon a", "wake a"]
    assert registry.statistics().restarts == 1


async def test_past_its_budget_a_key_is_quarantined_for_a_while(
    book: Book, registry: Registry[str, object]
) -> None:
    """Crash upon crash ends in refusals, for the key alone, and not for ever."""
    book.fail_wakes = 3
    registry.tell("a", "lost?")
    await until(lambda: registry.statistics().quarantined == 1)
    assert book.refused == ["lost?"]
    with pytest.raises(Stopped):
        registry.tell("a", "now")

    registry.tell("b", "others live")
    await until(lambda: book.received == ["others live"])

    def taken() -> bool:
        try:
            registry.tell("a", "again")
        except Stopped:
            return False
        return True

    await until(taken)
    await until(lambda: "again" in book.received)


async def test_closing_handles_all_that_was_told(book: Book, registry: Registry[str, object]) -> None:
    """An orderly stop drains: told is handled, then written; afterwards nothing is taken."""
    for number in range(5):
        registry.tell("a", number)
        registry.tell("b", number)
    await registry.close(2.0)

    assert sorted(map(str, book.received)) == sorted(map(str, [*range(5), *range(5)]))
    assert {"sleep a", "sleep b"} <= set(book.events)
    with pytest.raises(Stopped):
        registry.tell("a", "late")


async def test_statistics_count_what_waits(book: Book, registry: Registry[str, object]) -> None:
    """An operator sees who is awake and how much mail there is."""
    registry.tell("a", 1)
    registry.tell("a", 2)
    statistics = registry.statistics()

    assert (statistics.awake, statistics.mailbox_depth, statistics.mailbox_depth_max) == (1, 2, 2)
