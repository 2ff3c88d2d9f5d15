"""Routes: method, path, types and handler, and their adaptation to aiohttp.

    request -> authenticate -> rate limit -> decode query -> decode body -> handler -> encode response

The OpenAPI document is generated from the same types.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

import msgspec
from aiohttp import hdrs, web

from actors.accounts.authenticator import Authenticator
from actors.accounts.restrictions import has_role, is_silenced, silenced
from actors.protocol.errors import ApiError, unavailable
from actors.runtime.deadline import Deadline
from actors.runtime.timer_wheel import TimerWheel
from config.limits import BODY_BYTES
from config.log_context import add_log_ids
from server.http.cursor import decode_cursor
from server.http.idempotency import make_idempotency_key, read_idempotency_key
from server.http.idempotent_replay import IdempotentResponseReplay
from server.http.problem import REQUEST_ID, authentication_required
from server.http.rate_limiter import RateLimiter, RequestRateClass, address_bucket_key
from server.http.request_concurrency import RequestConcurrency
from server.http.request_decoding import (
    BodyDecoder,
    QueryDecoder,
    check_content_length,
    check_json,
    read_body,
)
from server.http.response import JSON_TYPE, encode_response
from server.http.trusted_proxies import TrustedProxies
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.users import Identity, Role, UserRecord

Body = TypeVar("Body")
Query = TypeVar("Query")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class TypedRequest(Generic[Body, Query]):
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
    """A query or body whose work for the stores depends on what it says."""

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
    idempotent route accepts the `Idempotency-Key` header; its response is stored for repeats, unless
    `response_has_secrets`. `response`, `other_statuses` and `empty_statuses` (success statuses the handler
    may choose, with a body or without) and `errors` (codes specific to the route) are documentation only.
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


@dataclass(frozen=True, slots=True)
class RouteContext:
    """Dependencies shared by all routes."""

    authenticator: Authenticator
    rate_limiter: RateLimiter
    concurrency: RequestConcurrency
    wheel: TimerWheel
    timeout_ms: int
    trusted_proxies: TrustedProxies
    idempotent_replay: IdempotentResponseReplay


class RouteAdapter:
    """Adapts a route to an aiohttp handler. Raises `ApiError`, which `error_middleware` converts."""

    def __init__(self, route: Route, context: RouteContext) -> None:
        self._route = route
        self._context = context
        self._body_decoder = BodyDecoder(route.body) if route.body is not None else None
        self._query_decoder = QueryDecoder(route.query) if route.query is not None else None
        # Looked up once: a check of every query and body against the protocol takes microseconds.
        self._has_request_cost = any(_may_have_request_cost(kind) for kind in (route.query, route.body))
        self._conversation_parameter = next(
            (name for part, name in CONVERSATION_PARAMETERS.items() if part in route.path), None
        )

    async def handle(self, request: web.Request) -> web.Response:
        address = self._context.trusted_proxies.client_address(request)
        identity = await self._authenticate(request, address) if self._route.requires_auth else None
        if identity is not None:
            add_log_ids(user_id=identity.user.id, session_id=identity.session_id)
        if self._conversation_parameter is not None:
            add_log_ids(conversation_id=request.match_info[self._conversation_parameter])
        bucket_key = identity.user.id if identity else address_bucket_key(address)
        self._check_rate_limit(request, bucket_key)
        if identity is not None:
            self._check_permission(identity.user, request.match_info)
        query = None if self._query_decoder is None else self._query_decoder.decode(request.query)
        key = read_idempotency_key(request) if self._route.idempotent else None
        body = await self._read_body(request)
        cost = self._route.cost
        if self._has_request_cost:
            cost += self._charge((query, body), bucket_key)
        user_id = identity.user.id if identity else ""
        idempotency_key = None if key is None else make_idempotency_key(request, user_id, key, body)
        typed_request = TypedRequest(
            identity=identity,
            body=body,
            path_params=request.match_info,
            query=query,
            client_address=address,
            request_id=request[REQUEST_ID],
            raw_idempotency_key=key,
            idempotency_key=idempotency_key,
        )
        # Without a user, on registration, the response has a token; each repeat gets a new one.
        stored_key = None if identity is None or self._route.response_has_secrets else idempotency_key
        try:
            with self._deadline() as deadline:
                async with self._context.concurrency.admit(cost):
                    if stored_key is None:
                        return await self._respond(request, typed_request)
                    return await self._context.idempotent_replay.run(
                        stored_key, user_id, lambda: self._respond(request, typed_request)
                    )
        except TimeoutError:
            if not deadline.expired:
                raise
            raise unavailable(
                "The request timed out. It may or may not have taken effect; retry it."
            ) from None

    async def _respond(self, request: web.Request, typed_request: TypedRequest[Any, Any]) -> web.Response:
        result = await self._route.handler(typed_request)
        return encode_response(request, result, self._route.status, self._route.media_type)

    def _deadline(self) -> Deadline:
        return Deadline(self._context.wheel, self._context.timeout_ms / 1000)

    async def _authenticate(self, request: web.Request, address: str) -> Identity:
        token = bearer_token(request)
        try:
            if token is None:
                raise authentication_required()
            return await self._context.authenticator.authenticate(token)
        except ApiError as error:
            if error.status == 401:
                # Without a user it counts against the address, as on routes without authentication.
                self._check_rate_limit(request, address_bucket_key(address))
            raise

    def _check_permission(self, user: UserRecord, path_params: Mapping[str, str]) -> None:
        if self._route.role is not None and not has_role(user.role, self._route.role):
            raise ApiError("permission.denied", f"Only a user with the role {self._route.role} may do this.")
        if self._route.is_refused(user, path_params):
            raise silenced()

    def _check_rate_limit(self, request: web.Request, bucket_key: str) -> None:
        if self._route.rate_class is not None:
            self._context.rate_limiter.consume(request, self._route.rate_class, bucket_key, self._route.cost)

    def _charge(self, parts: tuple[object, ...], bucket_key: str) -> int:
        """Charge what the request costs besides the route's `cost`, and return it."""
        cost = sum(part.request_cost() for part in parts if isinstance(part, HasRequestCost))
        if cost and self._route.rate_class is not None:
            self._context.rate_limiter.charge(self._route.rate_class, bucket_key, cost)
        return cost

    async def _read_body(self, request: web.Request) -> object:
        if request.body_exists and not self._route.any_body:
            check_json(request)
            check_content_length(request, self._route.body_bytes_max)
        if self._body_decoder is None:
            return None
        if not request.body_exists and self._route.body_optional:
            return self._body_decoder.decode(b"{}")
        try:
            with self._deadline():
                raw = await read_body(request, self._route.body_bytes_max)
        except TimeoutError:
            raise ApiError(
                "request.timeout", "The request body did not arrive in time; retry the request."
            ) from None
        return self._body_decoder.decode(raw)


def _may_have_request_cost(kind: Any) -> bool:
    """Whether values of a type may be `HasRequestCost`; a union may."""
    return kind is not None and (not isinstance(kind, type) or hasattr(kind, "request_cost"))


def bearer_token(request: web.Request) -> str | None:
    """Return the bearer token of the `Authorization` header, or None without one."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
