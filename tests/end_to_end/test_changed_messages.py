"""Edits, deletions and reactions, received live and by resuming clients."""

from actors.protocol.objects import ConversationType, Message
from actors.protocol.server_frames import MessageCreated, MessageUpdated, Resumed, ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser


def latest_messages(frames: list[ServerFrame]) -> dict[str, Message]:
    """Return the version of each message with the highest `changed_seq`, as a client keeps it."""
    latest: dict[str, Message] = {}
    for frame in frames:
        if isinstance(frame, MessageCreated | MessageUpdated):
            known = latest.get(frame.message.id)
            if known is None or known.changed_seq < frame.message.changed_seq:
                latest[frame.message.id] = frame.message
    return latest


async def test_message_changes_reach_live_and_resuming_clients(pair: Pair) -> None:
    """A live client and a resuming one end with the messages that a fresh read returns."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    live_frames: list[ServerFrame] = []
    resumed_frames: list[ServerFrame] = []
    async with (
        Client([first_instance.url], ana.token) as ana_client,
        Client([second_instance.url], ben.token, on_frame=live_frames.append),
        ana.http(first_instance) as ana_http,
        ben.http(second_instance) as ben_http,
    ):
        conversation = await ana_http.create_conversation(ConversationType.DIRECT, [ben.id])
        phone = Client([second_instance.url, first_instance.url], ben.token, on_frame=resumed_frames.append)
        await phone.connect()
        first = await ana_client.send(conversation.id, "helo")
        await wait_until(lambda: latest_messages(resumed_frames))
        await phone.close()

        edited = await ana_client.edit(conversation.id, first.message_id, "hello")
        second = await ana_client.send(conversation.id, "a slip")
        await ana_client.delete(conversation.id, second.message_id)
        liked = await ana_client.react(conversation.id, first.message_id, "👍")
        await ana_client.react(conversation.id, first.message_id, "👎")
        undone = await ana_client.react(conversation.id, first.message_id, "👎", add=False)
        assert [edited.seq, liked.seq, undone.seq] == [2, 5, 7]

        async with Client([first_instance.url], ben.token, on_frame=resumed_frames.append) as resumed_client:
            resumed_client.subscribe(conversation.id, after=1)
            current = {message.id: message for message in await ben_http.history(conversation.id)}
            expected = summarize(current)
            await wait_until(
                lambda: (
                    summarize(latest_messages(live_frames))
                    == summarize(latest_messages(resumed_frames))
                    == expected
                )
            )
    assert not [frame for frame in live_frames if isinstance(frame, Resumed)]


def summarize(messages: dict[str, Message]) -> dict[str, tuple[int, str, list[str]]]:
    """Return the fields of each message that are the same for all readers."""
    return {
        message.id: (message.changed_seq, message.content, [reaction.emoji for reaction in message.reactions])
        for message in messages.values()
    }
