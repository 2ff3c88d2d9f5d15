"""Cells: one message at a time, in order, never lost without a word."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.cell import TURN, Cell
from actors.runtime.run_queue import RunQueue
from tests.until import until


class Recorder:
    """Notes what it receives; a float makes it wait, an exception makes it crash."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.refused: list[tuple[object, Exception]] = []
        self.inside = 0
        self.most_inside = 0
        self.gate = asyncio.Event()

    def receive(self, message: object) -> Coroutine[Any, Any, None] | None:
        if isinstance(message, Exception):
            raise message
        self.received.append(message)
        return self.wait() if message == "wait" else None

    async def wait(self) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await self.gate.wait()
        self.inside -= 1

    def refuse(self, message: object, reason: Exception) -> None:
        self.refused.append((message, reason))


class Cells:
    def __init__(self) -> None:
        self.queue = RunQueue(asyncio.get_running_loop())
        self.crashes: list[Exception] = []

    def make(self, actor: Recorder, limit: int = 10) -> Cell[object]:
        return Cell(actor, self.queue, limit, lambda _cell, error: self.crashes.append(error))


@pytest.fixture
async def cells() -> Cells:
    return Cells()


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


async def test_messages_come_in_the_order_they_were_told(cells: Cells, recorder: Recorder) -> None:
    """First in, first received, over many turns."""
    cell = cells.make(recorder, limit=1000)
    for number in range(5 * TURN):
        cell.tell(number)

    await until(lambda: cell.idle)

    assert recorder.received == list(range(5 * TURN))


async def test_nothing_is_received_before_the_loop_turns(cells: Cells, recorder: Recorder) -> None:
    """`tell` never runs the receiver inside the sender."""
    cells.make(recorder).tell("x")

    assert recorder.received == []


async def test_a_full_mailbox_refuses_and_keeps_what_it_has(cells: Cells, recorder: Recorder) -> None:
    """The sender of what was not taken is told at once; what was taken is handled."""
    cell = cells.make(recorder, limit=2)
    cell.tell(1)
    cell.tell(2)

    with pytest.raises(MailboxFull):
        cell.tell(3)
    await until(lambda: cell.idle)

    assert recorder.received == [1, 2]


async def test_put_waits_for_room(cells: Cells, recorder: Recorder) -> None:
    """Waiting senders get in, in their order, once there is room."""
    cell = cells.make(recorder, limit=1)
    cell.tell(1)

    async with asyncio.timeout(5):
        await asyncio.gather(cell.put(2), cell.put(3))
    await until(lambda: cell.idle)

    assert recorder.received == [1, 2, 3]


async def test_the_next_message_waits_for_the_last_to_end(cells: Cells, recorder: Recorder) -> None:
    """An actor that waits for something receives nothing meanwhile."""
    cell = cells.make(recorder)
    for message in ("wait", "wait", "after"):
        cell.tell(message)
    await until(lambda: recorder.inside == 1)

    assert recorder.received == ["wait"]
    recorder.gate.set()
    await until(lambda: cell.idle)

    assert recorder.received == ["wait", "wait", "after"]
    assert recorder.most_inside == 1


async def test_a_handed_message_overtakes_nothing(cells: Cells, recorder: Recorder) -> None:
    """`hand` runs an idle actor at once, and queues behind what a busy one has."""
    cell = cells.make(recorder)
    cell.hand("now")
    assert recorder.received == ["now"]

    cell.tell("first")
    cell.hand("second")
    await until(lambda: cell.idle)

    assert recorder.received == ["now", "first", "second"]


async def test_an_answer_gets_in_where_the_mailbox_is_full(cells: Cells, recorder: Recorder) -> None:
    """What an actor asked for comes before other mail and is never refused for want of room."""
    cell = cells.make(recorder, limit=1)
    cell.tell("mail")
    cell.answer("answer")
    await until(lambda: cell.idle)

    assert recorder.received == ["answer", "mail"]


async def test_answers_keep_their_order_before_other_mail(cells: Cells, recorder: Recorder) -> None:
    """However many come while the actor waits, and between its turns."""
    cell = cells.make(recorder, limit=100)
    cell.hand("wait")
    cell.tell("mail")
    for number in range(3):
        cell.answer(number)
    recorder.gate.set()
    await until(lambda: cell.idle)
    cell.tell("more")
    for number in range(3, 5):
        cell.answer(number)
    await until(lambda: cell.idle)

    assert recorder.received == ["wait", 0, 1, 2, "mail", 3, 4, "more"]


async def test_ask_gives_the_reply(cells: Cells) -> None:
    """The reply travels in the letter."""

    class Doubler(Recorder):
        def receive(self, message: object) -> None:
            assert isinstance(message, tuple)
            number, reply = message
            reply.set_result(number * 2)

    cell: Cell[object] = cells.make(Doubler())

    assert await cell.ask(lambda reply: (21, reply), deadline_s=1.0) == 42


async def test_ask_gives_up_at_its_deadline(cells: Cells, recorder: Recorder) -> None:
    """No reply in time is a TimeoutError, not a hang."""
    with pytest.raises(TimeoutError):
        await cells.make(recorder).ask(lambda reply: reply, deadline_s=0.01)


async def test_a_crash_tells_the_sender_and_the_supervisor(cells: Cells, recorder: Recorder) -> None:
    """What crashed the handler is refused to its sender; the rest of the mail waits for the next life."""
    cell = cells.make(recorder)
    fault = RuntimeError("x")
    cell.tell(fault)
    cell.tell("kept")
    await until(lambda: cells.crashes)

    assert cells.crashes == [fault]
    assert recorder.refused == [(fault, fault)]
    assert cell.depth == 1


async def test_stopping_refuses_what_waits(cells: Cells, recorder: Recorder) -> None:
    """Every message told before the end is handled or refused; later ones are not taken."""
    cell = cells.make(recorder)
    cell.tell("wait")
    cell.tell("left")
    await until(lambda: recorder.inside == 1)
    cell.stop(Stopped())
    await until(lambda: len(recorder.refused) == 2)

    assert {message for message, _ in recorder.refused} == {"wait", "left"}
    with pytest.raises(Stopped):
        cell.tell("late")


async def test_an_idle_cell_has_no_task_and_no_mailbox(cells: Cells, recorder: Recorder) -> None:
    """Idle costs nothing but the object."""
    before = len(asyncio.all_tasks())
    cell = cells.make(recorder)
    cell.tell("x")
    await until(lambda: cell.idle)

    assert cell.depth == 0
    assert cell._mail is None
    assert len(asyncio.all_tasks()) == before


async def test_a_busy_actor_lets_others_have_their_turn(cells: Cells) -> None:
    """After a turn's worth of messages the next actor runs."""
    order: list[str] = []

    class Named(Recorder):
        def receive(self, message: object) -> None:
            order.append(str(message))

    busy, other = cells.make(Named(), limit=1000), cells.make(Named())
    for _ in range(3 * TURN):
        busy.tell("busy")
    other.tell("other")
    await until(lambda: busy.idle and other.idle)

    assert order.index("other") == TURN
