"""Health checks, metrics, and requests to unknown routes."""

import re

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry, Counter

from actors.sessions.command_registry import REGISTRATIONS
from config.settings import ServerSettings, Settings
from server.instance import Instance
from server.observability import health
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers


async def test_healthz_and_readyz(api: ApiClient, instance: Instance) -> None:
    """Without a token; readiness lists every store, the bus, the readers of domain events and the sends."""
    assert await api.get(None, "/healthz") == {"status": "ok"}
    ready = await api.get(None, "/readyz")
    assert ready["ready"] is True
    databases = {"users", "social", "posts", "events", "notifications"}
    others = {"messaging", "bus", "user_streams", "domain_events", "sends"}
    assert set(ready["checks"]) == databases | others
    assert set(ready["checks"].values()) == {"ok"}


async def test_metrics_are_prometheus_text(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Each family has a help text and a type; no user data appears."""
    ana, ben = await people.shared(2, instance)
    group = (await api.group(ana, ben))["id"]
    await api.send(ana, group, "a secret word")
    async with api._session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        figures = await answer.text()
    for family in (
        "convene_connections",
        "convene_conversations_active",
        "convene_mailbox_messages",
        "convene_conversation_queue_commands_max",
        "convene_commands_oldest_seconds",
        "convene_pending_effects_oldest_seconds",
        "convene_file_descriptors_short",
        "convene_log_batch_entries",
        "convene_bus_round_trip",
        "convene_frames_shed",
    ):
        assert re.search(rf"^# TYPE {family}\w* ", figures, re.MULTILINE), family
    counted = set(re.findall(r'^convene_commands_total\{type="([\w.]+)"\} ', figures, re.MULTILINE))
    assert counted == {command.frame_type for command in REGISTRATIONS.values()}
    for private in (ana.id, ana.username, ana.token, group, "secret word"):
        assert private not in figures


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v1/nothing", "/v1", "/v1/conversations/x/y/z", "/v1//conversations", "/%2e%2e/etc/passwd"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_unknown_route_is_404(path: str, method: str, api: ApiClient, instance: Instance) -> None:
    """A problem with `route.not_found`, with or without a token."""
    await api.expect_error("route.not_found", 404, None, method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/conversations"),
        ("PUT", "/v1/conversations"),
        ("POST", "/v1/conversations/0123456789abcdef01234567"),
        ("GET", "/v1/conversations/0123456789abcdef01234567/read"),
        ("POST", "/v1/ws"),
        ("POST", "/healthz"),
    ],
)
async def test_wrong_method_is_405_with_allow(
    method: str, path: str, api: ApiClient, instance: Instance
) -> None:
    """`Allow` lists the supported methods."""
    status, problem, headers = await api.request(None, method, path)
    assert (status, problem["code"]) == (405, "method.not_allowed")
    allowed = {name.strip() for name in headers["allow"].split(",")}
    assert allowed
    assert method not in allowed


async def test_responses_have_rate_limit_and_request_id_headers(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Rate-limited routes send `RateLimit-*`; private responses are not cached."""
    ana = (await people.shared(1, instance))[0]
    _, _, headers = await api.request(ana, "GET", "/v1/conversations")
    assert headers["x-request-id"]
    assert any(name.startswith("ratelimit") for name in headers)
    assert headers["cache-control"] == "private, no-cache"
    assert headers["x-content-type-options"] == "nosniff"


async def test_management_port(stores: StoreUrls) -> None:
    """With one, the public port shows neither metrics nor which check failed."""
    server = ServerSettings(port=0, management_port=0)
    instance = Instance(Settings(server=server), stores)
    await instance.start()
    try:
        async with ApiClient(instance) as api:
            await api.expect_error("route.not_found", 404, None, "GET", "/metrics")
            assert await api.get(None, "/readyz") == {"ready": True, "checks": {}}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{instance.management_port}") as management:
            for path, found in (
                ("/metrics", "convene_connections"),
                ("/readyz", "messaging"),
                ("/healthz", "ok"),
            ):
                async with management.get(path) as answer:
                    assert answer.status == 200
                    assert found in await answer.text()
            async with management.get("/v1/users/me") as answer:
                assert answer.status == 404
    finally:
        await instance.stop()


async def test_metrics_are_rendered_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks more often gets the last ones again."""
    monkeypatch.setattr(health, "METRICS_CACHE_S", 1000.0)
    registry = CollectorRegistry()
    counter = Counter("asked", "Times.", registry=registry)
    endpoints = health.Health({}, registry)
    request = make_mocked_request("GET", "/metrics")
    first = await endpoints.metrics(request)
    counter.inc()
    assert (await endpoints.metrics(request)).body == first.body
    monkeypatch.setattr(health, "METRICS_CACHE_S", 0.0)
    assert (await endpoints.metrics(request)).body != first.body
