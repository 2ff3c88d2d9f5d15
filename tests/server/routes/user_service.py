"""A User service over HTTP for tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from actors.accounts.accounts import Accounts
from actors.accounts.authenticator import Authenticator
from actors.accounts.passwords import HashCost
from storage.contracts.email_changes import EmailChangeStore
from storage.contracts.users import LoginStore, SessionStore, UserStore
from tests.server.routes.document_match import DocumentMatch

PASSWORD = "a good password"
CHEAP_HASHES = HashCost(memory_kib=64, rounds=1, lanes=1)

Json = Any
AiohttpClient = Callable[[web.Application], Awaitable[TestClient[Any, Any]]]


@dataclass(frozen=True)
class UserServiceStores:
    """The stores of the User service, which share one database."""

    users: UserStore
    sessions: SessionStore
    email_changes: EmailChangeStore
    logins: LoginStore


@dataclass
class UserService:
    """A User service over HTTP. Every response is checked against the OpenAPI document."""

    client: TestClient[Any, Any]
    accounts: Accounts
    authenticator: Authenticator
    document_match: DocumentMatch
    revoked: list[str] = field(default_factory=list)

    async def request(
        self, method: str, path: str, body: Json = None, token: str | None = None
    ) -> ClientResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.client.request(method, path, json=body, headers=headers)
        self.document_match.check(method, path, response.status, await response.read())
        return response

    async def expect(
        self, status: int, method: str, path: str, body: Json = None, token: str | None = None
    ) -> Json:
        response = await self.request(method, path, body, token)
        text = await response.text()
        assert response.status == status, text
        if status >= 400:
            assert response.content_type == "application/problem+json"
        return await response.json(content_type=None) if text else None

    async def expect_error(
        self, code: str, method: str, path: str, body: Json = None, token: str | None = None
    ) -> Json:
        response = await self.request(method, path, body, token)
        problem = await response.json(content_type="application/problem+json")
        assert problem["code"] == code, problem
        assert problem["status"] == response.status
        assert problem["request_id"] == response.headers["X-Request-Id"]
        return problem

    async def register(self, username: str, **more: Json) -> Json:
        body = {"email": f"{username}@example.test", "username": username, "password": PASSWORD, **more}
        return await self.expect(201, "POST", "/v1/users", body)

    async def login(self, login: str, password: str = PASSWORD) -> Json:
        return await self.expect(201, "POST", "/v1/sessions", {"login": login, "password": password})
