"""The log writer: batches are what piled up, refusals touch only their own conversation."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.conversation.entries import text_entry
from actors.conversation.letters import Draft
from actors.conversation.log_writer import LogWriter, Run
from config.limits import Limits
from storage.errors import Unavailable
from storage.memory.message_log import MemoryMessageLog
from storage.records.identifiers import new_draft, new_id
from storage.records.messaging import Appended, Entry, MessageEntry, Taken
from tests.actors.town import ANA
from tests.until import until


class Watched(MemoryMessageLog):
    """A log that notes each batch, and that answers only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failures = 0

    async def append(self, entries: Sequence[Entry]) -> Appended:
        self.batches.append([entry.conversation_id for entry in entries])
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise Unavailable
        return await super().append(entries)


@pytest.fixture
async def log() -> Watched:
    return Watched()


def entry(conversation_id: str, seq: int) -> MessageEntry:
    draft = Draft(new_draft(), ANA, f"c{new_draft()}", "hello", (), None)
    return text_entry(conversation_id, seq, draft)


class Ended:
    """How runs ended, by name, in the order in which they did."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, Appended | None]] = []

    def run(self, name: str, entries: list[MessageEntry], *, contended: bool = False) -> Run:
        return Run(entries, contended, lambda appended: self.runs.append((name, appended)))


def writer(log: Watched, **limits: int) -> LogWriter:
    return LogWriter(log, Limits(**limits))  # type: ignore[arg-type]


async def test_runs_of_one_tick_are_one_batch(log: Watched) -> None:
    """An idle server adds no delay, and what came together goes together."""
    ended, written = Ended(), writer(log)
    rooms = [new_id() for _ in range(5)]
    for room in rooms:
        written.submit(ended.run(room, [entry(room, 1)]))
    await written.drain()

    assert log.batches == [rooms]
    assert ended.runs == [(room, Appended(1)) for room in rooms]


async def test_what_piles_up_during_a_write_is_the_next_batch(log: Watched) -> None:
    """With every place in flight taken, the rest waits and goes out as one."""
    ended, written = Ended(), writer(log, log_batches_in_flight=1)
    log.open.clear()
    rooms = [new_id() for _ in range(4)]
    written.submit(ended.run("first", [entry(rooms[0], 1)]))
    await until(lambda: log.batches)
    for room in rooms[1:]:
        written.submit(ended.run(room, [entry(room, 1)]))
    assert written.statistics().waiting_entries == 3
    log.open.set()
    await written.drain()

    assert log.batches == [rooms[:1], rooms[1:]]


async def test_a_refusal_ends_its_run_and_the_others_go_on(log: Watched) -> None:
    """What stood behind it in the batch was not reached, and goes out again at once."""
    ended, written = Ended(), writer(log)
    here, lost, there = new_id(), new_id(), new_id()
    await log.append([entry(lost, 1)])
    written.submit(ended.run("here", [entry(here, 1), entry(here, 2)]))
    written.submit(ended.run("lost", [entry(lost, 1), entry(lost, 2)]))
    written.submit(ended.run("there", [entry(there, 1)]))
    await written.drain()

    assert ended.runs == [("here", Appended(2)), ("lost", Appended(0, Taken())), ("there", Appended(1))]
    assert [one.seq for one in await log.read(lost, 0, 10)] == [1]


async def test_a_contended_run_writes_alone(log: Watched) -> None:
    """Its refusals hold nobody up."""
    ended, written = Ended(), writer(log)
    hot, calm = new_id(), new_id()
    written.submit(ended.run("calm", [entry(calm, 1)]))
    written.submit(ended.run("hot", [entry(hot, 1)], contended=True))
    await written.drain()

    assert sorted(log.batches) == sorted([[hot], [calm]])


async def test_an_unknown_outcome_is_tried_again_until_it_is_known(log: Watched) -> None:
    """The very same entries: stored once, answered as stored."""
    ended, written = Ended(), writer(log)
    room = new_id()
    log.failures = 2
    written.submit(ended.run("run", [entry(room, 1)]))
    await written.drain()

    assert ended.runs == [("run", Appended(1))]
    assert written.statistics().retries == 2


async def test_a_store_that_stays_away_is_told_as_unknown(log: Watched) -> None:
    """After its time is up a run is answered with None: neither stored nor refused."""
    ended, written = Ended(), writer(log, request_timeout_ms=100)
    log.failures = 1_000_000
    written.submit(ended.run("run", [entry(new_id(), 1)]))
    await written.drain()

    assert ended.runs == [("run", None)]


@pytest.mark.parametrize("kept", [0, 1, 3])
async def test_a_failure_in_the_middle_of_a_batch_leaves_no_hole(log: Watched, kept: int) -> None:
    """What was stored before it counts; trying again stores the rest behind it."""
    ended, written = Ended(), writer(log)
    rooms = [new_id(), new_id()]
    log.fail_next(after_storing=kept)
    for room in rooms:
        written.submit(ended.run(room, [entry(room, seq) for seq in (1, 2, 3)]))
    await written.drain()

    assert ended.runs == [(room, Appended(3)) for room in rooms]
    for room in rooms:
        assert [one.seq for one in await log.read(room, 0, 10)] == [1, 2, 3]
