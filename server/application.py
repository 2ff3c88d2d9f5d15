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
from server.http.problem import problem_response, refusal_of
from server.http.rates import Rates, tell_budget
from server.http.request_id import REQUEST_ID, REQUEST_ID_HEADER, request_id_of
from server.http.route import Route, RouteAdapter, Surroundings

SERVER_NAME = "convene"
CONTENT_TYPE_OPTIONS = istr("X-Content-Type-Options")


def application(
    routes: Iterable[Route],
    authenticator: Authenticator,
    rates: Rates,
    wheel: TimerWheel,
    limits: Limits,
    *,
    trusted_proxies: int = 0,
    cors_origins: Sequence[str] = (),
) -> web.Application:
    """Put the routes on a new application."""
    around = Surroundings(authenticator, rates, wheel, limits.request_timeout_ms, trusted_proxies)
    app = web.Application(middlewares=[answered], client_max_size=BODY_WITH_IDS_BYTES)
    app.on_response_prepare.append(put_headers)
    if cors_origins:
        Cors(cors_origins).put_on(app)
    for route in routes:
        handle = RouteAdapter(route, around).handle
        app.router.add_route(route.method, route.path, handle)
        if route.method == hdrs.METH_GET:
            app.router.add_route(hdrs.METH_HEAD, route.path, handle)
    return app


@web.middleware
async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id and every failure its problem."""
    request_id = request_id_of(request)
    request[REQUEST_ID] = request_id
    try:
        return await handler(request)
    except (web.HTTPSuccessful, web.HTTPRedirection):
        raise
    except Exception as error:  # noqa: BLE001 - the one place where all of them end
        return _refused(request, request_id, error)


async def put_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer its headers, also one that a handler begins to send itself."""
    # A request that fails before any handler, such as one with an odd `Expect`, has no id yet.
    response.headers[REQUEST_ID_HEADER] = request.get(REQUEST_ID) or request_id_of(request)
    response.headers[CONTENT_TYPE_OPTIONS] = "nosniff"
    response.headers[hdrs.SERVER] = SERVER_NAME
    tell_budget(request, response)


def _refused(request: web.Request, request_id: str, error: Exception) -> web.Response:
    resource = request.match_info.route.resource
    refusal: ApiError = refusal_of(
        error, request_id, f"{request.method} {resource.canonical if resource else '-'}"
    )
    response = problem_response(refusal, request_id)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    if refusal.status in {408, 413}:
        # The rest of the body is still on its way; nobody will read it.
        response.force_close()
    return response
