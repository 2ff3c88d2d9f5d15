"""The aiohttp application: registers routes and turns every failure into a problem response.

Handlers added to its router later (websocket, event stream, pages) get the same error handling and headers.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import istr

from actors.accounts.authenticator import Authenticator
from actors.runtime.timer_wheel import TimerWheel
from config.limits import BODY_WITH_IDS_BYTES, Limits
from config.log_context import log_context
from config.settings import ServerSettings
from server.http.cors import Cors
from server.http.idempotent_replay import IdempotentResponseReplay
from server.http.page_limiter import PAGE_LIMITER, PageLimiter
from server.http.problem import (
    ERROR_CODE,
    REQUEST_ID,
    REQUEST_ID_HEADER,
    SERVER_HEADER_VALUE,
    get_request_id,
    problem_response,
    to_api_error,
)
from server.http.rate_limiter import RateLimiter, add_rate_limit_headers
from server.http.refusal_delay import REFUSAL_DELAY, RefusalDelay
from server.http.request_concurrency import REQUEST_CONCURRENCY, RequestConcurrency
from server.http.request_decoding import check_content_encoding
from server.http.response import wants_page
from server.http.route import Route
from server.http.route_adapter import RouteAdapter, RouteContext
from server.http.trusted_proxies import TrustedProxies
from server.observability.http_metrics import HttpMetrics
from storage.contracts.idempotency import IdempotentResponses

CONTENT_TYPE_OPTIONS_HEADER = istr("X-Content-Type-Options")
TRACEPARENT_HEADER = istr("traceparent")
TRACEPARENT_PATTERN: Final = re.compile(
    r"[0-9a-f]{2}-(?P<trace_id>[0-9a-f]{32})-(?P<span_id>[0-9a-f]{16})-(?P<trace_flags>[0-9a-f]{2})"
)


NOT_FOUND_PAGE: Final[web.AppKey[Callable[[web.Request], Awaitable[web.Response]]]] = web.AppKey(
    "not_found_page"
)
"""Answers a browser that opens a path without a route."""


def create_application(
    routes: Iterable[Route],
    authenticator: Authenticator,
    rate_limiter: RateLimiter,
    wheel: TimerWheel,
    limits: Limits,
    server: ServerSettings,
    metrics: HttpMetrics | None = None,
    responses: IdempotentResponses | None = None,
) -> web.Application:
    """Return a new application that serves the routes; a GET route also serves HEAD.

    `metrics` measures every request; `responses` stores those to requests with an `Idempotency-Key`.
    """
    proxies = TrustedProxies(server.trusted_proxies, server.proxy_networks)
    concurrency = RequestConcurrency(limits.request_costs_in_progress)
    context = RouteContext(
        authenticator,
        rate_limiter,
        concurrency,
        wheel,
        limits.request_timeout_ms,
        proxies,
        IdempotentResponseReplay(responses),
    )
    middlewares = [error_middleware] if metrics is None else [metrics.middleware, error_middleware]
    app = web.Application(middlewares=middlewares, client_max_size=BODY_WITH_IDS_BYTES)
    app[REQUEST_CONCURRENCY] = concurrency
    app[REFUSAL_DELAY] = RefusalDelay(proxies, server.rate_entries)
    app[PAGE_LIMITER] = PageLimiter(rate_limiter, proxies)
    app.on_response_prepare.append(add_response_headers)
    if server.cors_origins:
        Cors(server.cors_origins).install(app)
    for route in routes:
        handle = RouteAdapter(route, context).handle
        app.router.add_route(route.method, route.path, handle)
        if route.method == hdrs.METH_GET:
            app.router.add_route(hdrs.METH_HEAD, route.path, handle)
    return app


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Assign a request id and convert every exception into a problem response."""
    request_id = get_request_id(request)
    request[REQUEST_ID] = request_id
    token = log_context.set({"request_id": request_id, **_trace_ids(request)})
    try:
        page_limiter = request.app.get(PAGE_LIMITER)
        if page_limiter is not None:
            page_limiter.consume(request)
        check_content_encoding(request)
        return await handler(request)
    except (web.HTTPSuccessful, web.HTTPRedirection):
        raise
    except Exception as error:  # noqa: BLE001 - the only place that converts them
        response = await _error_response(request, request_id, error)
        await _delay_refusal(request)
        return response
    finally:
        log_context.reset(token)


async def add_response_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the common headers to every response, including streamed ones."""
    # A request that fails before the middleware runs (an unsupported `Expect` header) has no id yet.
    response.headers[REQUEST_ID_HEADER] = request.get(REQUEST_ID) or get_request_id(request)
    response.headers[CONTENT_TYPE_OPTIONS_HEADER] = "nosniff"
    response.headers[hdrs.SERVER] = SERVER_HEADER_VALUE
    add_rate_limit_headers(request, response)


def _trace_ids(request: web.Request) -> dict[str, str]:
    """Return the ids that the caller, usually a proxy, sent in `traceparent` (W3C Trace Context)."""
    parent = request.headers.get(TRACEPARENT_HEADER)
    match = None if parent is None else TRACEPARENT_PATTERN.fullmatch(parent)
    return {} if match is None else match.groupdict()


async def _delay_refusal(request: web.Request) -> None:
    delay = request.app.get(REFUSAL_DELAY)
    if delay is not None:
        await delay.wait(request, request.get(ERROR_CODE, ""))


async def _error_response(request: web.Request, request_id: str, error: Exception) -> web.Response:
    if isinstance(error, web.HTTPNotFound) and NOT_FOUND_PAGE in request.app and wants_page(request):
        return await request.app[NOT_FOUND_PAGE](request)
    resource = request.match_info.route.resource
    route = f"{request.method} {resource.canonical if resource else '-'}"
    api_error = to_api_error(error, request_id, route)
    request[ERROR_CODE] = api_error.code
    response = problem_response(api_error, request_id)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    if api_error.status in {408, 413, 415}:
        # The rest of the body is still arriving and will not be read.
        response.force_close()
    return response
