"""Contract of `Bus`, in memory and on Redis; then tests that need a server."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote

import msgspec
import pytest

from storage.errors import InvalidStoreUrl, Unavailable
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.redis.bus import RedisBus
from storage.redis.timeouts import Timeouts
from tests.storage.bus_cluster import (
    SHORT_TIMEOUTS,
    BusCluster,
    CheckedBus,
    MemoryCluster,
    RedisCluster,
    ShardedCluster,
)
from tests.storage.valkey_server import ValkeyServer
from tests.tcp_proxy import TcpProxy
from tests.until import until

_names = itertools.count(1)
UNPROBED = msgspec.structs.replace(SHORT_TIMEOUTS, probe_interval_s=60.0, probe_timeout_s=60.0)


@pytest.fixture(params=["memory", "redis", "sharded"])
async def system(request: pytest.FixtureRequest) -> AsyncIterator[BusCluster]:
    """Instances on the run's own server, on two, or in memory."""
    if request.param == "memory":
        made: BusCluster = MemoryCluster()
    elif request.param == "sharded":
        made = ShardedCluster(request.getfixturevalue("two_servers"))
    else:
        made = RedisCluster(None, request.getfixturevalue("stores").redis)
    yield made
    await made.close()


@pytest.fixture(params=["memory", "redis", "sharded"])
async def mortal(request: pytest.FixtureRequest) -> AsyncIterator[BusCluster]:
    """Instances whose servers a test may stop."""
    if request.param == "memory":
        made: BusCluster = MemoryCluster()
    elif request.param == "sharded":
        made = ShardedCluster(request.getfixturevalue("two_servers"))
    else:
        server: ValkeyServer = request.getfixturevalue("server")
        made = RedisCluster(server, server.url)
    yield made
    await made.close()


Opening = Callable[..., Awaitable[RedisBus]]


@pytest.fixture
async def opened() -> AsyncIterator[Opening]:
    """Opens buses with short timeouts, and closes them after the test."""
    buses: list[RedisBus] = []

    async def make(
        url: str, queued_messages_max: int = 10_000, time_limits: Timeouts = SHORT_TIMEOUTS
    ) -> RedisBus:
        buses.append(await RedisBus.open(url, queued_messages_max=queued_messages_max, timeouts=time_limits))
        return buses[-1]

    yield make
    for bus in buses:
        await bus.close()


@pytest.fixture
def topic() -> str:
    return f"c:{next(_names)}"


class RecordingSubscriber:
    """Records the frames that a bus delivered, in order."""

    def __init__(self, bus: CheckedBus) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.gaps = 0
        bus.on_message(lambda topic, frame: self.received.append((topic, frame)))
        bus.on_gap(self._gap)

    def _gap(self) -> None:
        self.gaps += 1

    @property
    def frames(self) -> list[bytes]:
        return [frame for _, frame in self.received]


async def wait_delivered(*buses: CheckedBus) -> None:
    """Wait until earlier frames are delivered: later ones on the same route have arrived."""
    for bus in buses:
        await bus.check()
    await asyncio.sleep(0)


# The contract


async def test_frame_reaches_every_subscriber_and_the_publisher(system: BusCluster, topic: str) -> None:
    """Each subscribed instance receives it once, in a later loop iteration; others receive nothing."""
    here, there, elsewhere = [await system.open_bus() for _ in range(3)]
    ears = [RecordingSubscriber(bus) for bus in (here, there, elsewhere)]
    await here.subscribe([topic])
    await there.subscribe([topic])
    await elsewhere.subscribe([f"{topic}:other"])
    frame = bytes(range(256)) * 32
    here.publish(topic, frame)
    assert ears[0].received == []
    await until(lambda: ears[0].received and ears[1].received)
    await wait_delivered(here, there, elsewhere)
    assert [ear.received for ear in ears] == [[(topic, frame)], [(topic, frame)], []]
    assert [ear.gaps for ear in ears] == [0, 0, 0]


async def test_order_is_kept_per_publisher(system: BusCluster, topic: str) -> None:
    """Frames of two publishers may interleave; each publisher's frames stay in order and none is lost."""
    ear_bus = await system.open_bus()
    ear = RecordingSubscriber(ear_bus)
    await ear_bus.subscribe([topic])
    publishers = {b"a": await system.open_bus(), b"b": await system.open_bus()}

    async def publish(name: bytes, bus: CheckedBus) -> None:
        for number in range(3000):
            bus.publish(topic, b"%b %d" % (name, number))
            if number % 17 == 0:
                await asyncio.sleep(0)

    await asyncio.gather(*(publish(name, bus) for name, bus in publishers.items()))
    await until(lambda: len(ear.received) >= 6000, 20)
    for name in publishers:
        payload = [int(frame.split()[1]) for frame in ear.frames if frame.startswith(name)]
        assert payload == list(range(3000))


