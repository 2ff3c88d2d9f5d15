"""A connection to secantusd-rs for health checks and the first user.

Uses the synchronous driver on a dedicated thread, because the asynchronous one leaks its socket if the server
dies while it connects.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pymongo

ResultT = TypeVar("ResultT")

TIMEOUT_MS = 4_000


class SecantusProbe:
    def __init__(self, url: str) -> None:
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            url, timeoutMS=TIMEOUT_MS, serverSelectionTimeoutMS=TIMEOUT_MS, maxPoolSize=1, connect=False
        )
        self._thread = ThreadPoolExecutor(1, "secantus-probe")

    async def write_and_read(self) -> None:
        """Write a new value and read it back.

        Raises:
            Exception: any error means that the check failed.
        """
        await self._run(self._write_and_read)

    async def create_user(self, name: str, password: str) -> list[str]:
        """Create a user with the role `root`; return the names of all users."""
        return await self._run(lambda: self._create_user(name, password))

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

    def _create_user(self, name: str, password: str) -> list[str]:
        self._client.admin.command("createUser", name, pwd=password, roles=["root"])
        return [user["user"] for user in self._client.admin.command("usersInfo", 1)["users"]]

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
