"""Metrics of HTTP requests."""

from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from actors.protocol.errors import ApiError, overloaded
from server.application import error_middleware
from server.observability.http_metrics import HttpMetrics
from tests.server.http.conftest import AiohttpClient


def _registry(metrics: HttpMetrics) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(metrics)
    return registry


async def _serve(metrics: HttpMetrics, aiohttp_client: AiohttpClient) -> Any:
    async def read(request: web.Request) -> web.Response:
        match request.match_info["id"]:
            case "limited":
                raise ApiError("rate.limited", "Too many.", retry_after_ms=1000)
            case "shed":
                raise overloaded("Too many.", 1000)
            case "moved":
                raise web.HTTPFound("/")
            case "broken":
                raise ValueError
        return web.Response()

    app = web.Application(middlewares=[metrics.middleware, error_middleware])
    app.router.add_get("/v1/things/{id}", read)
    return await aiohttp_client(app)


async def test_requests_are_counted_by_template_method_and_class(aiohttp_client: AiohttpClient) -> None:
    """Paths never become labels; each request is in the histogram of its route, and none stays in flight."""
    metrics = HttpMetrics()
    registry = _registry(metrics)
    client = await _serve(metrics, aiohttp_client)
    for id_ in ("1", "2", "limited", "shed", "broken", "moved"):
        await client.get(f"/v1/things/{id_}", allow_redirects=False)
    labels = {"method": "GET", "route": "/v1/things/{id}"}
    counts = {
        status: registry.get_sample_value("convene_http_requests_total", {**labels, "status": status})
        for status in ("1xx", "2xx", "3xx", "4xx", "5xx")
    }
    assert counts == {"1xx": None, "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 2}
    assert registry.get_sample_value("convene_http_request_duration_seconds_count", labels) == 6
    assert registry.get_sample_value("convene_http_requests_in_flight") == 0


async def test_refusals_are_counted_by_error_code(aiohttp_client: AiohttpClient) -> None:
    """Those of interest have a sample before the first refusal."""
    metrics = HttpMetrics()
    registry = _registry(metrics)

    def count(code: str) -> float | None:
        return registry.get_sample_value("convene_http_errors_total", {"code": code})

    assert (count("rate.limited"), count("server.overloaded")) == (0, 0)
    client = await _serve(metrics, aiohttp_client)
    for id_ in ("limited", "shed", "shed", "1"):
        await client.get(f"/v1/things/{id_}")
    assert (count("rate.limited"), count("server.overloaded")) == (1, 2)


async def test_labels_are_bounded_whatever_clients_ask_for(aiohttp_client: AiohttpClient) -> None:
    """Unknown paths and wrong methods share one counter."""
    metrics = HttpMetrics()
    client = await _serve(metrics, aiohttp_client)
    for number in range(20):
        await client.get(f"/nothing/{number}")
        await client.request(f"METHOD{number}", "/v1/things/1")
    assert set(metrics._routes) == {("", "unmatched")}
