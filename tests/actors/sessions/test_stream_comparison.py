"""Positions of users are compared with their streams periodically, because the bus may lose the last item."""

from collections.abc import Sequence

import pytest

from actors.sessions import user_stream_delivery
from storage.contracts.user_streams import StreamPosition
from storage.errors import Unavailable
from tests.actors.fake_cluster import ANA, BEN, FakeCluster
from tests.actors.sessions.connected_client import connect
from tests.until import until


@pytest.mark.parametrize("error", [Unavailable, RuntimeError])
async def test_comparison_of_positions_goes_on_after_a_failure(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Of whatever kind; the item that the bus lost is delivered afterwards."""
    monkeypatch.setattr(user_stream_delivery, "COMPARE_PERIOD_S", 0.1)
    core = await cluster.start_instance()
    client = await connect(core, BEN)
    positions, failures = cluster.streams.positions, [error(), error()]

    async def fail_twice(user_ids: Sequence[str]) -> list[StreamPosition]:
        if user_ids and failures:
            raise failures.pop()
        return await positions(user_ids)

    monkeypatch.setattr(cluster.streams, "positions", fail_twice)
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("u:")
    await cluster.create_group(core, ANA, BEN)

    await until(lambda: client.received("conversation.joined"))
    assert not failures
    client.session.on_disconnect()
