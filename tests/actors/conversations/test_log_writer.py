"""The log writer: batches are what piled up, refusals touch only their own conversation."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.conversations.commands import Draft
from actors.conversations.entries import text_entry
from actors.conversations.log_writer import LogBatch, LogWriter
from config.limits import Limits
from storage.contracts.identifiers import new_attempt_id, new_id
from storage.contracts.messaging import Appended, Entry, MessageEntry, SeqConflict
from storage.errors import Unavailable
from storage.memory.message_log import MemoryMessageLog
from tests.actors.fake_cluster import ANA
from tests.until import until


class RecordingMessageLog(MemoryMessageLog):
    """A log that notes each batch, and that answers only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.failures = 0

    async def append(self, entries: Sequence[Entry]) -> Appended:
        self.batches.append([entry.conversation_id for entry in entries])
        await self.may_answer.wait()
        if self.failures:
            self.failures -= 1
            raise Unavailable
        return await super().append(entries)


@pytest.fixture
async def log() -> RecordingMessageLog:
    return RecordingMessageLog()


def entry(conversation_id: str, seq: int) -> MessageEntry:
    draft = Draft(new_attempt_id(), ANA, f"c{new_attempt_id()}", "hello", (), None)
    return text_entry(conversation_id, seq, draft)


class RecordingResults:
    """How runs ended, by name, in the order in which they did."""

    def __init__(self) -> None:
        self.results: list[tuple[str, Appended | None]] = []

    def batch(self, name: str, entries: list[MessageEntry], *, contended: bool = False) -> LogBatch:
        return LogBatch(entries, contended, lambda appended: self.results.append((name, appended)))


def writer(log: RecordingMessageLog, **limits: int) -> LogWriter:
    return LogWriter(log, Limits(**limits))  # type: ignore[arg-type]


async def test_batches_of_one_tick_are_written_together(log: RecordingMessageLog) -> None:
    """An idle server adds no delay, and what came together goes together."""
    ended, written = RecordingResults(), writer(log)
    rooms = [new_id() for _ in range(5)]
    for room in rooms:
        written.submit(ended.batch(room, [entry(room, 1)]))
    await written.drain()

    assert log.batches == [rooms]
    assert ended.results == [(room, Appended(1)) for room in rooms]


async def test_batches_queued_during_a_write_are_written_together(log: RecordingMessageLog) -> None:
    """With every place in flight taken, the rest waits and goes out as one."""
    ended, written = RecordingResults(), writer(log, log_batches_in_flight=1)
    log.may_answer.clear()
    rooms = [new_id() for _ in range(4)]
    written.submit(ended.batch("first", [entry(rooms[0], 1)]))
    await until(lambda: log.batches)
    for room in rooms[1:]:
        written.submit(ended.batch(room, [entry(room, 1)]))
    assert written.statistics().waiting_entries == 3
    log.may_answer.set()
    await written.drain()

    assert log.batches == [rooms[:1], rooms[1:]]


async def test_refusal_ends_only_its_own_batch(log: RecordingMessageLog) -> None:
    """What stood behind it in the batch was not reached, and goes out again at once."""
    ended, written = RecordingResults(), writer(log)
    here, lost, there = new_id(), new_id(), new_id()
    await log.append([entry(lost, 1)])
    written.submit(ended.batch("here", [entry(here, 1), entry(here, 2)]))
    written.submit(ended.batch("lost", [entry(lost, 1), entry(lost, 2)]))
    written.submit(ended.batch("there", [entry(there, 1)]))
    await written.drain()

    assert ended.results == [
        ("here", Appended(2)),
        ("lost", Appended(0, SeqConflict())),
        ("there", Appended(1)),
    ]
    assert [one.seq for one in await log.read(lost, 0, 10)] == [1]


async def test_contended_batch_is_written_alone(log: RecordingMessageLog) -> None:
    """Its refusals hold nobody up."""
    ended, written = RecordingResults(), writer(log)
    hot, calm = new_id(), new_id()
    written.submit(ended.batch("calm", [entry(calm, 1)]))
    written.submit(ended.batch("hot", [entry(hot, 1)], contended=True))
    await written.drain()

    assert sorted(log.batches) == sorted([[hot], [calm]])


async def test_unknown_outcome_is_retried_with_the_same_entries(log: RecordingMessageLog) -> None:
    """The very same entries: stored once, answered as stored."""
    ended, written = RecordingResults(), writer(log)
    room = new_id()
    log.failures = 2
    written.submit(ended.batch("run", [entry(room, 1)]))
    await written.drain()

    assert ended.results == [("run", Appended(1))]
    assert written.statistics().retries == 2


async def test_store_outage_past_the_timeout_returns_none(log: RecordingMessageLog) -> None:
    """After its time is up a run is answered with None: neither stored nor refused."""
    ended, written = RecordingResults(), writer(log, request_timeout_ms=100)
    log.failures = 1_000_000
    written.submit(ended.batch("run", [entry(new_id(), 1)]))
    await written.drain()

    assert ended.results == [("run", None)]


@pytest.mark.parametrize("kept", [0, 1, 3])
async def test_partly_stored_write_leaves_no_gap(log: RecordingMessageLog, kept: int) -> None:
    """What was stored before it counts; trying again stores the rest behind it."""
    ended, written = RecordingResults(), writer(log)
    rooms = [new_id(), new_id()]
    log.fail_next(after_storing=kept)
    for room in rooms:
        written.submit(ended.batch(room, [entry(room, seq) for seq in (1, 2, 3)]))
    await written.drain()

    assert ended.results == [(room, Appended(3)) for room in rooms]
    for room in rooms:
        assert [one.seq for one in await log.read(room, 0, 10)] == [1, 2, 3]
