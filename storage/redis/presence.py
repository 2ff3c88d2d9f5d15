"""Presence on Redis."""

from collections.abc import Mapping, Sequence

from config.limits import LAST_SEEN_RETENTION_S, PRESENCE_LEASE_MS
from storage.contracts.presence import presence_topic
from storage.records.presence import PresenceRecord
from storage.redis.command_client import CommandClient
from storage.redis.presence_scripts import GET_STATES, REMOVE_INSTANCE, RENEW_LEASE, SET_STATES
from storage.redis.redis_address import parse_address
from storage.redis.resp_connection import CommandArg
from storage.redis.script import run_script
from storage.redis.timeouts import Timeouts

KEY = "convene:presence"
USERS_PER_CALL = 500


class RedisPresence:
    """Implements `storage.contracts.presence.PresenceStore`."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._client = CommandClient(parse_address(url), timeouts, "presence")

    @classmethod
    async def open(cls, url: str, *, timeouts: Timeouts | None = None) -> "RedisPresence":
        """Connect. Raises `Unavailable`, or `ValueError` if `url` is not a Redis URL."""
        store = cls(url, timeouts or Timeouts())
        await store._client.connection.open()
        return store

    async def close(self) -> None:
        await self._client.connection.close()

    async def renew_lease(self, instance: str) -> list[str]:
        reply = await run_script(self._client, RENEW_LEASE, KEY, instance, PRESENCE_LEASE_MS)
        return [name.decode() for name in reply]

    async def set_states(self, instance: str, states: Mapping[str, str | None]) -> None:
        pairs = list(states.items())
        for start in range(0, len(pairs), USERS_PER_CALL):
            arguments: list[CommandArg] = []
            for user_id, state in pairs[start : start + USERS_PER_CALL]:
                arguments += (user_id, state or "")
            await run_script(
                self._client, SET_STATES, KEY, instance, LAST_SEEN_RETENTION_S, presence_topic(""), *arguments
            )

    async def get(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        records: list[PresenceRecord] = []
        for start in range(0, len(user_ids), USERS_PER_CALL):
            batch = user_ids[start : start + USERS_PER_CALL]
            reply = await run_script(self._client, GET_STATES, KEY, *batch)
            records += [
                PresenceRecord(user_id, state.decode() or "offline")
                for user_id, state in zip(batch, reply, strict=True)
            ]
        return records

    async def remove_instance(self, instance: str) -> list[str]:
        reply = await run_script(self._client, REMOVE_INSTANCE, KEY, instance)
        return [user_id.decode() for user_id in reply]
