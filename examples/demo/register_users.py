"""Registers the users, or logs in those who exist, and sets their bios."""

from typing import Final

import msgspec

from actors.protocol.objects import OwnUser
from client.errors import ClientError, RequestRejected
from client.http_requests import Login, NewUser, ProfileUpdate
from client.http_responses import LoginResponse
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_users import UserPlan

ALREADY_REGISTERED_CODES: Final = frozenset(
    {"user.username_taken", "user.email_taken", "idempotency.conflict"}
)


class UsernameTaken(ClientError):  # noqa: N818 - a state
    """A demo username belongs to another user, or has another password."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


class DemoUser(msgspec.Struct, frozen=True):
    """A user on the server. `already_existed`: idempotency keys of the first run may have expired."""

    plan: UserPlan
    id: str
    token: str
    already_existed: bool

    def __repr__(self) -> str:
        return f"DemoUser({self.plan.username})"


class UserRegistrar:
    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, password: str) -> None:
        self._http = http
        self._keys = keys
        self._password = password

    async def ensure_user(self, plan: UserPlan) -> DemoUser:
        """Register the user or log in. A bio that the user has set is kept.

        Raises:
            UsernameTaken: the username belongs to another user.
        """
        response, already_existed = await self._register_or_log_in(plan)
        if plan.bio is not None and response.user.bio is None:
            request = HttpRequest("PATCH", "/v1/users/me", response.token, ProfileUpdate(plan.bio))
            await self._http.request(OwnUser, request)
        return DemoUser(plan, response.user.id, response.token, already_existed)

    async def _register_or_log_in(self, plan: UserPlan) -> tuple[LoginResponse, bool]:
        body = NewUser(plan.email, plan.username, self._password, plan.display_name)
        key = self._keys.make_key("person", plan.username)
        try:
            return await self._http.request(
                LoginResponse, HttpRequest("POST", "/v1/users", body=body, idempotency_key=key)
            ), False
        except RequestRejected as rejected:
            if rejected.code not in ALREADY_REGISTERED_CODES:
                raise
        login = HttpRequest("POST", "/v1/sessions", body=Login(plan.username, self._password))
        try:
            return await self._http.request(LoginResponse, login), True
        except RequestRejected as rejected:
            if rejected.status == 401:
                raise UsernameTaken(plan.username) from None
            raise
