"""Who has read how far, as the other members of a group hear it who are at the other instance."""

from actors.protocol.server_frames import ConversationMarked, ReadReceipt, ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser


async def test_receipts_reach_members_and_marks_reach_own_devices(pair: Pair) -> None:
    """Over a socket or HTTP, forward only; the reader hears no receipt, and no one else the mark."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    group = await ana.create_group(here, [ben, cleo])
    at_ana: list[ServerFrame] = []
    at_ben: list[ServerFrame] = []
    at_cleo: list[ServerFrame] = []
    async with Client([here.url], ana.token) as anas, ben.http(here) as bens_http:
        for number in range(4):
            await anas.send(group, str(number))
        async with (
            Client([here.url], ben.token) as bens,
            Client([here.url], cleo.token) as cleos,
            Client([there.url], ana.token, on_frame=at_ana.append),
            Client([there.url], ben.token, on_frame=at_ben.append) as tablet,
            Client([there.url], cleo.token, on_frame=at_cleo.append),
        ):
            await bens.mark_read(group, 2)
            await wait_until(lambda: len(at_ana) == len(at_cleo) == len(at_ben) == 1)
            again = await bens.mark_read(group, 1)
            assert (again.read_seq, again.unread_count) == (2, 2)
            await cleos.mark_read(group, 3)
            await wait_until(lambda: len(at_ana) == len(at_cleo) == len(at_ben) == 2)
            assert (await bens_http.mark_read(group, 100)).read_seq == 4
            await wait_until(lambda: len(at_ana) == len(at_cleo) == len(at_ben) == 3)

            told = [frame for frame in at_ana if isinstance(frame, ReadReceipt)]
            assert [(one.conversation_id, one.user_id, one.seq) for one in told] == [
                (group, ben.id, 2),
                (group, cleo.id, 3),
                (group, ben.id, 4),
            ]
            assert [frame for frame in at_ben if isinstance(frame, ReadReceipt)] == [told[1]]
            assert [frame for frame in at_cleo if isinstance(frame, ReadReceipt)] == [told[0], told[2]]
            marks = [frame for frame in at_ben if isinstance(frame, ConversationMarked)]
            assert [(one.read_seq, one.unread_count) for one in marks] == [(2, 2), (4, 0)]
            assert marks[1].position == marks[0].position + 1 == (await tablet.ping()).position
            assert sum(isinstance(frame, ConversationMarked) for frame in at_cleo) == 1
    log = await ana.read_history(there, group)
    assert {one.user_id for one in log[2].delivery_status.read_by} == {ben.id, cleo.id}
    assert [(one.user_id, one.read_at) for one in log[3].delivery_status.read_by] == [
        (ben.id, told[2].read_at)
    ]
