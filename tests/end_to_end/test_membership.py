"""Members are added and removed while messages are sent, observed from another instance."""

import asyncio

import pytest

from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationUpdated,
    LogFrame,
    ServerFrame,
)
from client.client import Client
from client.errors import RequestRejected
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

ROUNDS = 20 if LONG_TESTS else 5


async def test_joined_is_first_and_left_is_last(pair: Pair) -> None:
    """Under load an added member receives `joined`, every later frame, and `left` last."""
    await add_and_remove_repeatedly(pair)


async def test_joined_is_first_with_a_delayed_bus(delayed_pair: Pair) -> None:
    """The order also holds if the new member's instance sees the log before the membership."""
    await add_and_remove_repeatedly(delayed_pair)


async def add_and_remove_repeatedly(pair: Pair) -> None:
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    cleo = await RegisteredUser.register("cleo", second_instance)
    group = await ana.create_group(first_instance, [ben])
    oracle = Oracle(group)
    frames: list[ServerFrame] = []
    async with (
        ChatUser(ana, oracle, [first_instance]) as ana_chat,
        ChatUser(ben, oracle, [second_instance]) as ben_chat,
        Client([second_instance.url], cleo.token, on_frame=frames.append) as cleo_client,
        ana.http(first_instance) as http,
    ):
        for _ in range(ROUNDS):
            frames.clear()
            stop = asyncio.Event()
            sends = asyncio.gather(
                ana_chat.send_until(stop, concurrency=3), ben_chat.send_until(stop, concurrency=3)
            )
            await http.add_participant(group, cleo.id)
            await wait_until(lambda: len([frame for frame in frames if isinstance(frame, LogFrame)]) > 3)
            await http.remove_participant(group, cleo.id)
            stop.set()
            await sends
            await wait_until(lambda: any(isinstance(frame, ConversationLeft) for frame in frames))
            # Frames sent before the pong have arrived when it does.
            await cleo_client.ping()

            assert isinstance(frames[0], ConversationJoined)
            assert frames[0].conversation.id == group
            assert isinstance(frames[-1], ConversationLeft)
            seqs = [frame.seq for frame in frames if isinstance(frame, LogFrame)]
            joined_at = frames[0].conversation.last_seq
            assert seqs == list(range(joined_at + 1, joined_at + 1 + len(seqs)))
            assert len(frames) == len(seqs) + 2
        assert cleo_client.statistics().unannounced_gaps == 0

        for call in (
            lambda: cleo_client.send(group, "still here?"),
            lambda: cleo_client.mark_read(group, 1),
        ):
            with pytest.raises(RequestRejected) as rejected:
                await call()
            assert rejected.value.code == "conversation.not_found"
        async with cleo.http(first_instance) as cleo_http:
            for request in (
                cleo_http.conversation(group),
                cleo_http.history(group),
                cleo_http.changes(group, 0),
            ):
                with pytest.raises(RequestRejected) as rejected:
                    await request
                assert rejected.value.status == 404
        log = await ana.read_history(first_instance, group)
        await wait_until(lambda: oracle.all_received(log[-1].seq))
    oracle.check(log)


async def test_new_member_reads_the_whole_history(pair: Pair) -> None:
    """Messages from before the join are readable at once on the other instance."""
    first_instance, second_instance = pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    cleo = await RegisteredUser.register("cleo", second_instance)
    group = await ana.create_group(first_instance, [ben])
    oracle = Oracle(group)
    async with ChatUser(ana, oracle, [first_instance]) as ana_chat, ana.http(first_instance) as http:
        await ana_chat.send_many(30)
        await http.add_participant(group, cleo.id)
        log = await cleo.read_history(second_instance, group)
        await wait_until(lambda: oracle.all_received(log[-1].seq))
        update = ana_chat.frames[-1]

        assert len(log) == 31
        assert isinstance(update, ConversationUpdated)
        assert update.changed.joined is not None
        assert [card.id for card in update.changed.joined] == [cleo.id]
        assert update.member_count == 3
    oracle.check(log)
