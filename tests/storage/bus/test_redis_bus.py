"""The bus on Redis: its queue, its connections, and the probe of its subscription."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import quote

import msgspec
import pytest

from storage.errors import InvalidStoreUrl, Unavailable
from storage.redis.timeouts import Timeouts
from tests.storage.bus.conftest import Opening
from tests.storage.bus.recording_subscriber import RecordingSubscriber, wait_delivered
from tests.storage.bus_cluster import (
    SHORT_TIMEOUTS,
)
from tests.storage.valkey_server import ValkeyServer
from tests.tcp_proxy import TcpProxy
from tests.until import until

UNPROBED = msgspec.structs.replace(SHORT_TIMEOUTS, probe_interval_s=60.0, probe_timeout_s=60.0)


async def test_publish_does_not_wait_for_a_paused_server(server: ValkeyServer, opened: Opening) -> None:
    """While the server hangs, publishing stays immediate and bounded; the hang is detected and ends."""
    bus = await opened(server.url, 500, UNPROBED)
    subscriber = RecordingSubscriber(bus)
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
    await until(lambda: subscriber.gaps, 10)
    await until(lambda: bus.statistics().connected, 10)
    bus.publish("c:2", b"after")
    await until(lambda: ("c:2", b"after") in subscriber.received)
    statistics = bus.statistics()
    assert statistics.published + statistics.dropped >= published
    assert statistics.dropped > 0


async def test_full_queue_drops_the_oldest(server: ValkeyServer, opened: Opening) -> None:
    """The newest frames are kept."""
    bus = await opened(server.url, 10)
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    for number in range(100):
        bus.publish("c:1", b"%d" % number)
    await until(lambda: len(subscriber.received) == 10)
    await wait_delivered(bus)
    assert subscriber.frames == [b"%d" % number for number in range(90, 100)]
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
    subscriber = RecordingSubscriber(there)
    await there.subscribe(["c:1"])
    for _ in range(5000):
        here.publish("c:1", b"frame")
    await here.close()
    await until(lambda: len(subscriber.received) == 5000)
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
    subscriber = RecordingSubscriber(listener)
    await listener.subscribe(["c:1"])
    publisher.publish("c:1", b"first")
    await until(lambda: subscriber.received)
    line = between.hold_requests(b"PUBLISH")
    publisher.publish("c:1", b"held")
    await until(lambda: publisher.statistics().reconnects and publisher.statistics().connected, 10)
    publisher.publish("c:1", b"last")
    await until(lambda: len(subscriber.received) == 2)
    line.release()
    await wait_delivered(publisher, listener)
    await wait_delivered(publisher, listener)
    assert subscriber.frames == [b"first", b"last"]


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
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    line = between.hold_requests(b"SUBSCRIBE")
    bus._subscriber._timeouts = SHORT_TIMEOUTS
    with pytest.raises(Unavailable):
        await bus.subscribe(["c:2"])
    assert subscriber.gaps == 0
    line.release()
    await until(lambda: subscriber.gaps == 1)
    assert bus.statistics().reconnects == 0


async def test_probe_detects_a_dead_subscription(proxy: tuple[TcpProxy, str], opened: Opening) -> None:
    """A subscription that dies without an error is detected and renewed, and lost messages are reported."""
    between, url = proxy
    bus = await opened(url, 100)
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    assert between.drop_replies(b"SUBSCRIBE") == 1
    await until(lambda: subscriber.gaps, 10)
    await until(lambda: bus.statistics().connected, 10)
    bus.publish("c:1", b"received")
    await until(lambda: subscriber.received == [("c:1", b"received")])


async def test_lost_connection_to_publish_is_reported(server: ValkeyServer, opened: Opening) -> None:
    """Once the bus can publish again: what it published before may not have been received."""
    bus = await opened(server.url, 100, UNPROBED)
    subscriber = RecordingSubscriber(bus)
    await bus.subscribe(["c:1"])
    bus.set_loss_callback(lambda: bus.publish("c:1", b"again"))
    bus._publisher.connection.abort()

    await until(lambda: subscriber.received == [("c:1", b"again")], 10)


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

    bus.set_message_callback(listen)
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
