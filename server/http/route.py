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
from server.http.address import client_address
from server.http.body import BodyReader, read_body
from server.http.call import Call
from server.http.idempotency import idempotency_key, once_of
from server.http.query import QueryReader
from server.http.rates import RateClass, Rates, address_key
from server.http.request_id import REQUEST_ID
from server.http.response import JSON_TYPE, answer_response
from storage.records.users import Identity

Handler = Callable[[Call[Any, Any]], Awaitable[msgspec.Struct | None]]


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
    answer: Any = None
    status: int = 200
    auth: bool = True
    body_bytes: int = BODY_BYTES
    rate: RateClass | None = RateClass.REQUEST
    also: tuple[int, ...] = ()
    idempotent: bool = False
    refuses: tuple[str, ...] = ()
    media_type: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every route needs of the server around it."""

    authenticator: Authenticator
    rates: Rates
    wheel: TimerWheel
    timeout_ms: int
    trusted_proxies: int


class RouteAdapter:
    """A route as aiohttp calls it. Raises `Refusal`; turning that into an answer is the application's."""

    def __init__(self, route: Route, around: Surroundings) -> None:
        self._route = route
        self._around = around
        self._body = BodyReader(route.body) if route.body is not None else None
        self._query = QueryReader(route.query) if route.query is not None else None

    async def handle(self, request: web.Request) -> web.Response:
        address = client_address(request, self._around.trusted_proxies)
        identity = await self._identity(request) if self._route.auth else None
        self._spend(request, identity, address)
        query = None if self._query is None else self._query.read(request.query)
        key = idempotency_key(request) if self._route.idempotent else None
        body = await self._read(request)
        user_id = identity.user.id if identity else ""
        call = Call(
            identity=identity,
            body=body,
            path=request.match_info,
            query=query,
            address=address,
            request_id=request[REQUEST_ID],
            idempotency_key=key,
            once=None if key is None else once_of(request, user_id, key, body),
        )
        try:
            with self._deadline() as deadline:
                answer = await self._route.handler(call)
        except TimeoutError:
            if not deadline.expired:
                raise
            raise unavailable("This took too long; it may or may not have happened.") from None
        return answer_response(request, answer, self._route.status, self._route.media_type)

    def _deadline(self) -> Deadline:
        return Deadline(self._around.wheel, self._around.timeout_ms / 1000)

    async def _identity(self, request: web.Request) -> Identity:
        token = bearer_token(request)
        if token is None:
            raise ApiError("auth.required", "This needs a token.")
        return await self._around.authenticator.authenticate(token)

    def _spend(self, request: web.Request, identity: Identity | None, address: str) -> None:
        if self._route.rate is not None:
            key = identity.user.id if identity else address_key(address)
            self._around.rates.spend(request, self._route.rate, key)

    async def _read(self, request: web.Request) -> object:
        if self._body is None:
            return None
        try:
            with self._deadline():
                raw = await read_body(request, self._route.body_bytes)
        except TimeoutError:
            raise ApiError("request.timeout", "The body did not come in time.") from None
        return self._body.read(raw)


def bearer_token(request: web.Request) -> str | None:
    """Read the token of the `Authorization` header, None without one."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
