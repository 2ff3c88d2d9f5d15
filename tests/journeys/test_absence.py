"""Somebody is away for a while, and comes back to a conversation that has gone on without them."""

from client.client import Client
from tests.journeys.cable import Cable
from tests.journeys.conftest import Pair
from tests.journeys.oracle import Oracle
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

SAID = 250


async def test_who_was_cut_off_hears_all_that_was_said(pair: Pair) -> None:
    """The line is dead while much is said; then it comes back, at the other instance, and misses nothing."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    oracle = Oracle(await ana.group(here, [ben]))
    async with (
        Cable(here.url) as one,
        Cable(there.url) as other,
        Talker(ana, oracle, [one.url, other.url]) as anas,
        Talker(ben, oracle, [there]) as bens,
    ):
        await anas.say()
        one.shut()
        other.shut()
        await eventually(lambda: not anas.client.connected)
        await bens.flood(SAID)
        assert oracle.views[0].position < SAID
        other.open = True
        await eventually(lambda: oracle.all_saw(SAID + 1))
        await anas.say()
        await eventually(lambda: oracle.all_saw(SAID + 2))

        assert anas.client.url == other.url
        assert anas.silent_gaps == 0
    oracle.check(await ana.log(here, oracle.conversation_id))


async def test_a_new_device_reads_the_log_from_its_start(pair: Pair) -> None:
    """It follows the conversation from nothing: page after page of `changes`, then what is live."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    oracle = Oracle(await ana.group(here, [ben]))
    async with Talker(ana, oracle, [here]) as anas:
        await anas.flood(SAID)
        view = oracle.view("the new device")
        async with Client([there.url], ben.token, on_frame=view.hear) as device:
            device.follow(oracle.conversation_id)
            await anas.flood(20)
            await eventually(lambda: oracle.all_saw(SAID + 20))
    oracle.check(await ben.log(there, oracle.conversation_id))
