"""What operators and lost callers ask: health, figures, routes that are not there."""

import re

import pytest

from run import Instance
from tests.server.api import Api
from tests.server.people import People


async def test_it_is_alive_and_ready(api: Api, instance: Instance) -> None:
    """Without a token; ready names every store and the bus, and each works."""
    assert await api.get(None, "/healthz") == {"status": "ok"}
    ready = await api.get(None, "/readyz")
    assert ready["ready"] is True
    assert set(ready["checks"]) >= {"users", "messaging", "bus"}
    assert set(ready["checks"].values()) == {"ok"}


async def test_its_figures_are_prometheus(api: Api, instance: Instance, people: People) -> None:
    """Text with a help and a type for each family; nothing about anybody in it."""
    ana, ben = await people.some(2, instance)
    group = (await api.group(ana, ben))["id"]
    await api.send(ana, group, "a secret word")
    async with api._session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        figures = await answer.text()
    for family in (
        "convene_connections",
        "convene_actors",
        "convene_mailbox_depth",
        "convene_log_batch_entries",
        "convene_bus_lag",
        "convene_frames_shed",
    ):
        assert re.search(rf"^# TYPE {family}\w* ", figures, re.MULTILINE), family
    for private in (ana.id, ana.username, ana.token, group, "secret word"):
        assert private not in figures


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v1/nothing", "/v1", "/v1/conversations/x/y/z", "/v1//conversations", "/%2e%2e/etc/passwd"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_route_is_404(path: str, method: str, api: Api, instance: Instance) -> None:
    """A problem with `route.not_found`, with or without a token."""
    await api.refused("route.not_found", 404, None, method, path)


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
async def test_a_wrong_method_is_405_and_names_the_right_ones(
    method: str, path: str, api: Api, instance: Instance
) -> None:
    """With the `Allow` header."""
    status, problem, headers = await api.ask(None, method, path)
    assert (status, problem["code"]) == (405, "method.not_allowed")
    allowed = {one.strip() for one in headers["allow"].split(",")}
    assert allowed
    assert method not in allowed


async def test_answers_carry_their_budget_and_a_request_id(
    api: Api, instance: Instance, people: People
) -> None:
    """`RateLimit-*` and `X-Request-Id` on what counts; private answers are not kept by caches."""
    ana = (await people.some(1, instance))[0]
    _, _, headers = await api.ask(ana, "GET", "/v1/conversations")
    assert headers["x-request-id"]
    assert any(name.startswith("ratelimit") for name in headers)
    assert headers["cache-control"] == "private, no-cache"
    assert headers["x-content-type-options"] == "nosniff"
