"""People come into a conversation and go out of it while it goes on, seen from another instance."""

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
    """Round after round in a running flood: joined, then every frame from there on, then left."""
    await add_and_remove_repeatedly(pair)


async def test_joined_is_first_with_a_delayed_bus(delayed_pair: Pair) -> None:
    """Her instance knows the log before it hears that she is in it: the same holds."""
    await add_and_remove_repeatedly(delayed_pair)


async def add_and_remove_repeatedly(pair: Pair) -> None:
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    cleo = await RegisteredUser.register("cleo", there)
    group = await ana.create_group(here, [ben])
    oracle = Oracle(group)
    heard: list[ServerFrame] = []
    async with (
        ChatUser(ana, oracle, [here]) as anas,
        ChatUser(ben, oracle, [there]) as bens,
        Client([there.url], cleo.token, on_frame=heard.append) as cleos,
        ana.http(here) as http,
    ):
        for _ in range(ROUNDS):
            heard.clear()
            enough = asyncio.Event()
            flood = asyncio.gather(
                anas.send_until(enough, concurrency=3), bens.send_until(enough, concurrency=3)
            )
            await http.add_participant(group, cleo.id)
            await wait_until(lambda: len([one for one in heard if isinstance(one, LogFrame)]) > 3)
            await http.remove_participant(group, cleo.id)
            enough.set()
            await flood
            await wait_until(lambda: any(isinstance(one, ConversationLeft) for one in heard))
            # Whatever still was on its way to her has come once she is answered.
            await cleos.ping()

            assert isinstance(heard[0], ConversationJoined)
            assert heard[0].conversation.id == group
            assert isinstance(heard[-1], ConversationLeft)
            seqs = [one.seq for one in heard if isinstance(one, LogFrame)]
            joined_at = heard[0].conversation.last_seq
            assert seqs == list(range(joined_at + 1, joined_at + 1 + len(seqs)))
            assert len(heard) == len(seqs) + 2
        assert cleos.statistics().unannounced_gaps == 0

        for call in (
            lambda: cleos.send(group, "still here?"),
            lambda: cleos.mark_read(group, 1),
        ):
            with pytest.raises(RequestRejected) as refused:
                await call()
            assert refused.value.code == "conversation.not_found"
        async with cleo.http(here) as cleo_http:
            for answer in (
                cleo_http.conversation(group),
                cleo_http.history(group),
                cleo_http.changes(group, 0),
            ):
                with pytest.raises(RequestRejected) as refused:
                    await answer
                assert refused.value.status == 404
        log = await ana.read_history(here, group)
        await wait_until(lambda: oracle.all_received(log[-1].seq))
    oracle.check(log)


async def test_new_member_reads_the_whole_history(pair: Pair) -> None:
    """What was said before is there, at the other instance, at once."""
    here, there = pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    cleo = await RegisteredUser.register("cleo", there)
    group = await ana.create_group(here, [ben])
    oracle = Oracle(group)
    async with ChatUser(ana, oracle, [here]) as anas, ana.http(here) as http:
        await anas.send_many(30)
        await http.add_participant(group, cleo.id)
        log = await cleo.read_history(there, group)
        await wait_until(lambda: oracle.all_received(log[-1].seq))
        added = anas.frames[-1]

        assert len(log) == 31
        assert isinstance(added, ConversationUpdated)
        assert added.changed.joined is not None
        assert [card.id for card in added.changed.joined] == [cleo.id]
        assert added.member_count == 3
    oracle.check(log)