async def test_no_frame_is_missed_after_subscribe_returns(system: BusCluster, topic: str) -> None:
    """Every frame published after `subscribe` has returned is received."""
    here, there = await system.open_bus(), await system.open_bus()
    ear = RecordingSubscriber(here)
    for number in range(100):
        await here.subscribe([f"{topic}:{number}"])
        there.publish(f"{topic}:{number}", b"now")
    await until(lambda: len(ear.received) == 100)


async def test_many_concurrent_subscriptions_are_all_active(system: BusCluster, topic: str) -> None:
    """Thousands of topics in one call, and hundreds of concurrent calls, some for the same topics."""
    here, there = await system.open_bus(), await system.open_bus()
    ear = RecordingSubscriber(here)
    many = [f"{topic}:{number}" for number in range(3000)]
    await asyncio.gather(here.subscribe(many), *(here.subscribe([one]) for one in many[-200:]))
    await here.subscribe(many)
    for one in many:
        there.publish(one, b"frame")
    await until(lambda: len(ear.received) == 3000, 20)
    assert sorted(delivered for delivered, _ in ear.received) == sorted(many)


async def test_frames_are_discarded_after_unsubscribe(system: BusCluster, topic: str) -> None:
    """Frames already in flight are not delivered either."""
    bus = await system.open_bus()
    ear = RecordingSubscriber(bus)
    await bus.subscribe([topic, f"{topic}:kept"])
    bus.publish(topic, b"on its way")
    bus.unsubscribe([topic, f"{topic}:never"])
    bus.publish(f"{topic}:kept", b"kept")
    await until(lambda: ear.received)
    await wait_delivered(bus)
    assert ear.received == [(f"{topic}:kept", b"kept")]


async def test_topic_can_be_subscribed_again_at_once(system: BusCluster, topic: str) -> None:
    """However fast it is unsubscribed and subscribed, `subscribe` returns only when it is active."""
    here, there = await system.open_bus(), await system.open_bus()
    ear = RecordingSubscriber(here)
    await here.subscribe([topic])
    for turns in range(40):
        here.unsubscribe([topic])
        for _ in range(turns % 4):
            await asyncio.sleep(0)
        await here.subscribe([topic])
        there.publish(topic, b"%d" % turns)
        await until(lambda turns=turns: ear.frames[-1:] == [b"%d" % turns])  # type: ignore[misc]
    assert len(ear.received) == 40


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
    ear = RecordingSubscriber(bus)
    await bus.subscribe([topic, f"{topic}:2"])
    before = bus.statistics()
    for _ in range(10):
        bus.publish(topic, b"frame")
    await until(lambda: len(ear.received) == 10)
    await until(lambda: bus.statistics().waiting == 0)
    after = bus.statistics()
    assert after.connected
    assert after.published - before.published >= 10
    assert after.received - before.received >= 10
    assert (after.dropped, after.reconnects) == (0, 0)
    bus.unsubscribe([topic])
    await until(lambda: bus.statistics().topics == before.topics - 1)


# Outages


async def test_topics_are_resubscribed_after_an_outage_and_a_gap_is_reported(
    mortal: BusCluster, topic: str
) -> None:
    """Each instance reports a gap once all its topics are active again."""
    here, there = await mortal.open_bus(), await mortal.open_bus()
    ears = [RecordingSubscriber(here), RecordingSubscriber(there)]
    topics = [f"{topic}:{number}" for number in range(1500)]
    await here.subscribe(topics)
    mortal.stop_server()
    await until(lambda: not here.statistics().connected and not there.statistics().connected)
    dropped = there.statistics().dropped
    there.publish(topics[0], b"lost")
    assert there.statistics().dropped == dropped + 1
    mortal.restart_server()
    await until(lambda: all(ear.gaps for ear in ears), 10)
    await until(lambda: here.statistics().connected and there.statistics().connected, 10)
    for one in topics:
        there.publish(one, b"again")
    await until(lambda: len(ears[0].received) >= 1500, 10)
    assert sorted(ears[0].received) == sorted((one, b"again") for one in topics)
    assert here.statistics().reconnects > 0


async def test_subscribe_during_an_outage_fails_but_takes_effect_later(
    mortal: BusCluster, topic: str
) -> None:
    """The topic is active when the server is back, and a gap is reported after that."""
    bus = await mortal.open_bus()
    ear = RecordingSubscriber(bus)
    await bus.subscribe([topic])
    mortal.stop_server()
    await until(lambda: not bus.statistics().connected)
    for wanted in ("early", "late"):
        with pytest.raises(Unavailable):
            await bus.subscribe([wanted])
    bus.unsubscribe([topic])
    mortal.restart_server()
    await until(lambda: ear.gaps, 10)
    await until(lambda: bus.statistics().connected, 10)
    for payload in ("early", topic, "late"):
        bus.publish(payload, b"frame")
    await until(lambda: len(ear.received) >= 2)
    assert sorted(ear.received) == [("early", b"frame"), ("late", b"frame")]


