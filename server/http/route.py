"""Routes: method, path, types, errors and handler. The OpenAPI document is generated from them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from actors.accounts.restrictions import has_role, is_silenced
from config.limits import BODY_BYTES
from server.http.cursor import decode_cursor
from server.http.problem import authentication_required
from server.http.rate_limiter import RequestRateClass
from server.http.response import JSON_TYPE
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.users import Identity, Role, UserRecord

Body = TypeVar("Body")
Query = TypeVar("Query")
Key = TypeVar("Key")


class TypedRequest(msgspec.Struct, Generic[Body, Query], frozen=True):
    """A decoded and authenticated request.

    `identity` is None only on routes without authentication, `body` and `query` on routes without one.
    `raw_idempotency_key` is the header, `idempotency_key` its form for stores; idempotent routes only.
    """

    identity: Identity | None
    body: Body
    path_params: Mapping[str, str]
    query: Query
    client_address: str
    request_id: str
    user_agent: str | None = None
    raw_idempotency_key: str | None = None
    idempotency_key: IdempotencyKey | None = None

    @property
    def caller(self) -> Identity:
        """The authenticated user and session."""
        if self.identity is None:
            raise authentication_required()
        return self.identity

    @property
    def is_moderator(self) -> bool:
        """Whether the caller is a moderator or an admin."""
        return has_role(self.caller.user.role, Role.MODERATOR)

    @property
    def is_silenced(self) -> bool:
        """Whether moderators have silenced the caller."""
        return is_silenced(self.caller.user.silenced_until)

    def cursor(self, key: type[Key]) -> Key | None:
        """Decode the query's `cursor`; None without one.

        Raises:
            ApiError: cursor.invalid.
        """
        text: str | None = getattr(self.query, "cursor", None)
        return None if text is None else decode_cursor(text, key)


CONVERSATION_PARAMETERS: Final = {"/conversations/{id}": "id", "{conversation_id}": "conversation_id"}
"""Parts of a path that contain a conversation's id, and the name of that parameter."""


@runtime_checkable
class HasRequestCost(Protocol):
    """A query or body whose work for the stores depends on its values."""

    def request_cost(self) -> int:
        """Return the tokens that the caller's next requests wait for, besides the `cost` of the route."""


Handler = Callable[[TypedRequest[Any, Any]], Awaitable[msgspec.Struct | None]]
IsOwn = Callable[[UserRecord, Mapping[str, str]], bool]
"""(caller, path parameters) -> whether the request concerns the caller alone."""


def names_caller(caller: UserRecord, path_params: Mapping[str, str]) -> bool:
    """Whether the path's `user_id` is the caller."""
    return path_params["user_id"] == caller.id


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    A handler returns a struct, a `ResponseWithStatus` to choose the status, a `TextResponse` in the route's
    `media_type`, or None for 204 (202 if that is the route's `status`). A GET route also serves HEAD.

    Requests count against `rate_class`, per user on authenticated routes and per address on others; None
    disables the limit. A request takes `cost` tokens: more where it is more work for the stores. An
    idempotent route accepts the `Idempotency-Key` header; with authentication, its response is stored for
    repeats, unless `response_has_secrets`. `response`, `other_statuses` and `empty_statuses` (success
    statuses the handler may choose, with a body or without) and `errors` (codes specific to the route) are
    documentation only.
    With `body_optional`, a request without a body has all fields absent. With `any_body`, a body of any type
    may be sent, and is not read.

    `role` is the role that callers must have. Silenced users may read, and make requests `while_silenced`:
    those that other users do not notice, and those that delete what is the caller's own. If only some
    requests of a route do, `while_silenced` decides by the path, or the handler by `is_silenced`.
    """

    method: str
    path: str
    handler: Handler
    body: type[Any] | None = None
    query: type[msgspec.Struct] | None = None
    response: Any = None
    status: int = 200
    requires_auth: bool = True
    body_bytes_max: int = BODY_BYTES
    rate_class: RequestRateClass | None = RequestRateClass.REQUEST
    cost: int = 1
    other_statuses: tuple[int, ...] = ()
    empty_statuses: tuple[int, ...] = ()
    idempotent: bool = False
    response_has_secrets: bool = False
    errors: tuple[str, ...] = ()
    media_type: str = JSON_TYPE
    body_optional: bool = False
    any_body: bool = False
    role: Role | None = None
    while_silenced: bool | IsOwn = False

    @property
    def refuses_silenced(self) -> bool:
        """Whether a silenced user may not make the request, or not all of them."""
        return self.requires_auth and self.method != "GET" and self.while_silenced is not True

    def is_refused(self, user: UserRecord, path_params: Mapping[str, str]) -> bool:
        """Whether the request is refused because the user is silenced."""
        if not self.refuses_silenced or not is_silenced(user.silenced_until):
            return False
        return isinstance(self.while_silenced, bool) or not self.while_silenced(user, path_params)
