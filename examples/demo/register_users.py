"""People arrive: they register, or log in where they were here before, and say who they are."""

from typing import Final

import msgspec

from actors.protocol.objects import OwnUser
from client.errors import ClientError, RequestRejected
from client.http_responses import LoginResponse
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_users import UserPlan

ALREADY_REGISTERED_CODES: Final = frozenset(
    {"user.username_taken", "user.email_taken", "idempotency.conflict"}
)


class UsernameTaken(ClientError):  # noqa: N818 - it is a state
    """Somebody else has the username of one of the town's people, or they have another password."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


class DemoUser(msgspec.Struct, frozen=True):
    """Somebody the server knows. `returned`: so long after that keys of then may be forgotten."""

    plan: UserPlan
    id: str
    token: str
    already_existed: bool

    def __repr__(self) -> str:
        return f"Resident({self.plan.username})"


class Registration(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str
    display_name: str

    def __repr__(self) -> str:
        return "Registration(...)"


class Login(msgspec.Struct, frozen=True):
    login: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


class ProfileUpdate(msgspec.Struct, frozen=True):
    bio: str


class UserRegistrar:
    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, password: str) -> None:
        self._http = http
        self._keys = keys
        self._password = password

    async def ensure_user(self, plan: UserPlan) -> DemoUser:
        """See that somebody is there; what they have said of themselves since is left as it is.

        Raises:
            Occupied: the username is somebody else's.
        """
        signed_in, returned = await self._register_or_log_in(plan)
        if plan.bio is not None and signed_in.user.bio is None:
            request = HttpRequest("PATCH", "/v1/users/me", signed_in.token, ProfileUpdate(plan.bio))
            await self._http.request(OwnUser, request)
        return DemoUser(plan, signed_in.user.id, signed_in.token, returned)

    async def _register_or_log_in(self, plan: UserPlan) -> tuple[LoginResponse, bool]:
        body = Registration(plan.email, plan.username, self._password, plan.display_name)
        key = self._keys.make_key("person", plan.username)
        try:
            return await self._http.request(
                LoginResponse, HttpRequest("POST", "/v1/users", body=body, idempotency_key=key)
            ), False
        except RequestRejected as refused:
            if refused.code not in ALREADY_REGISTERED_CODES:
                raise
        login = HttpRequest("POST", "/v1/sessions", body=Login(plan.username, self._password))
        try:
            return await self._http.request(LoginResponse, login), True
        except RequestRejected as refused:
            if refused.status == 401:
                raise UsernameTaken(plan.username) from None
            raise
