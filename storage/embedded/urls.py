"""Where the three stores are reached.

Holds passwords, so its text form hides them; it is never written to a log.
"""

import msgspec


class StoreUrls(msgspec.Struct, frozen=True):
    """URLs as the drivers take them: asyncpg (database `postgres`), pymongo or motor, redis-py."""

    postgres: str
    mongo: str
    redis: str

    def __repr__(self) -> str:
        return "StoreUrls(<hidden>)"
