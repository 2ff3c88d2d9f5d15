"""One person's requests to one instance, for what the client has no words for. Never hides an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.end_to_end.polling import POLL_S
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess

Json = Any


class UserApi:
    def __init__(self, user: RegisteredUser, instance: ServerProcess) -> None:
        self.id = user.id
        self._root = instance.url
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {user.token}"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """Status, and the decoded body or None."""
        async with self._session.request(method, self._root + path, json=body) as answer:
            return answer.status, await answer.json(content_type=None) if await answer.read() else None

    async def request_ok(self, method: str, path: str, body: Json = None) -> Json:
        """What has to succeed."""
        status, told = await self.request(method, path, body)
        assert status < 300, (method, path, status, told)
        return told

    async def get(self, path: str) -> Json:
        return await self.request_ok("GET", path)

    async def list_all(self, path: str) -> list[Json]:
        """A whole list, page after page."""
        found: list[Json] = []
        cursor = ""
        mark = "&" if "?" in path else "?"
        while True:
            page = await self.get(f"{path}{mark}limit=7{cursor}")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    # --- what stories are made of

    async def follow(self, user_id: str) -> None:
        await self.request_ok("PUT", f"/v1/users/{user_id}/follow")

    async def post(self, content: str) -> str:
        post_id: str = (await self.request_ok("POST", "/v1/posts", {"content": content}))["id"]
        return post_id

    async def like(self, post_id: str) -> None:
        await self.request_ok("PUT", f"/v1/posts/{post_id}/like")

    async def feed(self) -> list[str]:
        return [one["id"] for one in await self.list_all("/v1/feed")]

    async def notifications(self) -> list[tuple[str, str, int]]:
        """Type, words and count of each, sorted."""
        found = await self.list_all("/v1/notifications")
        return sorted((one["type"], one["message"], one["count"]) for one in found)


async def wait_until_equal(
    read: Callable[[], Awaitable[Json]], expected: Json, timeout_s: float = 15.0
) -> None:
    """Look again and again until that is what is seen."""
    end = time.monotonic() + timeout_s
    while (found := await read()) != expected:
        assert time.monotonic() < end, found
        await asyncio.sleep(POLL_S)
