"""The aiohttp application: routes put on it, and every failure turned into the contract's problem.

Other handlers (the socket, streams, pages) may be added to its router and get the same treatment.
Never starts listening.
"""

from collections.abc import Iterable, Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import istr

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from actors.runtime.timer_wheel import TimerWheel
from config.limits import BODY_WITH_IDS_BYTES, Limits
from server.http.cors import Cors
from server.http.problem import problem_response, to_api_error
from server.http.rate_limiter import RateLimiter, add_rate_limit_headers
from server.http.request_id import REQUEST_ID, REQUEST_ID_HEADER, get_request_id
from server.http.route import Route, RouteAdapter, RouteContext

SERVER_HEADER_VALUE = "convene"
CONTENT_TYPE_OPTIONS_HEADER = istr("X-Content-Type-Options")


def create_application(
    routes: Iterable[Route],
    authenticator: Authenticator,
    rates: RateLimiter,
    wheel: TimerWheel,
    limits: Limits,
    *,
    trusted_proxies: int = 0,
    cors_origins: Sequence[str] = (),
) -> web.Application:
    """Put the routes on a new application."""
    around = RouteContext(authenticator, rates, wheel, limits.request_timeout_ms, trusted_proxies)
    app = web.Application(middlewares=[error_middleware], client_max_size=BODY_WITH_IDS_BYTES)
    app.on_response_prepare.append(add_response_headers)
    if cors_origins:
        Cors(cors_origins).install(app)
    for route in routes:
        handle = RouteAdapter(route, around).handle
        app.router.add_route(route.method, route.path, handle)
        if route.method == hdrs.METH_GET:
            app.router.add_route(hdrs.METH_HEAD, route.path, handle)
    return app


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id and every failure its problem."""
    request_id = get_request_id(request)
    request[REQUEST_ID] = request_id
    try:
        return await handler(request)
    except (web.HTTPSuccessful, web.HTTPRedirection):
        raise
    except Exception as error:  # noqa: BLE001 - the one place where all of them end
        return _error_response(request, request_id, error)


async def add_response_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer its headers, also one that a handler begins to send itself."""
    # A request that fails before any handler, such as one with an odd `Expect`, has no id yet.
    response.headers[REQUEST_ID_HEADER] = request.get(REQUEST_ID) or get_request_id(request)
    response.headers[CONTENT_TYPE_OPTIONS_HEADER] = "nosniff"
    response.headers[hdrs.SERVER] = SERVER_HEADER_VALUE
    add_rate_limit_headers(request, response)


def _error_response(request: web.Request, request_id: str, error: Exception) -> web.Response:
    resource = request.match_info.route.resource
    refusal: ApiError = to_api_error(
        error, request_id, f"{request.method} {resource.canonical if resource else '-'}"
    )
    response = problem_response(refusal, request_id)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    if refusal.status in {408, 413}:
        # The rest of the body is still on its way; nobody will read it.
        response.force_close()
    return response
