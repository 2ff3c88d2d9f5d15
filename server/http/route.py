"""A route: method, path and types on one side, a handler of decoded calls on the other.

    request -> who asks -> budget -> body -> handler -> answer, page or refusal

The types are also what the published contract is made of. Never holds what a route does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import hdrs, web

from actors.accounts.authenticator import Authenticator
from actors.wire.refusal import Refusal, unavailable
from config.limits import BODY_BYTES
from server.http.address import client_address
from server.http.body import BodyReader, read_body
from server.http.call import Answer, Call, Page
from server.http.rates import GRANT, RateClass, Rates, address_key, limited
from server.http.request_id import REQUEST_ID
from storage.records.users import Identity

Handler = Callable[[Call[Any]], Awaitable[msgspec.Struct | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. A handler answers a struct, `Answer` to choose the status, or None for 204.

    `answer` is what the published contract says of it. An authenticated route counts by user, another
    by address, in the bucket of its `rate`; None counts nothing.
    """

    method: str
    path: str
    handler: Handler
    body: type[Any] | None = None
    answer: Any = None
    status: int = 200
    auth: bool = True
    body_bytes: int = BODY_BYTES
    rate: RateClass | None = RateClass.REQUEST


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every route needs of the server around it."""

    authenticator: Authenticator
    rates: Rates
    timeout_ms: int
    trusted_proxies: int


class RouteAdapter:
    """A route as aiohttp calls it. Raises `Refusal`; turning that into an answer is the application's."""

    def __init__(self, route: Route, around: Surroundings) -> None:
        self._route = route
        self._around = around
        self._body = BodyReader(route.body) if route.body is not None else None
        self._encoder = msgspec.json.Encoder()

    async def handle(self, request: web.Request) -> web.Response:
        address = client_address(request, self._around.trusted_proxies)
        identity = await self._identity(request) if self._route.auth else None
        self._spend(request, identity, address)
        body = await self._read(request)
        call = Call(
            identity=identity,
            body=body,
            path=request.match_info,
            query=request.query,
            address=address,
            request_id=request[REQUEST_ID],
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        try:
            async with asyncio.timeout(self._around.timeout_ms / 1000) as deadline:
                answer = await self._route.handler(call)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise unavailable("This took too long; it may or may not have happened.") from None
        return self._response(request, answer)

    async def _identity(self, request: web.Request) -> Identity:
        token = bearer_token(request)
        if token is None:
            raise Refusal("auth.required", "This needs a token.")
        return await self._around.authenticator.authenticate(token)

    def _spend(self, request: web.Request, identity: Identity | None, address: str) -> None:
        if self._route.rate is None:
            return
        key = identity.user.id if identity else address_key(address)
        grant = request[GRANT] = self._around.rates.take(self._route.rate, key)
        if not grant.granted:
            raise limited(grant)

    async def _read(self, request: web.Request) -> object:
        if self._body is None:
            return None
        try:
            async with asyncio.timeout(self._around.timeout_ms / 1000):
                raw = await read_body(request, self._route.body_bytes)
        except TimeoutError:
            raise Refusal("request.timeout", "The body did not come in time.") from None
        return self._body.read(raw)

    def _response(self, request: web.Request, answer: msgspec.Struct | None) -> web.Response:
        status = self._route.status
        body: object = answer
        if isinstance(answer, Answer):
            status, body = answer.status, answer.body
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        if body is None:
            return web.Response(status=204, headers=headers)
        if isinstance(body, Page) and body.next_cursor is not None:
            following = request.rel_url.update_query(cursor=body.next_cursor)
            headers[hdrs.LINK] = f'<{following}>; rel="next"'
        return web.Response(
            body=self._encoder.encode(body), status=status, content_type="application/json", headers=headers
        )


def bearer_token(request: web.Request) -> str | None:
    """Read the token of the `Authorization` header, None without one."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
