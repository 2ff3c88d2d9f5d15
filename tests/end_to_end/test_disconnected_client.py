"""Clients that reconnect to a conversation after missing messages."""

from client.client import Client
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.tcp_proxy import TcpProxy

MESSAGES = 250


async def test_disconnected_client_receives_all_missed_messages(pair: Pair) -> None:
    """A client that reconnects on the other instance receives everything sent while it was disconnected."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    oracle = Oracle(await ana.create_group(first_instance, [ben]))
    async with (
        TcpProxy(first_instance.url) as first_proxy,
        TcpProxy(second_instance.url) as second_proxy,
        ChatUser(ana, oracle, [first_proxy.url, second_proxy.url]) as ana_chat,
        ChatUser(ben, oracle, [second_instance]) as ben_chat,
    ):
        await ana_chat.send()
        first_proxy.cut_all()
        second_proxy.cut_all()
        await wait_until(lambda: not ana_chat.client.connected)
        await ben_chat.send_many(MESSAGES)
        assert oracle.views[0].position < MESSAGES
        second_proxy.accepting = True
        await wait_until(lambda: oracle.all_received(MESSAGES + 1))
        await ana_chat.send()
        await wait_until(lambda: oracle.all_received(MESSAGES + 2))

        assert ana_chat.client.url == second_proxy.url
        assert ana_chat.unannounced_gaps == 0
    oracle.check(await ana.read_history(first_instance, oracle.conversation_id))


async def test_new_device_reads_the_log_from_the_start(pair: Pair) -> None:
    """A new device reads the log from the start in pages of `changes`, then receives live frames."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    oracle = Oracle(await ana.create_group(first_instance, [ben]))
    async with ChatUser(ana, oracle, [first_instance]) as ana_chat:
        await ana_chat.send_many(MESSAGES)
        view = oracle.add_view("the new device")
        async with Client([second_instance.url], ben.token, on_frame=view.on_frame) as device:
            device.subscribe(oracle.conversation_id)
            await ana_chat.send_many(20)
            await wait_until(lambda: oracle.all_received(MESSAGES + 20))
    oracle.check(await ben.read_history(second_instance, oracle.conversation_id))
