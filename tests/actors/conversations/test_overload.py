"""Commands that cannot be stored in time: each is answered, and nothing is stored twice."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from actors.conversations.log_writer import LogWriter
from actors.conversations.unanswered_commands import CommandStatistics
from storage.contracts.message_log import Appended, Entry
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    FAST_LIMITS,
    FakeCluster,
    log_of,
    refused_code,
    send,
    stored_seq,
)
from tests.until import until


class StalledStore:
    """Makes appends of a cluster wait until `proceed` is set, and counts the entries passed to them."""

    def __init__(self, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self.proceed = asyncio.Event()
        self.batch_sizes: list[int] = []
        self._append = cluster.messaging.append
        monkeypatch.setattr(cluster.messaging, "append", self.append)

    async def append(self, entries: Sequence[Entry]) -> Appended:
        self.batch_sizes.append(len(entries))
        await self.proceed.wait()
        return await self._append(entries)


async def test_command_is_refused_at_its_deadline(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store stalls, a queued message is refused and not stored later; one in flight may be."""
    core = await cluster.start_instance(msgspec.structs.replace(FAST_LIMITS, command_timeout_ms=200))
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "a0"))
    store = StalledStore(cluster, monkeypatch)
    in_flight = send(core, room, ANA, "a1")
    await until(lambda: store.batch_sizes == [1])
    queued = send(core, room, ANA, "a2")
    await until(lambda: core.unstored_command_counts() == [2])
    assert core.unanswered_commands.statistics().unanswered == 2
    assert core.unanswered_commands.statistics().oldest_age_s >= 0

    assert await refused_code(in_flight) == "server.overloaded"
    assert await refused_code(queued) == "server.overloaded"
    assert core.unanswered_commands.statistics() == CommandStatistics(0, 0.0, 2)
    store.proceed.set()
    assert await stored_seq(send(core, room, ANA, "a1")) == (2, True)
    assert core.unstored_command_counts() == [0]
    assert [entry.content for entry in await log_of(cluster, room)] == ["a0", "a1"]


async def test_old_backlog_refuses_new_messages(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the oldest queued message is too old, new ones are refused at once, with a time to retry."""
    core = await cluster.start_instance(msgspec.structs.replace(FAST_LIMITS, drafts_age_ms=100))
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "a0"))
    store = StalledStore(cluster, monkeypatch)
    in_flight = send(core, room, ANA, "a1")
    await until(lambda: store.batch_sizes == [1])
    queued = send(core, room, ANA, "a2")
    started = asyncio.get_running_loop().time()
    await until(lambda: asyncio.get_running_loop().time() > started + 0.15)

    assert await refused_code(send(core, room, ANA, "a3")) == "server.overloaded"
    store.proceed.set()
    assert await stored_seq(in_flight) == (2, False)
    assert await stored_seq(queued) == (3, False)
    assert await stored_seq(send(core, room, ANA, "a3")) == (4, False)


async def test_duplicates_cost_one_entry_each(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch with many messages that another instance stored is answered at once, and stores the rest."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    for number in range(20):
        await stored_seq(send(there, room, ANA, f"a{number}"))
    store = StalledStore(cluster, monkeypatch)
    store.proceed.set()
    sends = [send(here, room, ANA, f"a{number}") for number in range(20)]
    sends += [send(here, room, BEN, f"b{number}") for number in range(5)]

    stored = [await stored_seq(sent) for sent in sends]
    assert stored == [(seq, True) for seq in range(1, 21)] + [(seq, False) for seq in range(21, 26)]
    assert sum(store.batch_sizes) <= 3 * len(sends)


async def test_message_before_a_stored_one_of_its_sender_is_refused(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch does not store a message after a later one of the same sender; the sender retries it."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, ANA, "a1"))
    await stored_seq(send(there, room, ANA, "a3"))
    store = StalledStore(cluster, monkeypatch)
    first = send(here, room, BEN, "b1")
    await until(lambda: len(store.batch_sizes) == 1)
    sends = [send(here, room, ANA, f"a{number}") for number in range(1, 5)]
    store.proceed.set()

    await stored_seq(first)
    assert await stored_seq(sends[0]) == (1, True)
    assert await refused_code(sends[1]) == "server.overloaded"
    assert await stored_seq(sends[2]) == (2, True)
    assert await stored_seq(sends[3]) == (4, False)


async def test_overloaded_instance_refuses_new_messages(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a time to retry, in every conversation; a retry of a message that waits gets its result."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "a0"))
    store = StalledStore(cluster, monkeypatch)
    waiting = send(core, room, ANA, "a1")
    await until(lambda: store.batch_sizes == [1])
    monkeypatch.setattr(LogWriter, "is_overloaded", True)
    refused = send(core, room, BEN, "b1")
    again = send(core, room, ANA, "a1")
    assert await refused_code(refused) == "server.overloaded"
    monkeypatch.setattr(LogWriter, "is_overloaded", False)
    store.proceed.set()
    assert await stored_seq(waiting) == (2, False)
    assert (await stored_seq(again))[0] == 2
    assert await stored_seq(send(core, room, BEN, "b1")) == (3, False)
