"""Contract of `Bus`: servers that are gone for a while, and lost frames."""

import pytest

from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.storage.bus.recording_subscriber import RecordingSubscriber
from tests.storage.bus_cluster import (
    BusCluster,
)
from tests.until import until


async def test_topics_are_resubscribed_after_an_outage_and_a_gap_is_reported(
    restartable_cluster: BusCluster, topic: str
) -> None:
    """Each instance reports lost messages once all its topics are active again."""
    here, there = await restartable_cluster.open_bus(), await restartable_cluster.open_bus()
    subscribers = [RecordingSubscriber(here), RecordingSubscriber(there)]
    topics = [f"{topic}:{number}" for number in range(1500)]
    await here.subscribe(topics)
    restartable_cluster.stop_server()
    await until(lambda: not here.statistics().connected and not there.statistics().connected)
    dropped = there.statistics().dropped
    there.publish(topics[0], b"lost")
    assert there.statistics().dropped == dropped + 1
    restartable_cluster.restart_server()
    await until(lambda: all(subscriber.gaps for subscriber in subscribers), 10)
    await until(lambda: here.statistics().connected and there.statistics().connected, 10)
    for one in topics:
        there.publish(one, b"again")
    await until(lambda: len(subscribers[0].received) >= 1500, 10)
    assert sorted(subscribers[0].received) == sorted((one, b"again") for one in topics)
    assert here.statistics().reconnects > 0


async def test_subscribe_during_an_outage_fails_but_takes_effect_later(
    restartable_cluster: BusCluster, topic: str
) -> None:
    """The topic is active when the server is back, and lost messages are reported after that."""
    bus = await restartable_cluster.open_bus()
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe([topic])
    restartable_cluster.stop_server()
    await until(lambda: not bus.statistics().connected)
    for wanted in ("early", "late"):
        with pytest.raises(Unavailable):
            await bus.subscribe([wanted])
    bus.unsubscribe([topic])
    restartable_cluster.restart_server()
    await until(lambda: subscriber.gaps, 10)
    await until(lambda: bus.statistics().connected, 10)
    for payload in ("early", topic, "late"):
        bus.publish(payload, b"frame")
    await until(lambda: len(subscriber.received) >= 2)
    assert sorted(subscriber.received) == [("early", b"frame"), ("late", b"frame")]


async def test_check_fails_during_an_outage(restartable_cluster: BusCluster) -> None:
    """It passes before and after."""
    bus = await restartable_cluster.open_bus()
    subscriber = RecordingSubscriber(bus)
    await bus.check()
    restartable_cluster.stop_server()
    await until(lambda: not bus.statistics().connected)
    with pytest.raises(Unavailable):
        await bus.check()
    restartable_cluster.restart_server()
    await until(lambda: subscriber.gaps and bus.statistics().connected, 10)
    await bus.check()


async def test_memory_broker_drops_selected_frames() -> None:
    """Single frames can be lost without the publisher noticing."""
    broker = MemoryBroker()
    here, there = MemoryBus(broker), MemoryBus(broker)
    subscriber = RecordingSubscriber(there)
    await there.subscribe(["c:1"])
    broker.should_drop = lambda _topic, frame: frame == b"2"
    for number in range(4):
        here.publish("c:1", b"%d" % number)
    await until(lambda: len(subscriber.received) == 3)
    assert subscriber.frames == [b"0", b"1", b"3"]
    assert here.statistics().dropped == 0
