"""Measured times of delivery on two instances."""

from tests.actors.fake_cluster import ANA, BEN, FakeCluster, send
from tests.actors.sessions.connected_client import connect
from tests.until import until


async def test_delivery_is_measured_on_the_instance_that_writes(cluster: FakeCluster) -> None:
    """An entry of another instance counts as `remote`, with the time of its storage from the bus."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(there, ANA, BEN)
    client = await connect(here, BEN)
    before = here.flusher.delivery_statistics(remote=True).count
    await send(there, room, ANA, "hello")
    await until(lambda: client.received("message.created"))

    measured = here.flusher.delivery_statistics(remote=True)
    assert measured.count == before + 1
    assert measured.total < 60.0
    assert here.flusher.delivery_statistics(remote=False).count == 0
    assert there.flusher.delivery_statistics(remote=True).count == 0
    client.session.on_disconnect()
