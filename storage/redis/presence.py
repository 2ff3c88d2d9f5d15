"""The presence board on Redis. Never keeps anything of its own."""

from collections.abc import Mapping, Sequence

from config.limits import PRESENCE_KEPT_S, PRESENCE_LEASE_MS
from storage.contracts.presence import presence_topic
from storage.records.presence import PresenceRecord
from storage.redis.address import read_address
from storage.redis.connection import Word
from storage.redis.patience import Patience
from storage.redis.presence_scripts import BEAT, BURY, LOOK, PUT
from storage.redis.requests import Requests
from storage.redis.script import run_script

KEY = "convene:presence"
USERS_PER_CALL = 500


class RedisPresence:
    """A `PresenceBoard`."""

    def __init__(self, url: str, patience: Patience) -> None:
        self._requests = Requests(read_address(url), patience, "presence")

    @classmethod
    async def open(cls, url: str, *, patience: Patience | None = None) -> "RedisPresence":
        """Connect. Raises `Unavailable`, or `ValueError` for what is no URL of Redis."""
        board = cls(url, patience or Patience())
        await board._requests.link.open()
        return board

    async def close(self) -> None:
        await self._requests.link.close()

    async def renew_lease(self, instance: str) -> list[str]:
        reply = await run_script(self._requests, BEAT, KEY, instance, PRESENCE_LEASE_MS)
        return [name.decode() for name in reply]

    async def put(self, instance: str, states: Mapping[str, str | None]) -> None:
        pairs = list(states.items())
        for start in range(0, len(pairs), USERS_PER_CALL):
            words: list[Word] = []
            for user_id, state in pairs[start : start + USERS_PER_CALL]:
                words += (user_id, state or "")
            await run_script(self._requests, PUT, KEY, instance, PRESENCE_KEPT_S, presence_topic(""), *words)

    async def get(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        found: list[PresenceRecord] = []
        for start in range(0, len(user_ids), USERS_PER_CALL):
            some = user_ids[start : start + USERS_PER_CALL]
            reply = await run_script(self._requests, LOOK, KEY, *some)
            found += [
                PresenceRecord(user_id, state.decode() or "offline")
                for user_id, state in zip(some, reply, strict=True)
            ]
        return found

    async def remove_instance(self, instance: str) -> list[str]:
        reply = await run_script(self._requests, BURY, KEY, instance)
        return [user_id.decode() for user_id in reply]
