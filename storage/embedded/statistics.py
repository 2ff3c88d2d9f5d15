"""What an operator sees of the embedded stores.

Numbers only; it never holds a URL.
"""

import msgspec


class StoreStatistics(msgspec.Struct, frozen=True):
    """One store. `healthy`: its last real write and read where we supervise, else that its process lives."""

    name: str
    pid: int | None
    restarts: int
    healthy: bool


class EmbeddedStatistics(msgspec.Struct, frozen=True):
    supervising: bool
    stores: tuple[StoreStatistics, ...]
