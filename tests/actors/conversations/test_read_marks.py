"""Read marks, and the receipts that other members receive."""

import msgspec

from actors.conversations.commands import AddMember
from config.limits import Limits
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    CYD,
    FakeCluster,
    RecordingMember,
    card,
    send,
    stored_seq,
)
from tests.until import until


def receipt_seqs(member: RecordingMember) -> list[int]:
    frames = [msgspec.json.decode(frame) for frame in member.frames]
    return [frame["seq"] for frame in frames if frame["type"] == "conversation.read"]


async def test_receipts_are_coalesced_to_the_latest(cluster: FakeCluster) -> None:
    """Several marks in quick succession are published as one receipt, on every instance."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    ana, remote_ana = await cluster.join_room(here, room, ANA), await cluster.join_room(there, room, ANA)
    for number in range(10):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    for seq in (2, 5, 10):
        await here.conversations.mark_read(BEN, room, seq)

    await until(lambda: receipt_seqs(ana) and receipt_seqs(remote_ana))
    assert receipt_seqs(ana) == receipt_seqs(remote_ana) == [10]


async def test_close_publishes_queued_receipts(cluster: FakeCluster) -> None:
    """Stopping an instance publishes the receipts that wait for their delay."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    remote_ana = await cluster.join_room(there, room, ANA)
    await stored_seq(send(here, room, ANA, "hello"))
    await here.conversations.mark_read(BEN, room, 1)

    await here.read_marks.close()

    await until(lambda: receipt_seqs(remote_ana))
    assert receipt_seqs(remote_ana) == [1]


async def test_read_marks_move_forward_only_up_to_the_head(cluster: FakeCluster) -> None:
    """A lower seq changes nothing, and a seq above the head moves the mark to the head."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    for number in range(3):
        await stored_seq(send(core, room, ANA, f"m{number}"))

    first = await core.conversations.mark_read(BEN, room, 2)
    back = await core.conversations.mark_read(BEN, room, 1)
    ahead = await core.conversations.mark_read(BEN, room, 99)

    assert (first.read_seq, first.unread_count) == (2, 1)
    assert (back.read_seq, back.unread_count) == (2, 1)
    assert (ahead.read_seq, ahead.unread_count) == (3, 0)


async def test_joining_does_not_make_a_reader(cluster: FakeCluster) -> None:
    """The messages before are not unread for a new member, who reads them with the next read mark."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, ANA, "before"))
    await core.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    after, _ = await stored_seq(send(core, room, ANA, "after"))

    async def readers() -> list[list[str]]:
        history = await core.conversations.history(ANA, room, None, None, 10)
        texts = [message for message in history if message.content in {"before", "after"}]
        return [[reader.user_id for reader in message.delivery_status.read_by] for message in texts]

    assert (await core.conversations.get(CYD, room)).unread_count == 1
    assert await readers() == [[], []]
    await core.conversations.mark_read(CYD, room, after)
    assert await readers() == [[CYD], [CYD]]


async def test_system_message_does_not_make_its_author_a_reader(cluster: FakeCluster) -> None:
    """Who adds a member has not read the messages before, also until the summary is written."""
    core = await cluster.start_instance(Limits(flush_interval_ms=3_600_000))
    room = await cluster.create_group(core, ANA, BEN)
    await stored_seq(send(core, room, BEN, "hello"))
    await core.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))

    first = (await core.conversations.history(BEN, room, None, None, 10))[-1]

    assert first.content == "hello"
    assert ANA not in {reader.user_id for reader in first.delivery_status.read_by}
