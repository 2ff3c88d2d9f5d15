"""Contract of `UserStreams`, in memory and on Redis; then tests that need a server."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from config.limits import STREAM_ITEMS_MAX, STREAM_RETENTION_S
from storage.contracts.bus import user_topic
from storage.contracts.user_streams import (
    StreamItem,
    StreamPosition,
    UserStreams,
    decode_stream_item,
    encode_stream_item,
)
from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker
from storage.memory.user_streams import MemoryUserStreams
from storage.redis import user_streams
from storage.redis.sharding import ShardedUserStreams, Shards
from storage.redis.user_streams import RedisUserStreams
from tests.storage.bus_cluster import SHORT_TIMEOUTS, BusCluster, MemoryCluster, RedisCluster, ShardedCluster
from tests.storage.valkey_server import ValkeyServer
from tests.tcp_proxy import TcpProxy
from tests.until import until

_names = itertools.count(1)


@pytest.fixture(params=["memory", "redis", "sharded"])
async def system(request: pytest.FixtureRequest) -> AsyncIterator[BusCluster]:
    """Instances on servers that a test may stop, or in memory."""
    if request.param == "memory":
        made: BusCluster = MemoryCluster()
    elif request.param == "sharded":
        made = ShardedCluster(request.getfixturevalue("two_servers"))
    else:
        server: ValkeyServer = request.getfixturevalue("server")
        made = RedisCluster(server, server.url)
    yield made
    await made.close()


@pytest.fixture
async def streams(system: BusCluster) -> UserStreams:
    return await system.open_user_streams()


@pytest.fixture
async def redis_streams(server: ValkeyServer) -> AsyncIterator[RedisUserStreams]:
    made = await RedisUserStreams.open(server.url, timeouts=SHORT_TIMEOUTS)
    yield made
    await made.close()


@pytest.fixture
def ana() -> str:
    return f"user-{next(_names)}"


async def append_frames(streams: UserStreams, user_id: str, count: int) -> StreamPosition:
    """Append this many frames; return the position of the last."""
    positions = await asyncio.gather(*(streams.append(user_id, b"<", b">") for _ in range(count)))
    return positions[-1]


async def get_position(streams: UserStreams, user_id: str) -> StreamPosition:
    (position,) = await streams.positions([user_id])
    assert position is not None
    return position


async def wait_position(streams: UserStreams, user_id: str) -> StreamPosition:
    """Return the position once the server is reachable again."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(Unavailable):
                return await get_position(streams, user_id)
            await asyncio.sleep(0)


# The contract


