"""Read receipts and read marks across instances."""

from actors.protocol.server_frames import ConversationMarked, ReadReceipt, ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser


async def test_receipts_reach_members_and_marks_reach_own_devices(pair: Pair) -> None:
    """Other members get receipts, the reader's devices get marks; both only move forward."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(first_instance, [ben, cleo])
    ana_frames: list[ServerFrame] = []
    ben_frames: list[ServerFrame] = []
    cleo_frames: list[ServerFrame] = []
    async with Client([first_instance.url], ana.token) as ana_client, ben.http(first_instance) as ben_http:
        for number in range(4):
            await ana_client.send(group, str(number))
        async with (
            Client([first_instance.url], ben.token) as ben_client,
            Client([first_instance.url], cleo.token) as cleo_client,
            Client([second_instance.url], ana.token, on_frame=ana_frames.append),
            Client([second_instance.url], ben.token, on_frame=ben_frames.append) as tablet,
            Client([second_instance.url], cleo.token, on_frame=cleo_frames.append),
        ):
            await ben_client.mark_read(group, 2)
            await wait_until(lambda: len(ana_frames) == len(cleo_frames) == len(ben_frames) == 1)
            repeated = await ben_client.mark_read(group, 1)
            assert (repeated.read_seq, repeated.unread_count) == (2, 2)
            await cleo_client.mark_read(group, 3)
            await wait_until(lambda: len(ana_frames) == len(cleo_frames) == len(ben_frames) == 2)
            assert (await ben_http.mark_read(group, 100)).read_seq == 4
            await wait_until(lambda: len(ana_frames) == len(cleo_frames) == len(ben_frames) == 3)

            receipts = [frame for frame in ana_frames if isinstance(frame, ReadReceipt)]
            assert [(receipt.conversation_id, receipt.user_id, receipt.seq) for receipt in receipts] == [
                (group, ben.id, 2),
                (group, cleo.id, 3),
                (group, ben.id, 4),
            ]
            assert [frame for frame in ben_frames if isinstance(frame, ReadReceipt)] == [receipts[1]]
            assert [frame for frame in cleo_frames if isinstance(frame, ReadReceipt)] == [
                receipts[0],
                receipts[2],
            ]
            marks = [frame for frame in ben_frames if isinstance(frame, ConversationMarked)]
            assert [(mark.read_seq, mark.unread_count) for mark in marks] == [(2, 2), (4, 0)]
            assert marks[1].position == marks[0].position + 1 == (await tablet.ping()).position
            assert sum(isinstance(frame, ConversationMarked) for frame in cleo_frames) == 1
    log = await ana.read_history(second_instance, group)
    assert {receipt.user_id for receipt in log[2].delivery_status.read_by} == {ben.id, cleo.id}
    assert [(receipt.user_id, receipt.read_at) for receipt in log[3].delivery_status.read_by] == [
        (ben.id, receipts[2].read_at)
    ]
