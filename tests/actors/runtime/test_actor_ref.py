"""Actor references: one message at a time, in order, none lost silently."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.actor_ref import MESSAGES_PER_TURN, ActorRef
from actors.runtime.run_queue import RunQueue
from tests.until import until


class RecordingActor:
    """Records what it receives; a float makes it wait, an exception makes it crash."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.refused: list[tuple[object, Exception]] = []
        self.running = 0
        self.max_running = 0
        self.gate = asyncio.Event()

    def receive(self, message: object) -> Coroutine[Any, Any, None] | None:
        if isinstance(message, Exception):
            raise message
        self.received.append(message)
        return self.wait() if message == "wait" else None

    async def wait(self) -> None:
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        await self.gate.wait()
        self.running -= 1

    def refuse(self, message: object, reason: Exception) -> None:
        self.refused.append((message, reason))


class ActorRefs:
    def __init__(self) -> None:
        self.queue = RunQueue(asyncio.get_running_loop())
        self.crashes: list[Exception] = []

    def make(self, actor: RecordingActor, limit: int = 10) -> ActorRef[object]:
        return ActorRef(actor, self.queue, limit, lambda _cell, error: self.crashes.append(error))


@pytest.fixture
async def refs() -> ActorRefs:
    return ActorRefs()


@pytest.fixture
async def actor() -> RecordingActor:
    return RecordingActor()


async def test_messages_are_received_in_order(refs: ActorRefs, actor: RecordingActor) -> None:
    """Messages are received first in, first out, over many turns."""
    ref = refs.make(actor, limit=1000)
    for number in range(5 * MESSAGES_PER_TURN):
        ref.tell(number)

    await until(lambda: ref.idle)

    assert actor.received == list(range(5 * MESSAGES_PER_TURN))


async def test_tell_does_not_run_the_actor_inline(refs: ActorRefs, actor: RecordingActor) -> None:
    """`tell` does not run the receiver inside the sender."""
    refs.make(actor).tell("x")

    assert actor.received == []


async def test_full_mailbox_rejects_new_messages(refs: ActorRefs, actor: RecordingActor) -> None:
    """A full mailbox raises in the sender; accepted messages are handled."""
    ref = refs.make(actor, limit=2)
    ref.tell(1)
    ref.tell(2)

    with pytest.raises(MailboxFull):
        ref.tell(3)
    await until(lambda: ref.idle)

    assert actor.received == [1, 2]


async def test_put_waits_for_mailbox_space(refs: ActorRefs, actor: RecordingActor) -> None:
    """Waiting senders are admitted in order when there is space."""
    ref = refs.make(actor, limit=1)
    ref.tell(1)

    async with asyncio.timeout(5):
        await asyncio.gather(ref.put(2), ref.put(3))
    await until(lambda: ref.idle)

    assert actor.received == [1, 2, 3]


async def test_messages_are_handled_one_at_a_time(refs: ActorRefs, actor: RecordingActor) -> None:
    """An actor receives nothing while its coroutine runs."""
    ref = refs.make(actor)
    for message in ("wait", "wait", "after"):
        ref.tell(message)
    await until(lambda: actor.running == 1)

    assert actor.received == ["wait"]
    actor.gate.set()
    await until(lambda: ref.idle)

    assert actor.received == ["wait", "wait", "after"]
    assert actor.max_running == 1


async def test_deliver_inline_keeps_order(refs: ActorRefs, actor: RecordingActor) -> None:
    """`deliver_inline` runs an idle actor at once, and queues for a busy one."""
    ref = refs.make(actor)
    ref.deliver_inline("now")
    assert actor.received == ["now"]

    ref.tell("first")
    ref.deliver_inline("second")
    await until(lambda: ref.idle)

    assert actor.received == ["now", "first", "second"]


async def test_deliver_reply_ignores_the_mailbox_limit(refs: ActorRefs, actor: RecordingActor) -> None:
    """A reply precedes other messages and is accepted by a full mailbox."""
    ref = refs.make(actor, limit=1)
    ref.tell("message")
    ref.deliver_reply("reply")
    await until(lambda: ref.idle)

    assert actor.received == ["reply", "message"]


async def test_replies_keep_their_order_before_other_messages(refs: ActorRefs, actor: RecordingActor) -> None:
    """Replies keep their order while the actor waits and between its turns."""
    ref = refs.make(actor, limit=100)
    ref.deliver_inline("wait")
    ref.tell("message")
    for number in range(3):
        ref.deliver_reply(number)
    actor.gate.set()
    await until(lambda: ref.idle)
    ref.tell("more")
    for number in range(3, 5):
        ref.deliver_reply(number)
    await until(lambda: ref.idle)

    assert actor.received == ["wait", 0, 1, 2, "message", 3, 4, "more"]


async def test_ask_returns_the_reply(refs: ActorRefs) -> None:
    """The reply future travels in the message."""

    class Doubler(RecordingActor):
        def receive(self, message: object) -> None:
            assert isinstance(message, tuple)
            number, reply = message
            reply.set_result(number * 2)

    ref: ActorRef[object] = refs.make(Doubler())

    assert await ref.ask(lambda reply: (21, reply), deadline_s=1.0) == 42


async def test_ask_times_out(refs: ActorRefs, actor: RecordingActor) -> None:
    """A missing reply raises TimeoutError."""
    with pytest.raises(TimeoutError):
        await refs.make(actor).ask(lambda reply: reply, deadline_s=0.01)


async def test_crash_notifies_sender_and_supervisor(refs: ActorRefs, actor: RecordingActor) -> None:
    """The message that crashed is refused; the others wait for the restart."""
    ref = refs.make(actor)
    fault = RuntimeError("x")
    ref.tell(fault)
    ref.tell("kept")
    await until(lambda: refs.crashes)

    assert refs.crashes == [fault]
    assert actor.refused == [(fault, fault)]
    assert ref.depth == 1


async def test_stop_refuses_queued_messages(refs: ActorRefs, actor: RecordingActor) -> None:
    """Queued messages are refused on stop; later ones are not accepted."""
    ref = refs.make(actor)
    ref.tell("wait")
    ref.tell("left")
    await until(lambda: actor.running == 1)
    ref.stop(Stopped())
    await until(lambda: len(actor.refused) == 2)

    assert {message for message, _ in actor.refused} == {"wait", "left"}
    with pytest.raises(Stopped):
        ref.tell("late")


async def test_idle_actor_has_no_task_and_no_mailbox(refs: ActorRefs, actor: RecordingActor) -> None:
    """An idle actor holds no task and no mailbox."""
    before = len(asyncio.all_tasks())
    ref = refs.make(actor)
    ref.tell("x")
    await until(lambda: ref.idle)

    assert ref.depth == 0
    assert ref._mailbox is None
    assert len(asyncio.all_tasks()) == before


async def test_busy_actor_yields_to_other_actors(refs: ActorRefs) -> None:
    """After `MESSAGES_PER_TURN` messages the next actor runs."""
    order: list[str] = []

    class Named(RecordingActor):
        def receive(self, message: object) -> None:
            order.append(str(message))

    busy, other = refs.make(Named(), limit=1000), refs.make(Named())
    for _ in range(3 * MESSAGES_PER_TURN):
        busy.tell("busy")
    other.tell("other")
    await until(lambda: busy.idle and other.idle)

    assert order.index("other") == MESSAGES_PER_TURN
