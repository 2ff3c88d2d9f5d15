"""HTTP client of the tests. An unexpected response fails the test with its body."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import aiohttp

from server.instance import Instance
from tests.server.registered_users import RegisteredUser

Json = Any
WAIT_TIMEOUT_S = 5.0


class ApiClient:
    """A client session for one server. The user is given with each request."""

    def __init__(self, instance: Instance) -> None:
        self._root = f"http://127.0.0.1:{instance.port}"
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(
        self, user: RegisteredUser | None, method: str, path: str, body: Json = None, **headers: str
    ) -> tuple[int, Json, dict[str, str]]:
        """Return the status, the decoded body (None without one) and the headers by lower-case name."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user is not None:
            sent["Authorization"] = f"Bearer {user.token}"
        async with self._session.request(method, self._root + path, json=body, headers=sent) as answer:
            decoded: Json = await answer.json(content_type=None) if await answer.read() else None
            response_headers = {name.lower(): value for name, value in answer.headers.items()}
            if answer.status >= 400:
                assert answer.content_type == "application/problem+json", (answer.status, decoded)
                assert decoded["status"] == answer.status
                assert decoded["request_id"] == response_headers["x-request-id"]
                assert {"type", "title", "detail", "code"} <= decoded.keys()
            return answer.status, decoded, response_headers

    async def get(self, user: RegisteredUser | None, path: str) -> Json:
        return await self.expect(200, user, "GET", path)

    async def expect(
        self,
        status: int,
        user: RegisteredUser | None,
        method: str,
        path: str,
        body: Json = None,
        **headers: str,
    ) -> Json:
        actual_status, response_body, _ = await self.request(user, method, path, body, **headers)
        assert actual_status == status, (method, path, actual_status, response_body)
        return response_body

    async def request_bytes(
        self, user: RegisteredUser | None, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Like `request`, with raw bytes as bodies. The body of an event stream is not read."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if user is not None:
            sent["Authorization"] = f"Bearer {user.token}"
        async with self._session.request(method, self._root + path, data=body, headers=sent) as answer:
            response_headers = {name.lower(): value for name, value in answer.headers.items()}
            endless = answer.content_type == "text/event-stream"
            return answer.status, b"" if endless else await answer.read(), response_headers

    async def wait_for(
        self,
        user: RegisteredUser | None,
        path: str,
        condition: Callable[[Json], object],
        status: int = 200,
        timeout_s: float = WAIT_TIMEOUT_S,
        method: str = "GET",
        request_body: Json = None,
    ) -> Json:
        """Repeat the request until the response has this status and satisfies the condition."""
        last_response: tuple[int, Json] | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    actual_status, body, _ = await self.request(user, method, path, request_body)
                    last_response = actual_status, body
                    if actual_status == status and condition(body):
                        return body
        except TimeoutError:
            raise AssertionError((path, "not in time", last_response)) from None

    async def collect_pages(self, user: RegisteredUser, path: str, limit: int) -> list[Json]:
        """Return the items of all pages. Each page links to the next in its body and its `Link` header."""
        items: list[Json] = []
        following: str | None = f"{path}{'&' if '?' in path else '?'}limit={limit}"
        while following is not None:
            status, page, headers = await self.request(user, "GET", following)
            assert status == 200, (following, page)
            assert len(page["items"]) <= limit
            items += page["items"]
            assert ("link" in headers) == (page["next_cursor"] is not None)
            following = None
            if "link" in headers:
                place, relation = headers["link"].split(";", 1)
                assert 'rel="next"' in relation
                following = place.strip().removeprefix("<").removesuffix(">").removeprefix(self._root)
                assert page["next_cursor"]
        return items

    async def expect_error(
        self, code: str, status: int, user: RegisteredUser | None, method: str, path: str, body: Json = None
    ) -> Json:
        actual_status, response_body, _ = await self.request(user, method, path, body)
        assert (actual_status, response_body["code"] if response_body else None) == (status, code), (
            method,
            path,
            response_body,
        )
        return response_body

    # --- common setup

    async def group(
        self, admin: RegisteredUser, *others: RegisteredUser, name: str | None = "a group"
    ) -> Json:
        body = {"type": "GROUP", "participants": [other.id for other in others], "name": name}
        return await self.expect(201, admin, "POST", "/v1/conversations", body)

    async def direct(self, user: RegisteredUser, other: RegisteredUser) -> Json:
        body = {"type": "DIRECT", "participants": [other.id]}
        status, response_body, _ = await self.request(user, "POST", "/v1/conversations", body)
        assert status in {200, 201}, response_body
        return response_body

    async def send(
        self,
        user: RegisteredUser,
        conversation_id: str,
        content: str,
        client_id: str | None = None,
        **more: Json,
    ) -> Json:
        body = {"client_id": client_id or secrets.token_hex(8), "content": content, **more}
        return await self.expect(201, user, "POST", f"/v1/conversations/{conversation_id}/messages", body)

    async def get_conversation(self, user: RegisteredUser, conversation_id: str) -> Json:
        return await self.get(user, f"/v1/conversations/{conversation_id}")

    async def post(self, user: RegisteredUser, content: str = "a post", **more: Json) -> Json:
        return await self.expect(201, user, "POST", "/v1/posts", {"content": content, **more})

    async def comment(
        self, user: RegisteredUser, post_id: str, content: str = "a comment", parent_id: str | None = None
    ) -> Json:
        body = {"content": content} if parent_id is None else {"content": content, "parent_id": parent_id}
        return await self.expect(201, user, "POST", f"/v1/posts/{post_id}/comments", body)

    async def event(self, user: RegisteredUser, **more: Json) -> Json:
        """Create an event for ten users that starts tomorrow."""
        start = datetime.now(UTC) + timedelta(days=1)
        body = {
            "title": "an event",
            "start_datetime": start.isoformat(),
            "end_datetime": (start + timedelta(hours=1)).isoformat(),
            "capacity": 10,
        }
        return await self.expect(201, user, "POST", "/v1/events", {**body, **more})

    async def rsvp(self, user: RegisteredUser, event_id: str, status: str = "GOING") -> Json:
        return await self.expect(200, user, "PUT", f"/v1/events/{event_id}/rsvp", {"status": status})

    async def follow(self, user: RegisteredUser, other: RegisteredUser) -> None:
        await self.expect(204, user, "PUT", f"/v1/users/{other.id}/follow")

    async def set_private(self, user: RegisteredUser, *, private: bool) -> None:
        await self.expect(200, user, "PATCH", "/v1/users/me", {"private": private})

    async def accept(self, user: RegisteredUser, requester: RegisteredUser) -> None:
        await self.expect(204, user, "PUT", f"/v1/follow-requests/{requester.id}")

    async def block(self, user: RegisteredUser, other: RegisteredUser) -> None:
        await self.expect(204, user, "PUT", f"/v1/users/{other.id}/block")

    async def unblock(self, user: RegisteredUser, other: RegisteredUser) -> None:
        await self.expect(204, user, "DELETE", f"/v1/users/{other.id}/block")
