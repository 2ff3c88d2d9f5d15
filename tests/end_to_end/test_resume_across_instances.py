"""A device goes on at the other instance: with what it missed, or told to read its state anew."""

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
"""So many frames of a stream are kept for those who are away."""

GROUPS = 8
RESUME_CONVERSATIONS_MAX = 1500
DAY_S = 24 * 3600


async def test_resume_replays_missed_frames_in_order_then_live(pair: Pair) -> None:
    """First the stream, then each log, compacted, up to the seqs that are named; a conversation that is not
    listed is live only, and one that one is no longer in is taken away.
    """
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    group, lost, unlisted = [await ana.create_group(here, [ben]) for _ in range(3)]
    foreign = await ana.create_group(here, [cleo])
    at_laptop: list[ServerFrame] = []
    async with (
        Client([here.url], ana.token) as anas,
        Client([here.url], ben.token, on_frame=at_laptop.append) as bens,
        UserApi(cleo, here) as cleos,
        ana.http(here) as http,
    ):
        first = await anas.send(group, "helo")
        async with open_socket(here) as phone:
            left = await phone.request("authenticate", token=ben.token)
            assert (await phone.request("ping"))["result"]["position"] == left["position"]

        await anas.edit(group, first.message_id, "hello")
        second = await anas.send(group, "a slip")
        await anas.edit(group, first.message_id, "hello Ben")
        third = await anas.send(group, "and on")
        await anas.delete(group, second.message_id)
        await anas.send(unlisted, "nobody asked")
        await bens.mark_read(group, third.seq)
        new = await ana.create_group(here, [ben])
        await anas.send(new, "welcome")
        await http.remove_participant(lost, ben.id)
        await cleos.follow(ben.id)
        await wait_until(lambda: any(isinstance(one, NotificationCreated) for one in at_laptop))

        async with open_socket(there) as phone:
            known = {group: 1, lost: 0, foreign: 0}
            again = await phone.request("authenticate", token=ben.token, resume=resume_request(left, known))
            missed = await frames_until(phone, "resumed")
            assert (again["session_id"], again["epoch"]) == (left["session_id"], left["epoch"])
            assert again["unread_notifications"] == 1
            # A notification may come twice: it is told again where nobody knows that it was.
            told = again["position"] - left["position"]
            stream, taken, log, resumed = missed[:told], missed[told], missed[told + 1 : -1], missed[-1]
            kinds = {
                "conversation.marked",
                "conversation.joined",
                "conversation.left",
                "notification.created",
            }
            assert {one["type"] for one in stream} == kinds
            assert [one["position"] - left["position"] for one in stream] == list(range(1, told + 1))
            assert (taken["type"], taken["conversation_id"]) == ("conversation.left", foreign)
            by_group = [(one["type"], one["seq"]) for one in log if one["conversation_id"] == group]
            assert by_group == [("message.updated", 4), ("message.created", 5), ("message.updated", 6)]
            ids = [first.message_id, third.message_id, second.message_id]
            assert [one["message"]["id"] for one in log if one["conversation_id"] == group] == ids
            assert [one["seq"] for one in log if one["conversation_id"] == new] == [1]
            assert resumed["replayed"] == len(stream) + len(log)
            assert resumed["last_seqs"] == {group: 6, new: 1}
            async with UserApi(ben, there) as caller:
                changes = await caller.get(f"/v1/conversations/{group}/changes?after=1")
            assert changes["items"] == [one for one in log if one["conversation_id"] == group]

            live = [(await anas.send(one, "live")).seq for one in (group, new, unlisted)]
            heard = [await phone.next_of("message.created") for _ in live]
            assert live == [7, 2, 2] == sorted([one["seq"] for one in heard], reverse=True)
            await ana.create_group(here, [ben])
            joined = await phone.next_of("conversation.joined")
            assert joined["position"] == again["position"] + 1
            assert (await phone.request("ping"))["result"]["position"] == joined["position"]


