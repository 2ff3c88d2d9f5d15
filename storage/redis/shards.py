"""Assigns topics to Redis servers by rendezvous hashing (Thaler and Ravishankar, 1998).

Every instance computes the same assignment. An added server takes an even share of the topics, and no other
topic moves. A server is identified by its index in the list, so servers may be added only at the end.
"""

import contextlib
from collections.abc import Awaitable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol, TypeVar

from storage.contracts.presence import PRESENCE_TOPIC_PREFIX

SHARD_CACHE_SIZE = 65_536


class Closable(Protocol):
    async def close(self) -> None: ...


PerServer = TypeVar("PerServer", bound=Closable)


async def open_all(openings: Iterable[Awaitable[PerServer]]) -> list[PerServer]:
    """Open client after another; if client fails, close those opened before it."""
    opened: list[PerServer] = []
    async with contextlib.AsyncExitStack() as stack:
        for opening in openings:
            client = await opening
            stack.push_async_callback(client.close)
            opened.append(client)
        stack.pop_all()
    return opened


class Shards:
    def __init__(self, servers: int) -> None:
        self._prefixes = [f"{server}:".encode() for server in range(servers)]
        self.shard_of = lru_cache(SHARD_CACHE_SIZE)(self._compute_shard)
        """Return the index of a topic's server."""

    def group_by_shard(self, topics: Sequence[str]) -> dict[int, list[str]]:
        """Group topics by the index of their server."""
        groups: dict[int, list[str]] = {}
        for topic in topics:
            groups.setdefault(self.shard_of(topic), []).append(topic)
        return groups

    def _compute_shard(self, topic: str) -> int:
        if topic.startswith(PRESENCE_TOPIC_PREFIX):
            # Presence is stored on the first server only, and its scripts publish there.
            return 0
        name = topic.encode()
        weights = [blake2b(prefix + name, digest_size=8).digest() for prefix in self._prefixes]
        return weights.index(max(weights))