async def test_positions_are_dense_under_concurrent_appends(system: BusCluster, ana: str) -> None:
    """1, 2, 3, ... in one epoch, and every frame contains its position."""
    here, there = await system.open_user_streams(), await system.open_user_streams()
    appends = [one.append(ana, b'{"n":%d,"position":' % n, b"}") for n in range(25) for one in (here, there)]
    positions = await asyncio.gather(*appends)
    assert sorted(position.position for position in positions) == list(range(1, 51))
    assert len({position.epoch for position in positions}) == 1
    kept = await here.read_after(ana, positions[0].epoch, 0, 100)
    assert kept is not None
    assert [item.position for item in kept] == list(range(1, 51))
    for number, position in enumerate(positions):
        expected = b'{"n":%d,"position":%d}' % (number // 2, position.position)
        assert kept[position.position - 1].payload == expected


async def test_frames_are_published_in_order_on_the_users_topic(system: BusCluster, ana: str) -> None:
    """Subscribers receive epoch, position and frame of each append."""
    bus, streams = await system.open_bus(), await system.open_user_streams()
    delivered: list[StreamItem] = []
    bus.set_message_callback(lambda _topic, payload: delivered.append(decode_stream_item(payload)))
    await bus.subscribe([user_topic(ana)])
    last = await append_frames(streams, ana, 120)
    await until(lambda: len(delivered) == 120)
    assert delivered == [StreamItem(last.epoch, n, b"<%d>" % n) for n in range(1, 121)]
    assert await streams.read_after(ana, last.epoch, 0, 1000) == delivered


async def test_streams_of_users_are_independent(streams: UserStreams, ana: str) -> None:
    """Each user has own positions; the epoch stays."""
    bob = f"{ana}-bob"
    epoch = (await append_frames(streams, ana, 3)).epoch
    bobs = await append_frames(streams, bob, 1)
    assert bobs.position == 1
    assert await streams.append(ana, b"", b"") == StreamPosition(epoch, 4)
    assert await streams.read_after(bob, bobs.epoch, 0, 10) == [StreamItem(bobs.epoch, 1, b"<1>")]


async def test_positions_returns_users_in_the_order_given(streams: UserStreams, ana: str) -> None:
    """Thousands in one call; 0 for users without frames; an empty list for no users."""
    users = [f"{ana}-{number}" for number in range(2500)]
    for user_id in users[::500]:
        await append_frames(streams, user_id, 2)
    positions = [position for position in await streams.positions(users) if position is not None]
    assert [position.position for position in positions] == [0 if n % 500 else 2 for n in range(2500)]
    assert await streams.positions([]) == []


async def test_frames_may_hold_any_bytes(streams: UserStreams, ana: str) -> None:
    """Spaces, line ends, nulls and invalid UTF-8 are preserved."""
    head, tail = b" \r\n\0" + bytes(range(256)), bytes(range(255, -1, -1)) + b" 7 "
    epoch = (await streams.append(ana, head, tail)).epoch
    assert await streams.read_after(ana, epoch, 0, 1) == [StreamItem(epoch, 1, head + b"1" + tail)]


async def test_read_after_returns_the_oldest_frames(streams: UserStreams, ana: str) -> None:
    """Oldest first, at most `limit`; empty at the head."""
    epoch = (await append_frames(streams, ana, 9)).epoch

    async def received(position: int, limit: int) -> list[int]:
        items = await streams.read_after(ana, epoch, position, limit)
        assert items is not None
        return [item.position for item in items]

    assert await received(0, 100) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert await received(0, 4) == [1, 2, 3, 4]
    assert await received(4, 5) == [5, 6, 7, 8, 9]
    assert await received(4, 4) == [5, 6, 7, 8]
    assert await received(8, 1) == [9]
    assert await received(9, 5) == []


async def test_positions_of_another_epoch_are_unknown(streams: UserStreams, ana: str) -> None:
    """A foreign epoch, or a position never assigned, is None, not empty."""
    epoch = (await append_frames(streams, ana, 3)).epoch
    assert await streams.read_after(ana, "another", 3, 10) is None
    assert await streams.read_after(ana, epoch, 4, 10) is None
    place = await get_position(streams, f"{ana}-new")
    assert await streams.read_after(f"{ana}-new", place.epoch, 0, 10) == []


async def test_frames_are_retained_and_trimmed(streams: UserStreams, ana: str) -> None:
    """The guaranteed number is retained; older positions are None."""
    last = await append_frames(streams, ana, STREAM_ITEMS_MAX + 50)
    kept = await streams.read_after(ana, last.epoch, last.position - STREAM_ITEMS_MAX, STREAM_ITEMS_MAX)
    assert kept is not None
    assert [item.position for item in kept] == list(range(51, STREAM_ITEMS_MAX + 51))
    assert await streams.read_after(ana, last.epoch, 0, 10) is None


async def test_reset_invalidates_all_positions(streams: UserStreams, ana: str) -> None:
    """After lost appends no reader can continue unnoticed."""
    old = await append_frames(streams, ana, 3)
    await streams.begin_epoch()
    new = await get_position(streams, ana)
    assert (new.epoch != old.epoch, new.position) == (True, 0)
    assert await streams.read_after(ana, old.epoch, old.position, 10) is None
    assert await streams.append(ana, b"", b"") == StreamPosition(new.epoch, 1)
    await streams.begin_epoch()
    assert (await get_position(streams, ana)).epoch not in {old.epoch, new.epoch}


async def test_epoch_after_loss_begins_only_after_a_failed_append(system: BusCluster, ana: str) -> None:
    """Once for each loss; without one the epoch stays."""
    streams = await system.open_user_streams()
    old = await append_frames(streams, ana, 3)
    await streams.begin_epoch_after_loss()
    assert await get_position(streams, ana) == old

    system.stop_server()
    with pytest.raises(Unavailable):
        await streams.append(ana, b"", b"")
    with pytest.raises(Unavailable):
        await streams.begin_epoch_after_loss()
    system.restart_server()
    restarted = await wait_position(streams, ana)
    await streams.begin_epoch_after_loss()
    new = await get_position(streams, ana)
    assert new.epoch not in {old.epoch, restarted.epoch}
    await streams.begin_epoch_after_loss()
    assert await get_position(streams, ana) == new


async def test_lost_server_does_not_end_the_epochs_of_others(two_servers: list[ValkeyServer]) -> None:
    """While one of two servers is lost, users of the other keep their epoch and position."""
    streams = await ShardedUserStreams.open([server.url for server in two_servers], timeouts=SHORT_TIMEOUTS)
    try:
        users = [f"user {number}" for number in range(20)]
        kept, lost = (
            [user_id for user_id in users if Shards(2).shard_of(user_topic(user_id)) == shard]
            for shard in (0, 1)
        )
        before = [await append_frames(streams, user_id, 2) for user_id in kept]
        two_servers[1].kill()
        for user_id in lost:
            with pytest.raises(Unavailable):
                await streams.append(user_id, b"", b"")

        for begin in (streams.begin_epoch_after_loss, streams.begin_epoch):
            with pytest.raises(Unavailable):
                await begin()
        assert await streams.positions([*kept, *lost]) == [*before, *(None for _ in lost)]

        two_servers[1].start()
        restarted = await wait_position(streams, lost[0])
        await streams.begin_epoch_after_loss()
        assert await streams.positions(kept) == before
        assert (await get_position(streams, lost[0])).epoch != restarted.epoch
    finally:
        await streams.close()


async def test_lost_server_comes_back_in_a_new_epoch(system: BusCluster, ana: str) -> None:
    """Even if its files kept everything: the last second may be missing."""
    streams = await system.open_user_streams()
    old = await append_frames(streams, ana, 3)
    system.stop_server()
    with pytest.raises(Unavailable):
        await streams.append(ana, b"", b"")
    with pytest.raises(Unavailable):
        await streams.positions([ana])
    system.restart_server()
    new = await wait_position(streams, ana)
    assert (new.epoch != old.epoch, new.position) == (True, 0)
    assert await streams.read_after(ana, old.epoch, old.position, 10) is None
    assert await streams.append(ana, b"", b"") == StreamPosition(new.epoch, 1)


def test_stream_item_is_decoded_as_encoded() -> None:
    """Other bytes raise `ValueError`."""
    item = StreamItem("0123456789abcdef", 1234, b"a frame with spaces\xff")
    assert decode_stream_item(encode_stream_item(item)) == item
    for other in (b"", b"epoch 12", b"epoch twelve frame", b"\xff 12 frame"):
        with pytest.raises(ValueError):
            decode_stream_item(other)


async def test_injected_failure_happens_before_or_after_the_append(ana: str) -> None:
    """The next append is correct in both cases."""
    streams = MemoryUserStreams(MemoryBroker())
    for taken, position in ((True, 1), (False, 1)):
        streams.fail_next(after_append=taken)
        with pytest.raises(Unavailable):
            await streams.append(ana, b"", b"")
        assert (await get_position(streams, ana)).position == position
    assert (await streams.append(ana, b"", b"")).position == 2


# What only a server can do


async def test_all_instances_share_the_epoch(server: ValkeyServer, ana: str) -> None:
    """Opening another instance starts no new epoch, also concurrently."""
    instances = [await RedisUserStreams.open(server.url, timeouts=SHORT_TIMEOUTS) for _ in range(8)]
    places = await asyncio.gather(*(get_position(one, ana) for one in instances))
    assert len(set(places)) == 1
    for one in instances:
        await one.close()


async def test_emptied_server_starts_a_new_epoch(
    server: ValkeyServer, redis_streams: RedisUserStreams, ana: str
) -> None:
    """Also without a restart."""
    old = await append_frames(redis_streams, ana, 3)
    with server.client() as client:
        client.flushall()
    assert await redis_streams.read_after(ana, old.epoch, 3, 10) is None
    new = await redis_streams.append(ana, b"", b"")
    assert (new.epoch != old.epoch, new.position) == (True, 1)


async def test_evicted_positions_start_a_new_epoch(
    server: ValkeyServer, redis_streams: RedisUserStreams, ana: str
) -> None:
    """Evicted frames are reported as missing."""
    old = await append_frames(redis_streams, ana, 3)
    with server.client() as client:
        client.delete(f"{user_streams.KEY}:{old.epoch}:{ana}")
        assert await redis_streams.read_after(ana, old.epoch, 1, 10) is None
        assert await redis_streams.read_after(ana, old.epoch, 3, 10) == []
        client.delete(user_streams.KEY)
    assert (await get_position(redis_streams, ana)).epoch != old.epoch


async def test_frames_expire_and_positions_stay(
    server: ValkeyServer, redis_streams: RedisUserStreams, ana: str
) -> None:
    """Every epoch has its own lists, and all expire."""
    await append_frames(redis_streams, ana, 3)
    await redis_streams.begin_epoch()
    await append_frames(redis_streams, ana, 3)
    with server.client() as client:
        lists = [key for key in client.scan_iter() if key != user_streams.KEY]
        assert len(lists) == 2
        for key in lists:
            assert STREAM_RETENTION_S - 60 <= client.ttl(key) <= STREAM_RETENTION_S


async def test_epoch_ends_with_too_many_users(
    redis_streams: RedisUserStreams, ana: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of positions is bounded."""
    monkeypatch.setattr(user_streams, "STREAMS_MAX", 5)
    epochs = [(await append_frames(redis_streams, f"{ana}-{number}", 2)).epoch for number in range(10)]
    assert len(set(epochs)) > 1


async def test_missing_script_is_sent_again(
    server: ValkeyServer, redis_streams: RedisUserStreams, ana: str
) -> None:
    """Nothing is executed twice."""
    await append_frames(redis_streams, ana, 3)
    with server.client() as client:
        client.script_flush()
    assert (await append_frames(redis_streams, ana, 250)).position == 253


async def test_paused_server_is_unavailable_in_time(
    server: ValkeyServer, redis_streams: RedisUserStreams, ana: str
) -> None:
    """Calls fail within the timeout, and succeed after the server continues."""
    await append_frames(redis_streams, ana, 3)
    server.pause()
    try:
        async with asyncio.timeout(3):
            with pytest.raises(Unavailable):
                await redis_streams.append(ana, b"", b"")
            with pytest.raises(Unavailable):
                await redis_streams.positions([ana])
    finally:
        server.resume()
    await wait_position(redis_streams, ana)
    assert (await redis_streams.append(ana, b"", b"")).position in {4, 5}


async def test_append_with_a_lost_reply_may_have_taken_effect(server: ValkeyServer, ana: str) -> None:
    """It raises `Unavailable` and is not resent; the next append continues from the real head."""
    proxy = TcpProxy(f"unix://{quote(str(server.socket))}")
    url = f"redis://127.0.0.1:{await proxy.start()}/0"
    streams = await RedisUserStreams.open(url, timeouts=SHORT_TIMEOUTS)
    try:
        await append_frames(streams, ana, 1)
        proxy.drop_reply_to = b"EVALSHA"
        with pytest.raises(Unavailable):
            await streams.append(ana, b"", b"")
        proxy.drop_reply_to = None
        assert proxy.dropped_replies == 1
        assert (await get_position(streams, ana)).position == 2
        assert (await streams.append(ana, b"", b"")).position == 3
    finally:
        await streams.close()
        await proxy.close()


async def test_cancelled_append_affects_no_other(redis_streams: RedisUserStreams, ana: str) -> None:
    """Appends of the same call succeed."""
    appends = [asyncio.create_task(redis_streams.append(ana, b"", b"")) for _ in range(10)]
    await asyncio.sleep(0)
    appends[3].cancel()
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert sum(isinstance(result, StreamPosition) for result in results) == 9
    assert (await get_position(redis_streams, ana)).position == 10


async def test_check_fails_while_the_server_takes_no_writes(
    server: ValkeyServer, redis_streams: RedisUserStreams
) -> None:
    """As on a full disk: it still publishes."""
    await redis_streams.check()
    await redis_streams._client.execute("CONFIG", "SET", "min-replicas-to-write", "1")
    with pytest.raises(Unavailable):
        await redis_streams.check()
    await redis_streams._client.execute("CONFIG", "SET", "min-replicas-to-write", "0")
    await redis_streams.check()


async def test_check_of_working_streams_passes(streams: UserStreams) -> None:
    """Of every implementation."""
    await streams.check()
