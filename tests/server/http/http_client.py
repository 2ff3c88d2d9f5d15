"""Types and assertions for tests of the HTTP layer."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

HttpClient = TestClient[Any, Any]
Serve = Callable[..., Awaitable[HttpClient]]


async def problem_of(response: ClientResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = await response.json(content_type="application/problem+json")
    assert problem["status"] == response.status
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert problem.keys() >= {"type", "title", "status", "detail", "code", "request_id"}
    return problem


async def field_errors_of(response: ClientResponse) -> dict[str, str]:
    """Return the error codes by field of a `request.invalid` response."""
    problem = await problem_of(response)
    assert (response.status, problem["code"]) == (422, "request.invalid")
    return {fault["field"]: fault["code"] for fault in problem["errors"]}
