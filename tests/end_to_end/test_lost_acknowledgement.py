"""The message is stored, and its sender is never told: the connection breaks at that very moment."""

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.tcp_proxy import TcpProxy


async def test_retry_after_lost_acknowledgement_stores_once(pair: Pair) -> None:
    """The client says it again at the other instance, and is answered with the first message."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    group = await ana.create_group(here, [ben])
    oracle = Oracle(group)
    async with (
        TcpProxy(here.url) as cable,
        ChatUser(ana, oracle, [cable.url, there]) as anas,
        ChatUser(ben, oracle, [there]) as bens,
    ):
        assert not (await anas.send()).duplicate
        cable.drop_on = b'"type":"ok"'
        lost = await anas.send()
        await bens.send()
        await wait_until(lambda: oracle.all_received(3))

        assert cable.cuts == 1
        assert (lost.seq, lost.duplicate) == (2, True)
        assert anas.client.url == there.url
        assert anas.client.statistics().connects == 2
    oracle.check(await ben.read_history(here, group))


async def test_many_lost_acknowledgements_under_load(pair: Pair) -> None:
    """Cut again and again with sends in flight: each is stored once, and everybody sees it once."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    group = await ana.create_group(here, [ben])
    oracle = Oracle(group)
    async with (
        TcpProxy(here.url) as one,
        TcpProxy(there.url) as other,
        ChatUser(ana, oracle, [one.url, other.url]) as anas,
        ChatUser(ben, oracle, [there]),
    ):
        for round_number in range(4):
            cable = one if anas.client.url == one.url else other
            await anas.send_many(5)
            cable.drop_on = b'"type":"ok"'
            await anas.send_many(15)
            assert cable.cuts == round_number // 2 + 1
            cable.drop_on = None
        await wait_until(lambda: oracle.all_received(80))
    oracle.check(await ben.read_history(there, group))
