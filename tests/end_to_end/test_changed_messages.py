"""Messages that are edited, deleted and reacted to, while their readers come and go."""

from actors.protocol.objects import ConversationType, Message
from actors.protocol.server_frames import MessageCreated, MessageUpdated, Resumed, ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser


def latest_messages(frames: list[ServerFrame]) -> dict[str, Message]:
    """What a client shows that keeps the highest `changed_seq` of each message."""
    shown: dict[str, Message] = {}
    for frame in frames:
        if isinstance(frame, MessageCreated | MessageUpdated):
            known = shown.get(frame.message.id)
            if known is None or known.changed_seq < frame.message.changed_seq:
                shown[frame.message.id] = frame.message
    return shown


async def test_message_changes_reach_live_and_resuming_clients(pair: Pair) -> None:
    """One is online at the other instance, one in a tunnel: both end with what a fresh reader sees."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    online: list[ServerFrame] = []
    tunnel: list[ServerFrame] = []
    async with (
        Client([here.url], ana.token) as anas,
        Client([there.url], ben.token, on_frame=online.append),
        ana.http(here) as ana_http,
        ben.http(there) as ben_http,
    ):
        made = await ana_http.create_conversation(ConversationType.DIRECT, [ben.id])
        phone = Client([there.url, here.url], ben.token, on_frame=tunnel.append)
        await phone.connect()
        first = await anas.send(made.id, "helo")
        await wait_until(lambda: latest_messages(tunnel))
        await phone.close()

        edited = await anas.edit(made.id, first.message_id, "hello")
        second = await anas.send(made.id, "a slip")
        await anas.delete(made.id, second.message_id)
        liked = await anas.react(made.id, first.message_id, "👍")
        await anas.react(made.id, first.message_id, "👎")
        undone = await anas.react(made.id, first.message_id, "👎", add=False)
        assert [edited.seq, liked.seq, undone.seq] == [2, 5, 7]

        async with Client([here.url], ben.token, on_frame=tunnel.append) as back:
            back.subscribe(made.id, after=1)
            fresh = {one.id: one for one in await ben_http.history(made.id)}
            expected = summarize(fresh)
            await wait_until(
                lambda: summarize(latest_messages(online)) == summarize(latest_messages(tunnel)) == expected
            )
    assert not [frame for frame in online if isinstance(frame, Resumed)]


def summarize(messages: dict[str, Message]) -> dict[str, tuple[int, str, list[str]]]:
    """What of a message its readers see alike."""
    return {
        one.id: (one.changed_seq, one.content, [reaction.emoji for reaction in one.reactions])
        for one in messages.values()
    }
