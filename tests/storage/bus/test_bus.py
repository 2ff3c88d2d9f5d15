"""Contract of `Bus`, in memory and on Redis."""

import asyncio

from tests.storage.bus.recording_subscriber import RecordingSubscriber, wait_delivered
from tests.storage.bus_cluster import (
    BusCluster,
    CheckedBus,
)
from tests.until import until


async def test_frame_reaches_every_subscriber_and_the_publisher(system: BusCluster, topic: str) -> None:
    """Each subscribed instance receives it once, in a later loop iteration; others receive nothing."""
    here, there, elsewhere = [await system.open_bus() for _ in range(3)]
    subscribers = [RecordingSubscriber(bus) for bus in (here, there, elsewhere)]
    await here.subscribe([topic])
    await there.subscribe([topic])
    await elsewhere.subscribe([f"{topic}:other"])
    frame = bytes(range(256)) * 32
    here.publish(topic, frame)
    assert subscribers[0].received == []
    await until(lambda: subscribers[0].received and subscribers[1].received)
    await wait_delivered(here, there, elsewhere)
    assert [subscriber.received for subscriber in subscribers] == [[(topic, frame)], [(topic, frame)], []]
    assert [subscriber.gaps for subscriber in subscribers] == [0, 0, 0]


async def test_order_is_kept_per_publisher(system: BusCluster, topic: str) -> None:
    """Frames of two publishers may interleave; each publisher's frames stay in order and none is lost."""
    subscriber_bus = await system.open_bus()
    subscriber = RecordingSubscriber(subscriber_bus)
    await subscriber_bus.subscribe([topic])
    publishers = {b"a": await system.open_bus(), b"b": await system.open_bus()}

    async def publish(name: bytes, bus: CheckedBus) -> None:
        for number in range(3000):
            bus.publish(topic, b"%b %d" % (name, number))
            if number % 17 == 0:
                await asyncio.sleep(0)

    await asyncio.gather(*(publish(name, bus) for name, bus in publishers.items()))
    await until(lambda: len(subscriber.received) >= 6000, 20)
    for name in publishers:
        payload = [int(frame.split()[1]) for frame in subscriber.frames if frame.startswith(name)]
        assert payload == list(range(3000))


async def test_no_frame_is_missed_after_subscribe_returns(system: BusCluster, topic: str) -> None:
    """Every frame published after `subscribe` has returned is received."""
    here, there = await system.open_bus(), await system.open_bus()
    subscriber = RecordingSubscriber(here)
    for number in range(100):
        await here.subscribe([f"{topic}:{number}"])
        there.publish(f"{topic}:{number}", b"now")
    await until(lambda: len(subscriber.received) == 100)


async def test_many_concurrent_subscriptions_are_all_active(system: BusCluster, topic: str) -> None:
    """Thousands of topics in one call, and hundreds of concurrent calls, some for the same topics."""
    here, there = await system.open_bus(), await system.open_bus()
    subscriber = RecordingSubscriber(here)
    many = [f"{topic}:{number}" for number in range(3000)]
    await asyncio.gather(here.subscribe(many), *(here.subscribe([one]) for one in many[-200:]))
    await here.subscribe(many)
    for one in many:
        there.publish(one, b"frame")
    await until(lambda: len(subscriber.received) == 3000, 20)
    assert sorted(delivered for delivered, _ in subscriber.received) == sorted(many)


async def test_frames_are_discarded_after_unsubscribe(system: BusCluster, topic: str) -> None:
    """Frames already in flight are not delivered either."""
    bus = await system.open_bus()
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe([topic, f"{topic}:kept"])
    bus.publish(topic, b"on its way")
    bus.unsubscribe([topic, f"{topic}:never"])
    bus.publish(f"{topic}:kept", b"kept")
    await until(lambda: subscriber.received)
    await wait_delivered(bus)
    assert subscriber.received == [(f"{topic}:kept", b"kept")]


async def test_topic_can_be_subscribed_again_at_once(system: BusCluster, topic: str) -> None:
    """However fast it is unsubscribed and subscribed, `subscribe` returns only when it is active."""
    here, there = await system.open_bus(), await system.open_bus()
    subscriber = RecordingSubscriber(here)
    await here.subscribe([topic])
    for turns in range(40):
        here.unsubscribe([topic])
        for _ in range(turns % 4):
            await asyncio.sleep(0)
        await here.subscribe([topic])
        there.publish(topic, b"%d" % turns)
        await until(lambda turns=turns: subscriber.frames[-1:] == [b"%d" % turns])  # type: ignore[misc]
    assert len(subscriber.received) == 40


async def test_unsubscribe_releases_pending_subscribe_calls(system: BusCluster, topic: str) -> None:
    """A call that waits for a topic returns when the topic is unsubscribed."""
    bus = await system.open_bus()
    waiting = asyncio.create_task(bus.subscribe([topic]))
    await asyncio.sleep(0)
    bus.unsubscribe([topic])
    await waiting


async def test_statistics_count_frames_and_topics(system: BusCluster, topic: str) -> None:
    """Published and received frames, topics, and no loss."""
    bus = await system.open_bus()
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe([topic, f"{topic}:2"])
    before = bus.statistics()
    for _ in range(10):
        bus.publish(topic, b"frame")
    await until(lambda: len(subscriber.received) == 10)
    await until(lambda: bus.statistics().waiting == 0)
    after = bus.statistics()
    assert after.connected
    assert after.published - before.published >= 10
    assert after.received - before.received >= 10
    assert (after.dropped, after.reconnects) == (0, 0)
    bus.unsubscribe([topic])
    await until(lambda: bus.statistics().topics == before.topics - 1)
