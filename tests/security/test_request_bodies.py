"""Bodies that would cost the server more than their sender, and forms of other sites."""

import gzip

import msgspec
import pytest

from server.instance import Instance
from tests.server.http.raw_client import raw_client

COMPRESSED = gzip.compress(b"x" * 1_000_000)


@pytest.mark.parametrize("target", ["POST /v1/posts", "POST /v1/users", "GET /healthz", "POST /nowhere"])
async def test_compressed_bodies_are_rejected_unread(instance: Instance, target: str) -> None:
    """Every route answers 415 to any Content-Encoding, before authentication."""
    async with raw_client(instance.port) as client:
        status, headers, body = await client.request(
            f"{target} HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Encoding: gzip\n"
            f"Content-Length: {len(COMPRESSED)}",
            COMPRESSED,
        )
        assert status == 415
        assert msgspec.json.decode(body)["code"] == "request.unsupported_media_type"
        assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_a_body_must_be_json(instance: Instance, content_type: str) -> None:
    """A form of another site cannot log a user in."""
    body = b'{"login": "ana", "password": "correct horse"}'
    async with raw_client(instance.port) as client:
        status, _, answer = await client.request(
            f"POST /v1/sessions HTTP/1.1\nHost: x\nContent-Type: {content_type}\nContent-Length: {len(body)}",
            body,
        )
        assert status == 415
        assert msgspec.json.decode(answer)["code"] == "request.unsupported_media_type"
