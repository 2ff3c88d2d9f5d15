"""The log writer: queued batches are written together, and a refusal affects one conversation."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.conversations.commands import Draft
from actors.conversations.entries import text_entry
from actors.conversations.log_writer import LogBatch, LogWriter
from actors.conversations.write_backlog import DETECTION_S
from config.limits import Limits
from storage.contracts.identifiers import new_attempt_id, new_id
from storage.contracts.message_log import Appended, Duplicates, Entry, MessageEntry, SeqConflict
from storage.errors import Unavailable
from storage.memory.message_log import MemoryMessageLog
from tests.actors.fake_cluster import ANA
from tests.until import until


class RecordingMessageLog(MemoryMessageLog):
    """A log that records each write, waits for `can_respond`, and fails `failures` times."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[list[str]] = []
        self.can_respond = asyncio.Event()
        self.can_respond.set()
        self.failures = 0
        self.lookups = 0
        self.lookup_failures = 0

    async def find_conflicts(
        self, batches: Sequence[Sequence[Entry]]
    ) -> list[SeqConflict | Duplicates | None]:
        self.lookups += 1
        if self.lookup_failures:
            self.lookup_failures -= 1
            raise Unavailable
        return await super().find_conflicts(batches)

    async def append(self, entries: Sequence[Entry]) -> Appended:
        self.writes.append([entry.conversation_id for entry in entries])
        await self.can_respond.wait()
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
    """Records the results of named batches, in order."""

    def __init__(self) -> None:
        self.results: list[tuple[str, Appended | None]] = []

    def batch(self, name: str, entries: list[MessageEntry], *, contended: bool = False) -> LogBatch:
        return LogBatch(entries, contended, lambda appended: self.results.append((name, appended)))


def create_writer(log: RecordingMessageLog, **limits: int) -> LogWriter:
    return LogWriter(log, Limits(**limits))  # type: ignore[arg-type]


async def test_batches_of_one_tick_are_written_together(log: RecordingMessageLog) -> None:
    """Batches submitted in the same tick share one write."""
    results, writer = RecordingResults(), create_writer(log)
    rooms = [new_id() for _ in range(5)]
    for room in rooms:
        writer.submit(results.batch(room, [entry(room, 1)]))
    await writer.drain()

    assert log.writes == [rooms]
    assert results.results == [(room, Appended(1)) for room in rooms]


async def test_batches_queued_during_a_write_are_written_together(log: RecordingMessageLog) -> None:
    """With all write slots in use, waiting batches share the next write."""
    results, writer = RecordingResults(), create_writer(log, log_batches_in_flight=1)
    log.can_respond.clear()
    rooms = [new_id() for _ in range(4)]
    writer.submit(results.batch("first", [entry(rooms[0], 1)]))
    await until(lambda: log.writes)
    for room in rooms[1:]:
        writer.submit(results.batch(room, [entry(room, 1)]))
    assert writer.statistics().waiting_entries == 3
    log.can_respond.set()
    await writer.drain()

    assert log.writes == [rooms[:1], rooms[1:]]


async def test_refusal_ends_only_its_own_batch(log: RecordingMessageLog) -> None:
    """The batches after the refused one are written again at once."""
    results, writer = RecordingResults(), create_writer(log)
    here, lost, there = new_id(), new_id(), new_id()
    await log.append([entry(lost, 1)])
    writer.submit(results.batch("here", [entry(here, 1), entry(here, 2)]))
    writer.submit(results.batch("lost", [entry(lost, 1), entry(lost, 2)]))
    writer.submit(results.batch("there", [entry(there, 1)]))
    await writer.drain()

    assert results.results == [
        ("here", Appended(2)),
        ("lost", Appended(0, SeqConflict())),
        ("there", Appended(1)),
    ]
    assert [stored.seq for stored in await log.read(lost, 0, 10)] == [1]


async def test_refusals_in_many_conversations_cost_one_more_attempt(log: RecordingMessageLog) -> None:
    """After the first refusal, the conversations that would be refused are looked up."""
    results, writer = RecordingResults(), create_writer(log)
    lost = [new_id() for _ in range(30)]
    won = [new_id() for _ in range(30)]
    await log.append([entry(room, 1) for room in lost])
    for room in [*lost, *won]:
        writer.submit(results.batch(room, [entry(room, seq) for seq in (1, 2, 3)]))
    await writer.drain()

    assert [name for name, appended in results.results if appended == Appended(3)] == won
    assert [name for name, appended in results.results if appended == Appended(0, SeqConflict())] == lost
    assert [len(written) for written in log.writes[1:]] == [3 * 60, 3 * 30]
    assert writer.statistics().refusals == 30


async def test_conflicts_are_looked_up_until_there_are_none(log: RecordingMessageLog) -> None:
    """A write after a refusal looks first; one after a write without conflicts does not."""
    results, writer = RecordingResults(), create_writer(log)
    room = new_id()
    others = [entry(room, seq) for seq in (1, 2, 3)]
    await log.append(others)
    for seq in (1, 2, 3, 4, 5):
        writer.submit(results.batch(f"seq {seq}", [entry(room, seq)]))
        await writer.drain()
    conflicts = SeqConflict()
    assert results.results == [
        *((f"seq {seq}", Appended(0, conflicts)) for seq in (1, 2, 3)),
        ("seq 4", Appended(1)),
        ("seq 5", Appended(1)),
    ]
    assert len(log.writes) == 1 + 3
    assert log.lookups == 3


