"""The message is stored, and its sender is never told: the connection breaks at that very moment."""

from tests.journeys.cable import Cable
from tests.journeys.conftest import Pair
from tests.journeys.oracle import Oracle
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker


async def test_a_retry_after_a_lost_acknowledgement_stores_once(pair: Pair) -> None:
    """The client says it again at the other instance, and is answered with the first message."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    group = await ana.group(here, [ben])
    oracle = Oracle(group)
    async with (
        Cable(here.url) as cable,
        Talker(ana, oracle, [cable.url, there]) as anas,
        Talker(ben, oracle, [there]) as bens,
    ):
        assert not (await anas.say()).duplicate
        cable.lose = b'"type":"ok"'
        lost = await anas.say()
        await bens.say()
        await eventually(lambda: oracle.all_saw(3))

        assert cable.cuts == 1
        assert (lost.seq, lost.duplicate) == (2, True)
        assert anas.client.url == there.url
        assert anas.client.statistics().connects == 2
    oracle.check(await ben.log(here, group))


async def test_many_lost_acknowledgements_in_a_flood(pair: Pair) -> None:
    """Cut again and again with sends in flight: each is stored once, and everybody sees it once."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    group = await ana.group(here, [ben])
    oracle = Oracle(group)
    async with (
        Cable(here.url) as one,
        Cable(there.url) as other,
        Talker(ana, oracle, [one.url, other.url]) as anas,
        Talker(ben, oracle, [there]),
    ):
        for round_number in range(4):
            cable = one if anas.client.url == one.url else other
            await anas.flood(5)
            cable.lose = b'"type":"ok"'
            await anas.flood(15)
            assert cable.cuts == round_number // 2 + 1
            cable.lose = None
        await eventually(lambda: oracle.all_saw(80))
    oracle.check(await ben.log(there, group))
