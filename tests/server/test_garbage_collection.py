"""The garbage collector visits only what was created since the last full collection."""

import gc
import weakref
from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest

from server import garbage_collection
from server.garbage_collection import GarbageCollection
from tests.until import until


class Node:
    """An object in a reference cycle."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture
async def collection() -> AsyncIterator[GarbageCollection]:
    with patch.object(garbage_collection, "FULL_COLLECTION_INTERVAL_S", 3600.0):
        started = GarbageCollection()
        started.start()
        yield started
        started.close()


@pytest.mark.usefixtures("collection")
async def test_survivors_of_a_full_collection_are_frozen() -> None:
    """They are freed without the collector, when nothing refers to them."""
    kept = [[number] for number in range(1000)]
    reference = weakref.ref(node := Node())
    del node.self
    before = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)
    del node
    assert reference() is None


async def test_cycles_among_frozen_objects_are_collected_later() -> None:
    """At the next collection of everything."""
    with patch.object(garbage_collection, "FULL_COLLECTION_INTERVAL_S", 0.1):
        collection = GarbageCollection()
        collection.start()
        node = Node()
        reference = weakref.ref(node)
        gc.collect()
        del node
        await until(lambda: reference() is None)
        collection.close()
    assert gc.get_freeze_count() == 0
