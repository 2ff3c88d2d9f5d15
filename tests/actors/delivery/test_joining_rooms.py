"""A user with thousands of conversations connects."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.delivery.rooms import OPEN_CHUNK
from config.limits import Limits
from storage.errors import Unavailable
from tests.actors.fake_cluster import ANA, BEN, FakeCluster, RecordingMember, send, stored_seq
from tests.until import until


async def test_many_rooms_are_opened_in_bounded_reads(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read of the log is for at most `OPEN_CHUNK` rooms; all of them deliver afterwards."""
    core = await cluster.start_instance(Limits())
    rooms = [await cluster.create_group(core, ANA, BEN) for _ in range(2)]
    unknown = [f"{number:024x}" for number in range(2 * OPEN_CHUNK)]
    wanted = [rooms[0], *unknown, rooms[1]]
    find_advanced, sizes = cluster.messaging.find_advanced, []

    async def count(known_seqs: Sequence[tuple[str, int]]) -> set[str]:
        sizes.append(len(known_seqs))
        return await find_advanced(known_seqs)

    monkeypatch.setattr(cluster.messaging, "find_advanced", count)
    member = RecordingMember(BEN, core.flusher)
    started = await core.rooms.join(member, [(conversation_id, 0) for conversation_id in wanted])

    assert started.keys() == set(wanted)
    assert max(sizes) <= OPEN_CHUNK
    assert sum(sizes) >= len(wanted)
    for room in rooms:
        await stored_seq(send(core, room, ANA, "hello"))
    await until(lambda: member.contents == ["hello", "hello"])


async def test_failed_opening_does_not_remove_the_room_of_a_later_subscriber(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first member leaves while its room is being opened, which then fails; the next one is served."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    find_advanced, may_fail = cluster.messaging.find_advanced, asyncio.Event()
    reads = 0

    async def fail_first(known_seqs: Sequence[tuple[str, int]]) -> set[str]:
        nonlocal reads
        reads += 1
        if reads == 1:
            await may_fail.wait()
            raise Unavailable
        return await find_advanced(known_seqs)

    monkeypatch.setattr(cluster.messaging, "find_advanced", fail_first)
    first, second = RecordingMember(BEN, core.flusher), RecordingMember(BEN, core.flusher)
    first_join = asyncio.create_task(core.rooms.join(first, [(room, 0)]))
    await until(lambda: reads)
    core.rooms.leave(first, [room])
    await core.rooms.join(second, [(room, 0)])
    may_fail.set()
    with pytest.raises(Unavailable):
        await first_join

    await stored_seq(send(core, room, ANA, "hello"))
    await until(lambda: second.contents == ["hello"])
