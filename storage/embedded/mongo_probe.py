"""A connection of the launcher to an embedded MongoDB server."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pymongo

ResultT = TypeVar("ResultT")

TIMEOUT_MS = 4_000


class MongoProbe:
    """A connection to a MongoDB server for health checks and its first user.

    Uses the synchronous driver on a dedicated thread, because the asynchronous one leaks its socket if the
    server dies while it connects.
    """

    def __init__(self, url: str) -> None:
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            url, timeoutMS=TIMEOUT_MS, serverSelectionTimeoutMS=TIMEOUT_MS, maxPoolSize=1, connect=False
        )
        self._thread = ThreadPoolExecutor(1, "mongo-probe")

    async def write_and_read(self) -> None:
        """Write a new value and read it back.

        Raises:
            Exception: any error means that the check failed.
        """
        await self._run(self._write_and_read)

    async def create_user(self, name: str, password: str) -> None:
        """Create a user with the role `root`."""
        await self._run(lambda: self._client.admin.command("createUser", name, pwd=password, roles=["root"]))

    async def users(self) -> list[str]:
        """Return the names of all users."""
        answer = await self._run(lambda: self._client.admin.command("usersInfo", 1))
        return [user["user"] for user in answer["users"]]

    async def is_primary(self) -> bool:
        """Whether it accepts writes, as the member of a replica set does some time after its start."""
        answer = await self._run(lambda: self._client.admin.command("hello"))
        return bool(answer.get("isWritablePrimary"))

    async def initiate_replica_set(self, name: str, address: str) -> None:
        """Make the server the only member of a new replica set."""
        configuration = {"_id": name, "members": [{"_id": 0, "host": address}]}
        await self._run(lambda: self._client.admin.command("replSetInitiate", configuration))

    async def move_replica_set(self, address: str) -> None:
        """Give the only member its new address, if it has another one."""
        await self._run(lambda: self._move_replica_set(address))

    async def close(self) -> None:
        await self._run(self._client.close)
        self._thread.shutdown(wait=False)

    def _write_and_read(self) -> None:
        value = secrets.token_hex(8)
        probe = self._client["convene_health"]["probe"]
        probe.update_one({"_id": "probe"}, {"$set": {"mark": value}}, upsert=True)
        document = probe.find_one({"_id": "probe"})
        if document is None or document["mark"] != value:
            raise RuntimeError("the value read differs from the value written")

    def _move_replica_set(self, address: str) -> None:
        configuration = self._client.admin.command("replSetGetConfig")["config"]
        if configuration["members"][0]["host"] != address:
            configuration["members"][0]["host"] = address
            configuration["version"] += 1
            # Without its old address it is not a member, let alone the primary that an ordinary change needs.
            self._client.admin.command("replSetReconfig", configuration, force=True)

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
