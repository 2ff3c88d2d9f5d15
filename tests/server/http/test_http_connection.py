"""Requests that are not HTTP."""

import re

import msgspec
import pytest

from tests.server.conftest import StartInstance
from tests.server.http.raw_client import raw_client


@pytest.mark.parametrize(
    "head",
    [
        "GET /" + "x" * 20_000 + " HTTP/1.1\nHost: x",
        "GET / HTTP/1.1\nHost: x\nX-Long: " + "x" * 20_000,
        "GE\x01T / HTTP/1.1\nHost: x",
        "GET / HTTP/9.9\nHost: x",
    ],
    ids=["long URL", "long header", "invalid method", "unknown version"],
)
async def test_malformed_http_gets_a_problem(
    start_instance: StartInstance, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be parsed is answered with a problem and a request id, and logged without a traceback."""
    instance = await start_instance()
    async with raw_client(instance.port) as client:
        status, headers, body = await client.request(head)
    assert status in {400, 405, 505}
    assert headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(body)["request_id"] == headers["x-request-id"]
    assert not re.search(r"python|aiohttp", headers["server"], re.IGNORECASE)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
