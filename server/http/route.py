"""A route: method, path and types on one side, a handler of decoded calls on the other.

    request -> who asks -> budget -> query -> body -> handler -> answer, page or refusal

The types are also what the published contract is made of. Never holds what a route does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import hdrs, web

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError, unavailable
from actors.runtime.deadline import Deadline
from actors.runtime.timer_wheel import TimerWheel
from config.limits import BODY_BYTES
from server.http.client_address import client_address
from server.http.idempotency import make_idempotency_key, read_idempotency_key
from server.http.query_parameters import QueryDecoder
from server.http.rate_limiter import RateClass, RateLimiter, address_bucket_key
from server.http.request_body import BodyDecoder, read_body
from server.http.request_id import REQUEST_ID
from server.http.response import JSON_TYPE, encode_response
from server.http.typed_request import TypedRequest
from storage.contracts.users import Identity

Handler = Callable[[TypedRequest[Any, Any]], Awaitable[msgspec.Struct | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    A handler answers a struct, `Answer` to choose the status, `Text` in the route's `media_type`, or
    None for 204 (202 where that is the route's status). A GET route answers HEAD too.

    An authenticated route counts by user, another by address, in the bucket of its `rate`; None counts
    nothing. An idempotent one takes the `Idempotency-Key` header. For the published contract: `answer` is
    what it answers, `also` are other statuses of success that a handler chooses, `refuses` the codes of
    refusal that are its own.
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
    rate_class: RateClass | None = RateClass.REQUEST
    other_statuses: tuple[int, ...] = ()
    idempotent: bool = False
    errors: tuple[str, ...] = ()
    media_type: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class RouteContext:
    """What every route needs of the server around it."""

    authenticator: Authenticator
    rate_limiter: RateLimiter
    wheel: TimerWheel
    timeout_ms: int
    trusted_proxies: int


class RouteAdapter:
    """A route as aiohttp calls it. Raises `Refusal`; turning that into an answer is the application's."""

    def __init__(self, route: Route, context: RouteContext) -> None:
        self._route = route
        self._context = context
        self._body_decoder = BodyDecoder(route.body) if route.body is not None else None
        self._query_decoder = QueryDecoder(route.query) if route.query is not None else None

    async def handle(self, request: web.Request) -> web.Response:
        address = client_address(request, self._context.trusted_proxies)
        identity = await self._authenticate(request) if self._route.requires_auth else None
        self._check_rate_limit(request, identity, address)
        query = None if self._query_decoder is None else self._query_decoder.decode(request.query)
        key = read_idempotency_key(request) if self._route.idempotent else None
        body = await self._read_body(request)
        user_id = identity.user.id if identity else ""
        call = TypedRequest(
            identity=identity,
            body=body,
            path_params=request.match_info,
            query=query,
            client_address=address,
            request_id=request[REQUEST_ID],
            raw_idempotency_key=key,
            idempotency_key=None if key is None else make_idempotency_key(request, user_id, key, body),
        )
        try:
            with self._deadline() as deadline:
                answer = await self._route.handler(call)
        except TimeoutError:
            if not deadline.expired:
                raise
            raise unavailable("This took too long; it may or may not have happened.") from None
        return encode_response(request, answer, self._route.status, self._route.media_type)

    def _deadline(self) -> Deadline:
        return Deadline(self._context.wheel, self._context.timeout_ms / 1000)

    async def _authenticate(self, request: web.Request) -> Identity:
        token = bearer_token(request)
        if token is None:
            raise ApiError("auth.required", "This needs a token.")
        return await self._context.authenticator.authenticate(token)

    def _check_rate_limit(self, request: web.Request, identity: Identity | None, address: str) -> None:
        if self._route.rate_class is not None:
            key = identity.user.id if identity else address_bucket_key(address)
            self._context.rate_limiter.consume(request, self._route.rate_class, key)

    async def _read_body(self, request: web.Request) -> object:
        if self._body_decoder is None:
            return None
        try:
            with self._deadline():
                raw = await read_body(request, self._route.body_bytes_max)
        except TimeoutError:
            raise ApiError("request.timeout", "The body did not come in time.") from None
        return self._body_decoder.decode(raw)


def bearer_token(request: web.Request) -> str | None:
    """Read the token of the `Authorization` header, None without one."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