async def test_failed_lookup_of_conflicts_is_followed_by_an_attempt(log: RecordingMessageLog) -> None:
    """The attempt finds the conflicts, and is retried if the store is still unavailable."""
    results, writer = RecordingResults(), create_writer(log)
    lost, won = new_id(), new_id()
    await log.append([entry(lost, 1)])
    log.lookup_failures = 1
    writer.submit(results.batch("lost", [entry(lost, 1)]))
    writer.submit(results.batch("won", [entry(won, 1)]))
    await writer.drain()

    assert results.results == [("lost", Appended(0, SeqConflict())), ("won", Appended(1))]


async def test_contended_batches_share_separate_writes(log: RecordingMessageLog) -> None:
    """Those of conversations that lost a seq, without those that lost another one."""
    results, writer = RecordingResults(), create_writer(log)
    lost, *hot = [new_id() for _ in range(4)]
    quiet = new_id()
    await log.append([entry(lost, 1)])
    writer.submit(results.batch("quiet", [entry(quiet, 1)]))
    for room in [lost, *hot]:
        writer.submit(results.batch(room, [entry(room, 1)], contended=True))
    await writer.drain()

    assert sorted(log.writes[1:]) == sorted([hot, [quiet]])
    assert dict(results.results) == {
        "quiet": Appended(1),
        lost: Appended(0, SeqConflict()),
        **dict.fromkeys(hot, Appended(1)),
    }


async def end_one_write(log: RecordingMessageLog) -> None:
    """Let the write in flight end after 30 ms, and the next one begin."""
    now = asyncio.get_running_loop().time
    count, started = len(log.writes), now()
    await until(lambda: now() > started + 0.03)
    log.can_respond.set()
    await until(lambda: len(log.writes) > count)
    log.can_respond.clear()


@pytest.mark.parametrize("with_contended", [False, True])
async def test_writer_is_overloaded_while_batches_wait_too_long(
    log: RecordingMessageLog, *, with_contended: bool
) -> None:
    """If what a write has no room for waits too long, also beside contended batches that do not wait."""
    results, writer = RecordingResults(), create_writer(log, log_batch_entries=1, log_wait_ms=20)
    now = asyncio.get_running_loop().time
    log.can_respond.clear()
    for _ in range(5):
        writer.submit(results.batch("", [entry(new_id(), 1)]))
    assert not writer.is_overloaded
    started = now()
    while not writer.is_overloaded and now() < started + 60:
        writer.submit(results.batch("", [entry(new_id(), 1)]))
        if with_contended:
            writer.submit(results.batch("", [entry(new_id(), 1)], contended=True))
        await end_one_write(log)
    assert writer.is_overloaded
    assert now() - started >= DETECTION_S
    log.can_respond.set()
    await writer.drain()
    assert not writer.is_overloaded


async def test_slow_store_is_no_overload_while_writes_take_all_that_waits(log: RecordingMessageLog) -> None:
    """However long each write takes."""
    results, writer = RecordingResults(), create_writer(log, log_wait_ms=1)
    now = asyncio.get_running_loop().time
    log.can_respond.clear()
    writer.submit(results.batch("", [entry(new_id(), 1)]))
    started = now()
    while now() < started + 2 * DETECTION_S:
        writer.submit(results.batch("", [entry(new_id(), 1)]))
        await end_one_write(log)
        assert not writer.is_overloaded
    log.can_respond.set()
    await writer.drain()


async def test_unknown_outcome_is_retried_with_the_same_entries(log: RecordingMessageLog) -> None:
    """After failures without a result the entries are stored once and reported as stored."""
    results, writer = RecordingResults(), create_writer(log)
    room = new_id()
    log.failures = 2
    writer.submit(results.batch("run", [entry(room, 1)]))
    await writer.drain()

    assert results.results == [("run", Appended(1))]
    assert writer.statistics().retries == 2


async def test_store_outage_past_the_timeout_returns_none(log: RecordingMessageLog) -> None:
    """When the retries time out the result is None: neither stored nor refused."""
    results, writer = RecordingResults(), create_writer(log, request_timeout_ms=100)
    log.failures = 1_000_000
    writer.submit(results.batch("run", [entry(new_id(), 1)]))
    await writer.drain()

    assert results.results == [("run", None)]


@pytest.mark.parametrize("kept", [0, 1, 3])
async def test_partly_stored_write_leaves_no_gap(log: RecordingMessageLog, kept: int) -> None:
    """Entries stored before a failure are kept; the retry stores the rest."""
    results, writer = RecordingResults(), create_writer(log)
    rooms = [new_id(), new_id()]
    log.fail_next(after_storing=kept)
    for room in rooms:
        writer.submit(results.batch(room, [entry(room, seq) for seq in (1, 2, 3)]))
    await writer.drain()

    assert results.results == [(room, Appended(3)) for room in rooms]
    for room in rooms:
        assert [stored.seq for stored in await log.read(room, 0, 10)] == [1, 2, 3]
