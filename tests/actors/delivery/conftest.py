"""The flusher of each test."""

import asyncio

import pytest

from actors.delivery.flusher import Flusher


@pytest.fixture
async def flusher() -> Flusher:
    return Flusher(asyncio.get_running_loop())
