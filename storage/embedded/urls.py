"""URLs of the three stores. They contain passwords, so the `repr` shows nothing."""

import msgspec


class StoreUrls(msgspec.Struct, frozen=True):
    """URLs for the drivers: asyncpg (database `postgres`), pymongo or motor, redis-py."""

    postgres: str
    mongo: str
    redis: str

    def __repr__(self) -> str:
        return "StoreUrls(<hidden>)"
