"""A cluster of in-memory instances for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.actors.fake_cluster import FakeCluster


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    cluster = FakeCluster()
    yield cluster
    await cluster.close()
