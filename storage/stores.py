"""All stores of one instance: five PostgreSQL databases, MongoDB, and what is built on Redis.

Stores are opened one after another and closed in reverse order. If one fails to open, those opened before
it are closed.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from config.limits import Limits
from config.settings import StoreSettings
from storage.embedded import StoreUrls
from storage.fallback_attempt_limits import FallbackAttemptLimits
from storage.memory.attempt_limits import MemoryAttemptLimits
from storage.mongo.messaging import MongoMessaging
from storage.postgres.database import Database
from storage.postgres.migrations import create_database
from storage.postgres.pool import PoolLimits
from storage.postgres.roles import SERVICES
from storage.redis.attempt_limits import RedisAttemptLimits
from storage.redis.bus import RedisBus
from storage.redis.presence import RedisPresence
from storage.redis.sharding import ShardedBus, ShardedUserStreams
from storage.redis.timelines import RedisTimelines
from storage.redis.user_streams import RedisUserStreams
from storage.store_calls import PoolStatistics


@dataclass(frozen=True, slots=True)
class Stores:
    databases: dict[str, Database]
    messaging: MongoMessaging
    bus: RedisBus | ShardedBus
    user_streams: RedisUserStreams | ShardedUserStreams
    timelines: RedisTimelines
    presence: RedisPresence
    attempt_limits: FallbackAttemptLimits
    _shared_attempt_limits: RedisAttemptLimits
    _stack: contextlib.AsyncExitStack

    @classmethod
    async def open(cls, settings: StoreSettings, urls: StoreUrls, limits: Limits) -> "Stores":
        """Migrate the databases and connect to all stores.

        Raises:
            Unavailable: a store cannot be reached.
            InvalidMigration: a database has other migrations than this version.
            InvalidStoreUrl: a URL cannot be used.
        """
        async with contextlib.AsyncExitStack() as stack:
            databases = {
                service: await _open_database(stack, settings, urls, service) for service in SERVICES
            }
            messaging = await MongoMessaging.open(urls.mongo)
            stack.push_async_callback(asyncio.to_thread, messaging.close)
            servers = urls.redis.split(",")
            bus = await _open_bus(servers, limits)
            stack.push_async_callback(bus.close)
            streams = await _open_user_streams(servers)
            stack.push_async_callback(streams.close)
            timelines = await RedisTimelines.open(servers[0])
            stack.push_async_callback(timelines.close)
            presence = await RedisPresence.open(servers[0])
            stack.push_async_callback(presence.close)
            shared_limits = await RedisAttemptLimits.open(servers[0])
            stack.push_async_callback(shared_limits.close)
            attempt_limits = FallbackAttemptLimits(shared_limits, MemoryAttemptLimits())
            return cls(
                databases,
                messaging,
                bus,
                streams,
                timelines,
                presence,
                attempt_limits,
                shared_limits,
                stack.pop_all(),
            )

    async def close(self) -> None:
        await self._stack.aclose()

    def pool_statistics(self) -> list[PoolStatistics]:
        """Return what the connections of all stores do; the bus has other statistics."""
        databases = [pool for database in self.databases.values() for pool in database.pool.statistics()]
        redis = (self.user_streams, self.timelines, self.presence, self._shared_attempt_limits)
        return [
            *databases,
            self.messaging.pool.statistics(),
            *(pool for store in redis for pool in store.statistics()),
        ]


async def service_url(settings: StoreSettings, urls: StoreUrls, service: str) -> str:
    """Return the URL of a service's database; create it on the shared server if none is configured."""
    configured: str | None = msgspec.structs.asdict(settings)[f"postgres_url_{service}"]
    own = configured or urls.postgres_by_service.get(service)
    return own or await create_database(urls.postgres, service)


async def _open_bus(servers: Sequence[str], limits: Limits) -> RedisBus | ShardedBus:
    if len(servers) == 1:
        return await RedisBus.open(servers[0], queued_messages_max=limits.bus_queue_messages)
    return await ShardedBus.open(servers, queued_messages_max=limits.bus_queue_messages)


async def _open_user_streams(servers: Sequence[str]) -> RedisUserStreams | ShardedUserStreams:
    if len(servers) == 1:
        return await RedisUserStreams.open(servers[0])
    return await ShardedUserStreams.open(servers)


async def _open_database(
    stack: contextlib.AsyncExitStack, settings: StoreSettings, urls: StoreUrls, service: str
) -> Database:
    bounds = PoolLimits(
        settings.postgres_connections,
        settings.postgres_acquire_queue,
        settings.postgres_acquire_timeout_ms,
        settings.postgres_statement_timeout_ms,
    )
    database = await Database.open(await service_url(settings, urls, service), service, bounds)
    stack.push_async_callback(database.locks.release_all)
    stack.push_async_callback(database.pool.close)
    return database
