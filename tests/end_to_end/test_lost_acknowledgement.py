"""The connection breaks after a message is stored and before its acknowledgement arrives."""

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.tcp_proxy import TcpProxy


async def test_retry_after_lost_acknowledgement_stores_once(pair: Pair) -> None:
    """The client resends on the other instance and receives the first message as a duplicate."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    group = await ana.create_group(first_instance, [ben])
    oracle = Oracle(group)
    async with (
        TcpProxy(first_instance.url) as proxy,
        ChatUser(ana, oracle, [proxy.url, second_instance]) as ana_chat,
        ChatUser(ben, oracle, [second_instance]) as ben_chat,
    ):
        assert not (await ana_chat.send()).duplicate
        proxy.drop_on = b'"type":"ok"'
        retried = await ana_chat.send()
        await ben_chat.send()
        await wait_until(lambda: oracle.all_received(3))

        assert proxy.cuts == 1
        assert (retried.seq, retried.duplicate) == (2, True)
        assert ana_chat.client.url == second_instance.url
        assert ana_chat.client.statistics().connects == 2
    oracle.check(await ben.read_history(first_instance, group))


async def test_many_lost_acknowledgements_under_load(pair: Pair) -> None:
    """With repeated cuts and sends in flight every message is stored and delivered once."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    group = await ana.create_group(first_instance, [ben])
    oracle = Oracle(group)
    async with (
        TcpProxy(first_instance.url) as first_proxy,
        TcpProxy(second_instance.url) as second_proxy,
        ChatUser(ana, oracle, [first_proxy.url, second_proxy.url]) as ana_chat,
        ChatUser(ben, oracle, [second_instance]),
    ):
        for round_number in range(4):
            proxy = first_proxy if ana_chat.client.url == first_proxy.url else second_proxy
            await ana_chat.send_many(5)
            proxy.drop_on = b'"type":"ok"'
            await ana_chat.send_many(15)
            assert proxy.cuts == round_number // 2 + 1
            proxy.drop_on = None
        await wait_until(lambda: oracle.all_received(80))
    oracle.check(await ben.read_history(second_instance, group))
