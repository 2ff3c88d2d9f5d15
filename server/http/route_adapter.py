"""Runs a route for a request of aiohttp.

request -> authenticate -> rate limit -> permission -> decode query and body -> charge what they cost
        -> wait for `RequestConcurrency` -> handler -> encode response -> store it for repeats
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from actors.accounts.authenticator import Authenticator
from actors.accounts.restrictions import has_role, silenced
from actors.protocol.errors import ApiError, unavailable
from actors.runtime.deadline import Deadline
from actors.runtime.timer_wheel import TimerWheel
from config.log_context import add_log_ids
from server.http.idempotency import make_idempotency_key, read_idempotency_key
from server.http.idempotent_replay import IdempotentResponseReplay
from server.http.problem import REQUEST_ID, authentication_required
from server.http.rate_limiter import RateLimiter, address_bucket_key
from server.http.request_concurrency import RequestConcurrency
from server.http.request_decoding import (
    BodyDecoder,
    QueryDecoder,
    check_content_length,
    check_json,
    read_body,
)
from server.http.response import encode_response
from server.http.route import CONVERSATION_PARAMETERS, HasRequestCost, Route, TypedRequest
from server.http.trusted_proxies import TrustedProxies
from storage.contracts.users import Identity, UserRecord


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
            user_agent=request.headers.get("User-Agent"),
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
    """Return the bearer token of the `Authorization` header, or None without one.

    Empty for `Bearer` alone, which is a token that is not valid.
    """
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
