"""Somebody is away for a while, and comes back to a conversation that has gone on without them."""

from client.client import Client
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.tcp_proxy import TcpProxy

MESSAGES = 250


async def test_disconnected_client_receives_all_missed_messages(pair: Pair) -> None:
    """The line is dead while much is said; then it comes back, at the other instance, and misses nothing."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    oracle = Oracle(await ana.create_group(here, [ben]))
    async with (
        TcpProxy(here.url) as one,
        TcpProxy(there.url) as other,
        ChatUser(ana, oracle, [one.url, other.url]) as anas,
        ChatUser(ben, oracle, [there]) as bens,
    ):
        await anas.send()
        one.cut_all()
        other.cut_all()
        await wait_until(lambda: not anas.client.connected)
        await bens.send_many(MESSAGES)
        assert oracle.views[0].position < MESSAGES
        other.accepting = True
        await wait_until(lambda: oracle.all_received(MESSAGES + 1))
        await anas.send()
        await wait_until(lambda: oracle.all_received(MESSAGES + 2))

        assert anas.client.url == other.url
        assert anas.unannounced_gaps == 0
    oracle.check(await ana.read_history(here, oracle.conversation_id))


async def test_new_device_reads_the_log_from_the_start(pair: Pair) -> None:
    """It follows the conversation from nothing: page after page of `changes`, then what is live."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    oracle = Oracle(await ana.create_group(here, [ben]))
    async with ChatUser(ana, oracle, [here]) as anas:
        await anas.send_many(MESSAGES)
        view = oracle.add_view("the new device")
        async with Client([there.url], ben.token, on_frame=view.on_frame) as device:
            device.subscribe(oracle.conversation_id)
            await anas.send_many(20)
            await wait_until(lambda: oracle.all_received(MESSAGES + 20))
    oracle.check(await ben.read_history(there, oracle.conversation_id))
