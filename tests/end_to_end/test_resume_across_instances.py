"""Resume on another instance: missed frames are replayed, or `resync` is sent."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from actors.protocol.server_frames import NotificationCreated, ServerFrame
from client.client import Client
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.raw_socket import frames_until, open_socket
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerStores
from tests.end_to_end.user_api import UserApi
from tests.server.websocket.peer import Json, Peer

STREAM_FRAMES_KEPT = 1000
"""The number of frames kept per user stream."""

GROUPS = 8
RESUME_CONVERSATIONS_MAX = 1500
DAY_S = 24 * 3600


async def test_resume_replays_missed_frames_in_order_then_live(pair: Pair) -> None:
    """Resume replays the stream, then the compacted logs of the listed conversations, then sends live frames.

    Conversations that are not listed are live only; for those the user has left, `conversation.left` is sent.
    """
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    group, lost, unlisted = [await ana.create_group(first_instance, [ben]) for _ in range(3)]
    foreign = await ana.create_group(first_instance, [cleo])
    laptop_frames: list[ServerFrame] = []
    async with (
        Client([first_instance.url], ana.token) as ana_client,
        Client([first_instance.url], ben.token, on_frame=laptop_frames.append) as ben_client,
        UserApi(cleo, first_instance) as cleo_api,
        ana.http(first_instance) as http,
    ):
        first = await ana_client.send(group, "helo")
        async with open_socket(first_instance) as phone:
            ready = await phone.request("authenticate", token=ben.token)
            assert (await phone.request("ping"))["result"]["position"] == ready["position"]

        await ana_client.edit(group, first.message_id, "hello")
        second = await ana_client.send(group, "a slip")
        await ana_client.edit(group, first.message_id, "hello Ben")
        third = await ana_client.send(group, "and on")
        await ana_client.delete(group, second.message_id)
        await ana_client.send(unlisted, "not listed")
        await ben_client.mark_read(group, third.seq)
        new = await ana.create_group(first_instance, [ben])
        await ana_client.send(new, "welcome")
        await http.remove_participant(lost, ben.id)
        await cleo_api.follow(ben.id)
        await wait_until(lambda: any(isinstance(frame, NotificationCreated) for frame in laptop_frames))

        async with open_socket(second_instance) as phone:
            known = {group: 1, lost: 0, foreign: 0}
            resumed_ready = await phone.request(
                "authenticate", token=ben.token, resume=resume_request(ready, known)
            )
            missed = await frames_until(phone, "resumed")
            assert (resumed_ready["session_id"], resumed_ready["epoch"]) == (
                ready["session_id"],
                ready["epoch"],
            )
            assert resumed_ready["unread_notifications"] == 1
            # A notification may be pushed twice: it is repeated if its first delivery is uncertain.
            stream_length = resumed_ready["position"] - ready["position"]
            stream, removed, log, resumed = (
                missed[:stream_length],
                missed[stream_length],
                missed[stream_length + 1 : -1],
                missed[-1],
            )
            kinds = {
                "conversation.marked",
                "conversation.joined",
                "conversation.left",
                "notification.created",
            }
            assert {frame["type"] for frame in stream} == kinds
            assert [frame["position"] - ready["position"] for frame in stream] == list(
                range(1, stream_length + 1)
            )
            assert (removed["type"], removed["conversation_id"]) == ("conversation.left", foreign)
            by_group = [(frame["type"], frame["seq"]) for frame in log if frame["conversation_id"] == group]
            assert by_group == [("message.updated", 4), ("message.created", 5), ("message.updated", 6)]
            ids = [first.message_id, third.message_id, second.message_id]
            assert [frame["message"]["id"] for frame in log if frame["conversation_id"] == group] == ids
            assert [frame["seq"] for frame in log if frame["conversation_id"] == new] == [1]
            assert resumed["replayed"] == len(stream) + len(log)
            assert resumed["last_seqs"] == {group: 6, new: 1}
            async with UserApi(ben, second_instance) as api:
                changes = await api.get(f"/v1/conversations/{group}/changes?after=1")
            assert changes["items"] == [frame for frame in log if frame["conversation_id"] == group]

            live = [
                (await ana_client.send(conversation_id, "live")).seq
                for conversation_id in (group, new, unlisted)
            ]
            created = [await phone.next_of("message.created") for _ in live]
            assert live == [7, 2, 2] == sorted([frame["seq"] for frame in created], reverse=True)
            await ana.create_group(first_instance, [ben])
            joined = await phone.next_of("conversation.joined")
            assert joined["position"] == resumed_ready["position"] + 1
            assert (await phone.request("ping"))["result"]["position"] == joined["position"]


@pytest.mark.parametrize(
    "forged", [{"epoch": "another"}, {"position": 10_000}, {}], ids=["epoch", "ahead", "gone"]
)
async def test_unavailable_position_is_answered_by_resync(
    pair: Pair, server_stores: ServerStores, forged: Json
) -> None:
    """A position of another epoch, ahead of the stream or expired gets `resync` with the current position."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    async with Client([first_instance.url], ana.token) as ana_client, open_socket(second_instance) as phone:
        async with open_socket(first_instance) as lost:
            ready = await lost.request("authenticate", token=ben.token)
        group = await ana.create_group(first_instance, [ben])
        await ana_client.send(group, "missed")
        if not forged:
            await expire_stream(server_stores, ready["epoch"], ben)
        too_long = resume_request(
            ready, {f"{number:024}": 0 for number in range(RESUME_CONVERSATIONS_MAX + 1)}
        )
        rejected = await phone.request("authenticate", token=ben.token, resume=too_long)
        assert rejected["code"] == "request.invalid"

        resume = {**resume_request(ready, {group: 0}), **forged}
        resumed_ready = await phone.request("authenticate", token=ben.token, resume=resume)
        resync = await phone.message()
        assert (resync["type"], resync["reason"]) == ("resync", "epoch" if forged else "expired")
        assert (resync["epoch"], resync["position"]) == (resumed_ready["epoch"], resumed_ready["position"])
        assert resumed_ready["position"] == ready["position"] + 1
        await ana_client.send(group, "live")
        assert (await phone.message())["seq"] == 2
        new = await ana.create_group(first_instance, [ben])
        joined = await phone.message()
        assert (joined["position"], joined["conversation"]["id"]) == (resync["position"] + 1, new)


