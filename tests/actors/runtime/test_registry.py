"""The registry: activation by key, passivation when idle, restarts within a policy, orderly stop."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from actors.runtime.actor import Stopped
from actors.runtime.registry import Registry, RestartPolicy
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from tests.until import until

IDLE_S = 0.05


class RecordingActor:
    """One activation of a key; all actors of a test write to the same log."""

    def __init__(self, key: str, log: "ActorLog") -> None:
        self.key = key
        self.log = log
        self.busy = False

    async def activate(self) -> None:
        self.log.events.append(f"wake {self.key}")
        if self.log.failing_activations:
            self.log.failing_activations -= 1
            raise RuntimeError("no")

    async def passivate(self) -> None:
        await self.log.may_passivate.wait()
        self.log.events.append(f"sleep {self.key}")

    def on_crash(self, reason: Exception) -> None:
        self.log.events.append(f"abandon {self.key}")

    def receive(self, message: object) -> Coroutine[Any, Any, None] | None:
        if isinstance(message, Exception):
            raise message
        self.log.received.append(message)
        return None

    def refuse(self, message: object, reason: Exception) -> None:
        self.log.refused.append(message)


class ActorLog:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.received: list[object] = []
        self.refused: list[object] = []
        self.failing_activations = 0
        self.may_passivate = asyncio.Event()
        self.may_passivate.set()


@pytest.fixture
async def log() -> ActorLog:
    return ActorLog()


@pytest.fixture
async def registry(log: ActorLog) -> AsyncIterator[Registry[str, object]]:
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop, tick_s=0.01)
    registry: Registry[str, object] = Registry(
        lambda key: RecordingActor(key, log),
        RunQueue(loop),
        wheel,
        mailbox_limit=10,
        idle_s=IDLE_S,
        restart_policy=RestartPolicy(max_restarts=2, window_s=0.2),
    )
    yield registry
    await registry.close(1.0)
    wheel.close()


async def test_first_message_activates_the_actor(log: ActorLog, registry: Registry[str, object]) -> None:
    """Messages are received after `activate` has finished, and none is lost."""
    registry.tell("a", 1)
    registry.tell("a", 2)
    await until(lambda: log.received == [1, 2])

    assert log.events == ["wake a"]


async def test_idle_actor_is_passivated_and_reactivated(
    log: ActorLog, registry: Registry[str, object]
) -> None:
    """Passivation saves the state; the next message activates a new actor."""
    registry.tell("a", 1)
    await until(lambda: "sleep a" in log.events)
    assert registry.get_active("a") is None

    registry.tell("a", 2)
    await until(lambda: log.received == [1, 2])

    assert log.events[:3] == ["wake a", "sleep a", "wake a"]


async def test_activation_waits_for_previous_passivation(
    log: ActorLog, registry: Registry[str, object]
) -> None:
    """The state saved by the old actor is stored before the new one loads it."""
    log.may_passivate.clear()
    registry.tell("a", 1)
    await until(lambda: log.received == [1] and registry.get_active("a") is None)
    registry.tell("a", 2)
    for _ in range(10):
        await asyncio.sleep(0)
    assert log.received == [1]

    log.may_passivate.set()
    await until(lambda: log.received == [1, 2])
    assert log.events[:3] == ["wake a", "sleep a", "wake a"]


async def test_restart_after_crash_keeps_the_mailbox(log: ActorLog, registry: Registry[str, object]) -> None:
    """The message that crashed is refused; those after it are handled by the new actor."""
    fault = RuntimeError("x")
    registry.tell("a", fault)
    registry.tell("a", "kept")
    await until(lambda: log.received == ["kept"])

    assert log.refused == [fault]
    assert log.events[:3] == ["wake a", "abandon a", "wake a"]
    assert registry.statistics().restarts == 1


async def test_key_is_quarantined_after_too_many_restarts(
    log: ActorLog, registry: Registry[str, object]
) -> None:
    """Repeated crashes refuse messages for that key only, and for a limited time."""
    log.failing_activations = 3
    registry.tell("a", "lost?")
    await until(lambda: registry.statistics().quarantined == 1)
    assert log.refused == ["lost?"]
    with pytest.raises(Stopped):
        registry.tell("a", "now")

    registry.tell("b", "others live")
    await until(lambda: log.received == ["others live"])

    def taken() -> bool:
        try:
            registry.tell("a", "again")
        except Stopped:
            return False
        return True

    await until(taken)
    await until(lambda: "again" in log.received)


async def test_close_drains_mailboxes(log: ActorLog, registry: Registry[str, object]) -> None:
    """Close handles queued messages, saves the state, and rejects new messages."""
    for number in range(5):
        registry.tell("a", number)
        registry.tell("b", number)
    await registry.close(2.0)

    assert sorted(map(str, log.received)) == sorted(map(str, [*range(5), *range(5)]))
    assert {"sleep a", "sleep b"} <= set(log.events)
    with pytest.raises(Stopped):
        registry.tell("a", "late")


async def test_statistics_count_active_actors_and_queued_messages(
    log: ActorLog, registry: Registry[str, object]
) -> None:
    """Statistics report active actors and mailbox depths."""
    registry.tell("a", 1)
    registry.tell("a", 2)
    statistics = registry.statistics()

    assert (statistics.active, statistics.mailbox_depth, statistics.mailbox_depth_max) == (1, 2, 2)


async def test_close_waits_for_a_passivation_that_has_begun(
    log: ActorLog, registry: Registry[str, object]
) -> None:
    """The last actor was idle and saves its state: close returns after that, though no actor is active."""
    log.may_passivate.clear()
    registry.tell("a", 1)
    await until(lambda: registry.statistics().passivations == 1)
    closing = asyncio.create_task(registry.close(2.0))
    await asyncio.sleep(0)

    log.may_passivate.set()
    await closing

    assert "sleep a" in log.events


async def test_quarantine_ends_without_another_message(
    log: ActorLog, registry: Registry[str, object]
) -> None:
    """The statistic is alerted on, so it counts only keys whose messages are refused now."""
    log.failing_activations = 3
    registry.tell("a", "lost")
    await until(lambda: registry.statistics().quarantined == 1)

    await until(lambda: registry.statistics().quarantined == 0, timeout_s=5)
