"""A direct conversation between users on different instances."""

import pytest

from actors.protocol.objects import ConversationType
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationMarked,
    MessageCreated,
    ReadReceipt,
    ServerFrame,
)
from client.client import Client
from client.client_settings import ClientSettings
from client.encoding import MSGPACK
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.received_frames import frames_of_type
from tests.end_to_end.registered_user import RegisteredUser


async def test_two_users_exchange_messages(pair: Pair) -> None:
    """Messages sent on one instance arrive on the other and are stored, with JSON and MessagePack clients."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    received: dict[str, list[ServerFrame]] = {"ana": [], "ben": []}
    async with (
        Client([first_instance.url], ana.token, on_frame=received["ana"].append) as ana_client,
        Client(
            [second_instance.url],
            ben.token,
            settings=ClientSettings(encoding=MSGPACK),
            on_frame=received["ben"].append,
        ) as ben_client,
        ana.http(first_instance) as ana_http,
        ben.http(second_instance) as ben_http,
    ):
        conversation = await ana_http.create_conversation(ConversationType.DIRECT, [ben.id])
        same = await ben_http.create_conversation(ConversationType.DIRECT, [ana.id])
        assert conversation.id == same.id
        await wait_until(lambda: frames_of_type(received["ben"], ConversationJoined))
        assert isinstance(received["ben"][0], ConversationJoined)
        assert received["ben"][0].conversation.id == conversation.id

        first = await ana_client.send(conversation.id, "Hello Ben")
        assert (first.seq, first.duplicate) == (1, False)
        unread = await ben_http.conversation(conversation.id)
        assert (unread.last_seq, unread.unread_count) == (1, 1)
        assert unread.last_message is not None
        assert unread.last_message.content == "Hello Ben"
        await wait_until(lambda: len(frames_of_type(received["ben"], MessageCreated)) == 1)

        assert (await ben_client.mark_read(conversation.id, 1)).unread_count == 0
        await wait_until(lambda: frames_of_type(received["ana"], ReadReceipt))
        await wait_until(lambda: frames_of_type(received["ben"], ConversationMarked))
        second = await ben_client.send(
            conversation.id, "Hello Ana", mentions=[ana.id], reply_to=first.message_id
        )
        assert second.seq == 2
        await wait_until(lambda: len(frames_of_type(received["ana"], MessageCreated)) == 2)

        for frames in received.values():
            contents = [frame.message.content for frame in frames if isinstance(frame, MessageCreated)]
            assert contents == ["Hello Ben", "Hello Ana"]
        log = await ana_http.history(conversation.id, after=0)
        assert [(message.seq, message.content, message.sender_id) for message in log] == [
            (1, "Hello Ben", ana.id),
            (2, "Hello Ana", ben.id),
        ]
        assert (log[1].mentions, log[1].reply_to) == ([ana.id], first.message_id)
        assert [receipt.user_id for receipt in log[0].delivery_status.read_by] == [ben.id]


async def test_third_user_receives_nothing(pair: Pair) -> None:
    """To a user who is not a member the conversation does not exist, over HTTP and over the socket."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    cleo = await RegisteredUser.register("cleo", first_instance)
    group = await ana.create_group(first_instance, [ben])
    frames: list[ServerFrame] = []
    async with (
        Client([second_instance.url], cleo.token, on_frame=frames.append) as cleo_client,
        Client([first_instance.url], ana.token) as ana_client,
        cleo.http(second_instance) as cleo_http,
    ):
        await ana_client.send(group, "between us")
        for call in (
            cleo_http.conversation(group),
            cleo_http.history(group),
            cleo_http.changes(group, 0),
            cleo_http.mark_read(group, 1),
            cleo_http.send(group, "let me in", client_id="c"),
            cleo_client.send(group, "let me in"),
            cleo_client.mark_read(group, 1),
        ):
            with pytest.raises(RequestRejected) as rejected:
                await call
            assert rejected.value.code == "conversation.not_found"
        await cleo_client.ping()

        assert frames == []
        assert len(await ana.read_history(first_instance, group)) == 1
