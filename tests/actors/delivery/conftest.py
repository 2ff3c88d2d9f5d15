"""The flusher of each test."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.delivery.flusher import Flusher
from tests.actors.fake_cluster import FakeCluster


@pytest.fixture
async def flusher() -> Flusher:
    return Flusher(asyncio.get_running_loop())


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    cluster = FakeCluster()
    yield cluster
    await cluster.close()