@pytest.mark.parametrize(
    "forged", [{"epoch": "another"}, {"position": 10_000}, {}], ids=["epoch", "ahead", "gone"]
)
async def test_unavailable_position_is_answered_by_resync(
    pair: Pair, server_stores: ServerStores, forged: Json
) -> None:
    """Of another stream, or behind what is kept for a day: with the place from which one goes on."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    async with Client([here.url], ana.token) as anas, open_socket(there) as phone:
        async with open_socket(here) as lost:
            left = await lost.request("authenticate", token=ben.token)
        group = await ana.create_group(here, [ben])
        await anas.send(group, "missed")
        if not forged:
            await expire_stream(server_stores, left["epoch"], ben)
        too_long = resume_request(
            left, {f"{number:024}": 0 for number in range(RESUME_CONVERSATIONS_MAX + 1)}
        )
        refused = await phone.request("authenticate", token=ben.token, resume=too_long)
        assert refused["code"] == "request.invalid"

        place = {**resume_request(left, {group: 0}), **forged}
        again = await phone.request("authenticate", token=ben.token, resume=place)
        resync = await phone.message()
        assert (resync["type"], resync["reason"]) == ("resync", "epoch" if forged else "expired")
        assert (resync["epoch"], resync["position"]) == (again["epoch"], again["position"])
        assert again["position"] == left["position"] + 1
        await anas.send(group, "live")
        assert (await phone.message())["seq"] == 2
        new = await ana.create_group(here, [ben])
        joined = await phone.message()
        assert (joined["position"], joined["conversation"]["id"]) == (resync["position"] + 1, new)


@pytest.mark.skipif(not LONG_TESTS, reason="a long one: make test-long")
async def test_stream_keeps_one_thousand_frames(pair: Pair) -> None:
    """That many are all told to whoever comes back; with one more it is too far."""
    here, there = pair
    ana, ben, cleo = [await RegisteredUser.register(name, here) for name in ("ana", "ben", "cleo")]
    groups = [await ana.create_group(here, [ben, cleo]) for _ in range(GROUPS)]
    each = STREAM_FRAMES_KEPT // GROUPS
    async with (
        Client([here.url], ana.token) as anas,
        Client([there.url], cleo.token) as cleos,
        Client([here.url], ben.token) as laptop,
        Client([there.url], ben.token) as tablet,
    ):
        async with open_socket(here) as phone:
            left = await phone.request("authenticate", token=ben.token)
        senders, readers = (anas, cleos), (laptop, tablet)
        await asyncio.gather(
            *(send_messages(senders[n % 2], group, each + 1) for n, group in enumerate(groups))
        )
        await asyncio.gather(*(read_each(readers[n % 2], group, each) for n, group in enumerate(groups)))
        async with open_socket(there) as phone:
            positions = [one["position"] for one in (await resume_and_collect(phone, ben, left))[:-1]]
            assert positions == list(range(left["position"] + 1, left["position"] + 1 + STREAM_FRAMES_KEPT))
        await laptop.mark_read(groups[0], each + 1)
        async with open_socket(there) as phone:
            await phone.request("authenticate", token=ben.token, resume=resume_request(left, {}))
            resync = await phone.message()
            assert (resync["type"], resync["reason"]) == ("resync", "too_far")


async def expire_stream(backing: ServerStores, epoch: str, user: RegisteredUser) -> None:
    """What is kept of a stream has a day to be asked for, and then is gone."""
    async with Redis.from_url(backing.urls.redis) as client:
        (kept,) = await client.keys(f"*:{epoch}:{user.id}")
        assert DAY_S - 60 < await client.ttl(kept) <= DAY_S
        await client.delete(kept)


async def resume_and_collect(socket: Peer, user: RegisteredUser, ready: Json) -> Sequence[Json]:
    await socket.request("authenticate", token=user.token, resume=resume_request(ready, {}))
    return await frames_until(socket, "resumed")


async def send_messages(client: Client, group: str, times: int) -> None:
    await asyncio.gather(*(client.send(group, str(number)) for number in range(times)))


async def read_each(client: Client, group: str, through: int) -> None:
    """One after the other: each moves the mark."""
    for seq in range(1, through + 1):
        await client.mark_read(group, seq)


def resume_request(ready: Json, conversations: dict[str, int]) -> Json:
    """From where a `ready` was."""
    return {
        **{name: ready[name] for name in ("session_id", "epoch", "position")},
        "conversations": conversations,
    }
