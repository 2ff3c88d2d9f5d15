"""Frames on the bus that no instance of this version sent."""

import pytest

from actors.delivery.control_events import CONTROL_TOPIC
from tests.actors.fake_cluster import ANA, FakeCluster


async def test_a_malformed_frame_is_ignored(cluster: FakeCluster, caplog: pytest.LogCaptureFixture) -> None:
    """Counted, and logged once; no error reaches the connection of the bus."""
    core = await cluster.start_instance()
    for topic in (core.draft_forwarder.topic, CONTROL_TOPIC):
        core.bus_router.on_message(topic, b"\xff no event")
        core.bus_router.on_message(topic, b"")
    core.online_users._ensure_user(ANA)
    core.bus_router.on_message(f"u:{ANA}", b"no item")
    core.bus_router.on_message("c:0123456789abcdef01234567", b"no event")
    assert core.bus_router.malformed_messages == 6
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "malformed bus message ignored"
    ]