async def test_check_fails_during_an_outage(mortal: BusCluster) -> None:
    """It passes before and after."""
    bus = await mortal.open_bus()
    ear = RecordingSubscriber(bus)
    await bus.check()
    mortal.stop_server()
    await until(lambda: not bus.statistics().connected)
    with pytest.raises(Unavailable):
        await bus.check()
    mortal.restart_server()
    await until(lambda: ear.gaps and bus.statistics().connected, 10)
    await bus.check()


async def test_memory_broker_drops_selected_frames() -> None:
    """Single frames can be lost without the publisher noticing."""
    broker = MemoryBroker()
    here, there = MemoryBus(broker), MemoryBus(broker)
    ear = RecordingSubscriber(there)
    await there.subscribe(["c:1"])
    broker.should_drop = lambda _topic, frame: frame == b"2"
    for number in range(4):
        here.publish("c:1", b"%d" % number)
    await until(lambda: len(ear.received) == 3)
    assert ear.frames == [b"0", b"1", b"3"]
    assert here.statistics().dropped == 0


# What only a server can do


async def test_publish_does_not_wait_for_a_paused_server(server: ValkeyServer, opened: Opening) -> None:
    """While the server hangs, publishing stays immediate and bounded; the hang is detected and ends."""
    bus = await opened(server.url, 500, UNPROBED)
    ear = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    server.pause()
    try:
        slowest_s = 0.0
        published = 0
        until_s = time.monotonic() + 20
        while bus.statistics().connected:
            before = time.perf_counter()
            bus.publish("c:1", b"x" * 4000)
            slowest_s = max(slowest_s, time.perf_counter() - before)
            published += 1
            assert bus.statistics().waiting <= 500 + 2000
            assert time.monotonic() < until_s, "the hang was not noticed"
            await asyncio.sleep(0)
        # One that waited would wait for as long as the hang is unnoticed.
        assert slowest_s < UNPROBED.reply_s / 2
        with pytest.raises(Unavailable):
            await bus.subscribe(["c:2"])
    finally:
        server.resume()
    await until(lambda: ear.gaps, 10)
    await until(lambda: bus.statistics().connected, 10)
    bus.publish("c:2", b"after")
    await until(lambda: ("c:2", b"after") in ear.received)
    statistics = bus.statistics()
    assert statistics.published + statistics.dropped >= published
    assert statistics.dropped > 0


async def test_full_queue_drops_the_oldest(server: ValkeyServer, opened: Opening) -> None:
    """The newest frames are kept."""
    bus = await opened(server.url, 10)
    ear = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    for number in range(100):
        bus.publish("c:1", b"%d" % number)
    await until(lambda: len(ear.received) == 10)
    await wait_delivered(bus)
    assert ear.frames == [b"%d" % number for number in range(90, 100)]
    assert bus.statistics().dropped == 90


async def test_frames_of_one_tick_are_sent_together(server: ValkeyServer, opened: Opening) -> None:
    """The server reads many frames at once."""
    bus = await opened(server.url, 1000, Timeouts())
    with server.client() as client:
        before = client.info("stats")["total_reads_processed"]
        for _ in range(500):
            bus.publish("c:1", b"frame")
        await until(lambda: bus.statistics().waiting == 0)
        reads = client.info("stats")["total_reads_processed"] - before
    assert reads < 20


async def test_close_sends_queued_frames(server: ValkeyServer, opened: Opening) -> None:
    """Frames published before `close` arrive; later ones are dropped without an error."""
    here = await opened(server.url, 10_000, Timeouts())
    there = await opened(server.url, 10_000, Timeouts())
    ear = RecordingSubscriber(there)
    await there.subscribe(["c:1"])
    for _ in range(5000):
        here.publish("c:1", b"frame")
    await here.close()
    await until(lambda: len(ear.received) == 5000)
    here.publish("c:1", b"too late")
    with pytest.raises(Unavailable):
        await here.check()


@pytest.fixture
async def proxy(server: ValkeyServer) -> AsyncIterator[tuple[TcpProxy, str]]:
    """A proxy before the server, and its URL."""
    made = TcpProxy(f"unix://{quote(str(server.socket))}")
    port = await made.start()
    yield made, f"redis://127.0.0.1:{port}/0"
    await made.close()


