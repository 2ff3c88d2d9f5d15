"""A user's HTTP requests to one instance, for endpoints that `client.http_client` does not cover."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
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
        """Return the status and the decoded body, or None without a body."""
        async with self._session.request(method, self._root + path, json=body) as response:
            return response.status, await response.json(content_type=None) if await response.read() else None

    async def request_ok(self, method: str, path: str, body: Json = None) -> Json:
        """Send a request, check that it succeeds and return the body."""
        status, result = await self.request(method, path, body)
        assert status < 300, (method, path, status, result)
        return result

    async def get(self, path: str) -> Json:
        return await self.request_ok("GET", path)

    async def list_all(self, path: str) -> list[Json]:
        """Return all items of a list, read page by page."""
        items: list[Json] = []
        cursor = ""
        separator = "&" if "?" in path else "?"
        while True:
            page = await self.get(f"{path}{separator}limit=7{cursor}")
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    async def follow(self, user_id: str) -> None:
        await self.request_ok("PUT", f"/v1/users/{user_id}/follow")

    async def post(self, content: str) -> str:
        post_id: str = (await self.request_ok("POST", "/v1/posts", {"content": content}))["id"]
        return post_id

    async def like(self, post_id: str) -> None:
        await self.request_ok("PUT", f"/v1/posts/{post_id}/like")

    async def create_event(self, title: str, capacity: int) -> Json:
        """Create an event that starts tomorrow, and return it."""
        start = datetime.now(UTC) + timedelta(days=1)
        body = {
            "title": title,
            "start_datetime": start.isoformat(),
            "end_datetime": (start + timedelta(hours=2)).isoformat(),
            "capacity": capacity,
        }
        return await self.request_ok("POST", "/v1/events", body)

    async def feed(self) -> list[str]:
        return [post["id"] for post in await self.list_all("/v1/feed")]

    async def notifications(self) -> list[tuple[str, str, int]]:
        """Return type, text and count of each notification, sorted."""
        items = await self.list_all("/v1/notifications")
        return sorted((item["type"], item["message"], item["count"]) for item in items)


async def wait_until_equal(
    read: Callable[[], Awaitable[Json]], expected: Json, timeout_s: float = 15.0
) -> None:
    """Poll `read` until it returns `expected`.

    Raises:
        AssertionError: it did not within `timeout_s`; the message is the last value.
    """
    deadline = time.monotonic() + timeout_s
    while (value := await read()) != expected:
        assert time.monotonic() < deadline, value
        await asyncio.sleep(POLL_S)
