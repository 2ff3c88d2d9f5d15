"""Fixtures of the tests of actors."""

from collections.abc import AsyncIterator

import pytest

from tests.actors.fake_cluster import FakeCluster


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    """Instances in this process, on stores in memory."""
    cluster = FakeCluster()
    yield cluster
    await cluster.close()