async def test_frames_of_a_dead_connection_do_not_follow_newer_ones(
    server: ValkeyServer, proxy: tuple[TcpProxy, str], opened: Opening
) -> None:
    """Frames still in flight on an abandoned connection are not accepted when they arrive."""
    between, url = proxy
    publisher, listener = await opened(url, 100, UNPROBED), await opened(server.url)
    ear = RecordingSubscriber(listener)
    await listener.subscribe(["c:1"])
    publisher.publish("c:1", b"first")
    await until(lambda: ear.received)
    line = between.hold_requests(b"PUBLISH")
    publisher.publish("c:1", b"held")
    await until(lambda: publisher.statistics().reconnects and publisher.statistics().connected, 10)
    publisher.publish("c:1", b"last")
    await until(lambda: len(ear.received) == 2)
    line.release()
    await wait_delivered(publisher, listener)
    await wait_delivered(publisher, listener)
    assert ear.frames == [b"first", b"last"]


async def test_reply_to_an_earlier_command_confirms_nothing(
    server: ValkeyServer, proxy: tuple[TcpProxy, str], opened: Opening
) -> None:
    """A topic is active only after the reply to the last command about it."""
    between, url = proxy
    bus = await opened(url, 100, UNPROBED)
    await bus.subscribe(["c:1"])
    line = between.hold_requests(b"SUBSCRIBE")
    bus.unsubscribe(["c:1"])
    await until(lambda: line.held)
    left = len(line.held or b"")
    again = asyncio.create_task(bus.subscribe(["c:1"]))
    await until(lambda: len(line.held or b"") > left)
    line.release_first(left)
    await wait_delivered(bus)
    await wait_delivered(bus)
    assert not again.done()
    line.release()
    await again


async def test_late_confirmation_is_reported_as_a_gap(proxy: tuple[TcpProxy, str], opened: Opening) -> None:
    """After a `subscribe` timed out, its confirmation reports that frames may be missing."""
    between, url = proxy
    bus = await opened(url, 100, msgspec.structs.replace(UNPROBED, reply_s=2.0))
    ear = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    line = between.hold_requests(b"SUBSCRIBE")
    bus._subscriber._timeouts = SHORT_TIMEOUTS
    with pytest.raises(Unavailable):
        await bus.subscribe(["c:2"])
    assert ear.gaps == 0
    line.release()
    await until(lambda: ear.gaps == 1)
    assert bus.statistics().reconnects == 0


async def test_probe_detects_a_dead_subscription(proxy: tuple[TcpProxy, str], opened: Opening) -> None:
    """A subscription that dies without an error is detected and renewed, and a gap is reported."""
    between, url = proxy
    bus = await opened(url, 100)
    ear = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    assert between.drop_replies(b"SUBSCRIBE") == 1
    await until(lambda: ear.gaps, 10)
    await until(lambda: bus.statistics().connected, 10)
    bus.publish("c:1", b"heard")
    await until(lambda: ear.received == [("c:1", b"heard")])


async def test_lag_is_the_round_trip_of_a_probe(server: ValkeyServer, opened: Opening) -> None:
    """It grows while the server hangs."""
    bus = await opened(server.url, 100)
    await bus.check()
    assert 0 < bus.statistics().lag_ms < 200
    server.pause()
    try:
        await until(lambda: bus.statistics().lag_ms > 200, 10)
    finally:
        server.resume()


async def test_failing_callback_does_not_end_the_subscription(server: ValkeyServer, opened: Opening) -> None:
    """The error is logged; the next frame is delivered."""
    bus = await opened(server.url, 100, Timeouts())
    delivered: list[bytes] = []

    def listen(_topic: str, frame: bytes) -> None:
        if frame == b"bad":
            raise ValueError(frame)
        delivered.append(frame)

    bus.on_message(listen)
    await bus.subscribe(["c:1"])
    for frame in (b"good", b"bad", b"better"):
        bus.publish("c:1", frame)
    await until(lambda: delivered == [b"good", b"better"])
    assert bus.statistics().reconnects == 0


async def test_password_and_database_of_the_url_are_used(opened: Opening) -> None:
    """With a wrong password opening fails, and the error does not contain it."""
    guarded = ValkeyServer("--requirepass", "letmein")
    guarded.start()
    try:
        url = f"unix://:{{}}@{guarded.socket}?db=3"
        bus = await opened(url.format("letmein"), 100)
        await bus.check()
        await bus.close()
        for wrong in ("wrongword", ""):
            with pytest.raises(Unavailable) as failure:
                await opened(url.format(wrong), 100)
            assert "wrongword" not in repr(failure.value)
    finally:
        guarded.close()


async def test_opening_without_a_server_fails(opened: Opening) -> None:
    """No server raises `Unavailable`; an invalid URL raises `InvalidStoreUrl` without the URL in its text."""
    with pytest.raises(Unavailable):
        await opened("redis://127.0.0.1:9/0", 100)
    with pytest.raises(InvalidStoreUrl, match="must start with") as failure:
        await opened("http://user:secret@example.org", 100, Timeouts())
    assert "secret" not in str(failure.value)
