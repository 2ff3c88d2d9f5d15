"""Which of several Redis servers a topic is at: rendezvous hashing (Thaler and Ravishankar, 1998).

Each instance finds the same answer by itself; one server more takes over its even share of topics, and no
others move. A server is its place in the list, so the list may only grow at its end. Never asks a server.
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
    """Open what is at each server, one after the other; where one fails, those before it are closed."""
    opened: list[PerServer] = []
    async with contextlib.AsyncExitStack() as stack:
        for opening in openings:
            one = await opening
            stack.push_async_callback(one.close)
            opened.append(one)
        stack.pop_all()
    return opened


class Shards:
    def __init__(self, servers: int) -> None:
        self._prefixes = [f"{server}:".encode() for server in range(servers)]
        self.shard_of = lru_cache(SHARD_CACHE_SIZE)(self._compute_shard)
        """The place of a topic's server."""

    def group_by_shard(self, topics: Sequence[str]) -> dict[int, list[str]]:
        """The topics by their servers."""
        parts: dict[int, list[str]] = {}
        for topic in topics:
            parts.setdefault(self.shard_of(topic), []).append(topic)
        return parts

    def _compute_shard(self, topic: str) -> int:
        if topic.startswith(PRESENCE_TOPIC_PREFIX):
            # The board publishes where it stands: at the first.
            return 0
        name = topic.encode()
        weights = [blake2b(prefix + name, digest_size=8).digest() for prefix in self._prefixes]
        return weights.index(max(weights))
