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
from client.errors import Refused
from tests.journeys.conftest import Pair
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

ROUNDS = 20 if LONG else 5


async def test_joined_comes_first_and_left_comes_last(pair: Pair) -> None:
    """Round after round in a running flood: joined, then every frame from there on, then left."""
    await come_and_go(pair)


async def test_joined_comes_first_where_news_come_late(late_pair: Pair) -> None:
    """Her instance knows the log before it hears that she is in it: the same holds."""
    await come_and_go(late_pair)


async def come_and_go(pair: Pair) -> None:
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    cleo = await Person.register("cleo", there)
    group = await ana.group(here, [ben])
    oracle = Oracle(group)
    heard: list[ServerFrame] = []
    async with (
        Talker(ana, oracle, [here]) as anas,
        Talker(ben, oracle, [there]) as bens,
        Client([there.url], cleo.token, on_frame=heard.append) as cleos,
        ana.http(here) as http,
    ):
        for _ in range(ROUNDS):
            heard.clear()
            enough = asyncio.Event()
            flood = asyncio.gather(anas.talk(enough, at_once=3), bens.talk(enough, at_once=3))
            await http.add(group, cleo.id)
            await eventually(lambda: len([one for one in heard if isinstance(one, LogFrame)]) > 3)
            await http.remove(group, cleo.id)
            enough.set()
            await flood
            await eventually(lambda: any(isinstance(one, ConversationLeft) for one in heard))
            # Whatever still was on its way to her has come once she is answered.
            await cleos.ping()

            assert isinstance(heard[0], ConversationJoined)
            assert heard[0].conversation.id == group
            assert isinstance(heard[-1], ConversationLeft)
            seqs = [one.seq for one in heard if isinstance(one, LogFrame)]
            joined_at = heard[0].conversation.last_seq
            assert seqs == list(range(joined_at + 1, joined_at + 1 + len(seqs)))
            assert len(heard) == len(seqs) + 2
        assert cleos.statistics().silent_gaps == 0

        for call in (
            lambda: cleos.send(group, "still here?"),
            lambda: cleos.read(group, 1),
        ):
            with pytest.raises(Refused) as refused:
                await call()
            assert refused.value.code == "conversation.not_found"
        async with cleo.http(here) as cleo_http:
            for answer in (
                cleo_http.conversation(group),
                cleo_http.history(group),
                cleo_http.changes(group, 0),
            ):
                with pytest.raises(Refused) as refused:
                    await answer
                assert refused.value.status == 404
        log = await ana.log(here, group)
        await eventually(lambda: oracle.all_saw(log[-1].seq))
    oracle.check(log)


async def test_a_new_member_reads_the_whole_history(pair: Pair) -> None:
    """What was said before is there, at the other instance, at once."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    cleo = await Person.register("cleo", there)
    group = await ana.group(here, [ben])
    oracle = Oracle(group)
    async with Talker(ana, oracle, [here]) as anas, ana.http(here) as http:
        await anas.flood(30)
        await http.add(group, cleo.id)
        log = await cleo.log(there, group)
        await eventually(lambda: oracle.all_saw(log[-1].seq))
        added = anas.frames[-1]

        assert len(log) == 31
        assert isinstance(added, ConversationUpdated)
        assert added.changed.joined is not None
        assert [card.id for card in added.changed.joined] == [cleo.id]
        assert added.member_count == 3
    oracle.check(log)
