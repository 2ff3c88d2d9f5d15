"""HTTP as one person asks it. Never hides an answer: what was not expected fails with its text."""

import secrets
from types import TracebackType
from typing import Any, Self

import aiohttp

from run import Instance
from tests.server.people import Person

Json = Any


class Api:
    """A session of requests to one server; who asks is said each time."""

    def __init__(self, instance: Instance) -> None:
        self._root = f"http://127.0.0.1:{instance.port}"
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(
        self, person: Person | None, method: str, path: str, body: Json = None, **headers: str
    ) -> tuple[int, Json, dict[str, str]]:
        """Status, decoded body (None without one) and headers with lower-case names."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if person is not None:
            sent["Authorization"] = f"Bearer {person.token}"
        async with self._session.request(method, self._root + path, json=body, headers=sent) as answer:
            told: Json = await answer.json(content_type=None) if await answer.read() else None
            found = {name.lower(): value for name, value in answer.headers.items()}
            if answer.status >= 400:
                assert answer.content_type == "application/problem+json", (answer.status, told)
                assert told["status"] == answer.status
                assert told["request_id"] == found["x-request-id"]
                assert {"type", "title", "detail", "code"} <= told.keys()
            return answer.status, told, found

    async def get(self, person: Person | None, path: str) -> Json:
        return await self.expect(200, person, "GET", path)

    async def expect(
        self, status: int, person: Person | None, method: str, path: str, body: Json = None, **headers: str
    ) -> Json:
        found, told, _ = await self.ask(person, method, path, body, **headers)
        assert found == status, (method, path, found, told)
        return told

    async def refused(
        self, code: str, status: int, person: Person | None, method: str, path: str, body: Json = None
    ) -> Json:
        found, told, _ = await self.ask(person, method, path, body)
        assert (found, told["code"] if told else None) == (status, code), (method, path, told)
        return told

    # --- what most tests begin with

    async def group(self, admin: Person, *others: Person, name: str | None = "a group") -> Json:
        body = {"type": "GROUP", "participants": [other.id for other in others], "name": name}
        return await self.expect(201, admin, "POST", "/v1/conversations", body)

    async def direct(self, one: Person, other: Person) -> Json:
        body = {"type": "DIRECT", "participants": [other.id]}
        status, told, _ = await self.ask(one, "POST", "/v1/conversations", body)
        assert status in {200, 201}, told
        return told

    async def send(
        self, person: Person, conversation_id: str, content: str, client_id: str | None = None, **more: Json
    ) -> Json:
        body = {"client_id": client_id or secrets.token_hex(8), "content": content, **more}
        return await self.expect(201, person, "POST", f"/v1/conversations/{conversation_id}/messages", body)

    async def look(self, person: Person, conversation_id: str) -> Json:
        return await self.get(person, f"/v1/conversations/{conversation_id}")
