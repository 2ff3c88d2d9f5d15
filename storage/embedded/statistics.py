"""Statistics of the embedded stores for operators."""

import msgspec


class StoreStatistics(msgspec.Struct, frozen=True):
    """One store. `healthy`: the last health check succeeded if supervising, else its process runs."""

    name: str
    pid: int | None
    restarts: int
    healthy: bool


class EmbeddedStatistics(msgspec.Struct, frozen=True):
    supervising: bool
    stores: tuple[StoreStatistics, ...]