@pytest.mark.skipif(not LONG_TESTS, reason="slow: runs with make test-long")
async def test_stream_keeps_one_thousand_frames(pair: Pair) -> None:
    """1,000 missed frames are replayed; one more causes `resync` with `too_far`."""
    first_instance, second_instance = pair
    ana, ben, cleo = [await RegisteredUser.register(name, first_instance) for name in ("ana", "ben", "cleo")]
    groups = [await ana.create_group(first_instance, [ben, cleo]) for _ in range(GROUPS)]
    each = STREAM_FRAMES_KEPT // GROUPS
    async with (
        Client([first_instance.url], ana.token) as ana_client,
        Client([second_instance.url], cleo.token) as cleo_client,
        Client([first_instance.url], ben.token) as laptop,
        Client([second_instance.url], ben.token) as tablet,
    ):
        async with open_socket(first_instance) as phone:
            ready = await phone.request("authenticate", token=ben.token)
        senders, readers = (ana_client, cleo_client), (laptop, tablet)
        await asyncio.gather(
            *(send_messages(senders[n % 2], group, each + 1) for n, group in enumerate(groups))
        )
        await asyncio.gather(*(read_each(readers[n % 2], group, each) for n, group in enumerate(groups)))
        async with open_socket(second_instance) as phone:
            positions = [frame["position"] for frame in (await resume_and_collect(phone, ben, ready))[:-1]]
            assert positions == list(range(ready["position"] + 1, ready["position"] + 1 + STREAM_FRAMES_KEPT))
        await laptop.mark_read(groups[0], each + 1)
        async with open_socket(second_instance) as phone:
            await phone.request("authenticate", token=ben.token, resume=resume_request(ready, {}))
            resync = await phone.message()
            assert (resync["type"], resync["reason"]) == ("resync", "too_far")


async def expire_stream(server_stores: ServerStores, epoch: str, user: RegisteredUser) -> None:
    """Check that the stream's TTL is a day, and delete the stream as if it had expired."""
    async with Redis.from_url(server_stores.urls.redis) as client:
        (key,) = await client.keys(f"*:{epoch}:{user.id}")
        assert DAY_S - 60 < await client.ttl(key) <= DAY_S
        await client.delete(key)


async def resume_and_collect(socket: Peer, user: RegisteredUser, ready: Json) -> Sequence[Json]:
    await socket.request("authenticate", token=user.token, resume=resume_request(ready, {}))
    return await frames_until(socket, "resumed")


async def send_messages(client: Client, group: str, times: int) -> None:
    await asyncio.gather(*(client.send(group, str(number)) for number in range(times)))


async def read_each(client: Client, group: str, through: int) -> None:
    """Mark each message as read in turn; each call moves the mark."""
    for seq in range(1, through + 1):
        await client.mark_read(group, seq)


def resume_request(ready: Json, conversations: dict[str, int]) -> Json:
    """Return the `resume` object for the position of a `ready` frame."""
    return {
        **{name: ready[name] for name in ("session_id", "epoch", "position")},
        "conversations": conversations,
    }
