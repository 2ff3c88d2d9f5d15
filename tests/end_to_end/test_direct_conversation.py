"""Two people, each at another instance, from their registration to a conversation both remember."""

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
from client.encoding import MSGPACK
from client.errors import RequestRejected
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser


async def test_two_users_exchange_messages(pair: Pair) -> None:
    """What one says at one instance the other hears at the other, and both find it again; one in JSON,
    one in MessagePack.
    """
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    heard: dict[str, list[ServerFrame]] = {"ana": [], "ben": []}
    async with (
        Client([here.url], ana.token, on_frame=heard["ana"].append) as anas,
        Client([there.url], ben.token, on_frame=heard["ben"].append, encoding=MSGPACK) as bens,
        ana.http(here) as ana_http,
        ben.http(there) as ben_http,
    ):
        made = await ana_http.create_conversation(ConversationType.DIRECT, [ben.id])
        again = await ben_http.create_conversation(ConversationType.DIRECT, [ana.id])
        assert made.id == again.id
        await wait_until(lambda: frames_of_type(heard["ben"], ConversationJoined))
        assert isinstance(heard["ben"][0], ConversationJoined)
        assert heard["ben"][0].conversation.id == made.id

        first = await anas.send(made.id, "Hello Ben")
        assert (first.seq, first.duplicate) == (1, False)
        fresh = await ben_http.conversation(made.id)
        assert (fresh.last_seq, fresh.unread_count) == (1, 1)
        assert fresh.last_message is not None
        assert fresh.last_message.content == "Hello Ben"
        await wait_until(lambda: len(frames_of_type(heard["ben"], MessageCreated)) == 1)

        assert (await bens.mark_read(made.id, 1)).unread_count == 0
        await wait_until(lambda: frames_of_type(heard["ana"], ReadReceipt))
        await wait_until(lambda: frames_of_type(heard["ben"], ConversationMarked))
        second = await bens.send(made.id, "Hello Ana", mentions=[ana.id], reply_to=first.message_id)
        assert second.seq == 2
        await wait_until(lambda: len(frames_of_type(heard["ana"], MessageCreated)) == 2)

        for frames in heard.values():
            contents = [frame.message.content for frame in frames if isinstance(frame, MessageCreated)]
            assert contents == ["Hello Ben", "Hello Ana"]
        log = await ana_http.history(made.id, after=0)
        assert [(one.seq, one.content, one.sender_id) for one in log] == [
            (1, "Hello Ben", ana.id),
            (2, "Hello Ana", ben.id),
        ]
        assert (log[1].mentions, log[1].reply_to) == ([ana.id], first.message_id)
        assert [one.user_id for one in log[0].delivery_status.read_by] == [ben.id]


async def test_third_user_receives_nothing(pair: Pair) -> None:
    """To whoever is not in it the conversation does not exist, over HTTP as over the socket."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    cleo = await RegisteredUser.register("cleo", here)
    group = await ana.create_group(here, [ben])
    heard: list[ServerFrame] = []
    async with (
        Client([there.url], cleo.token, on_frame=heard.append) as cleos,
        Client([here.url], ana.token) as anas,
        cleo.http(there) as cleo_http,
    ):
        await anas.send(group, "between us")
        for call in (
            cleo_http.conversation(group),
            cleo_http.history(group),
            cleo_http.changes(group, 0),
            cleo_http.mark_read(group, 1),
            cleo_http.send(group, "let me in", client_id="c"),
            cleos.send(group, "let me in"),
            cleos.mark_read(group, 1),
        ):
            with pytest.raises(RequestRejected) as refused:
                await call
            assert refused.value.code == "conversation.not_found"
        await cleos.ping()

        assert heard == []
        assert len(await ana.read_history(here, group)) == 1


def frames_of_type(frames: list[ServerFrame], frame_type: type) -> list[ServerFrame]:
    return [frame for frame in frames if isinstance(frame, frame_type)]
