"""Responses that a client cannot read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from client.errors import RequestTimeout
from client.http_client import HttpClient


class FakeResponse:
    status = 200

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read(self) -> bytes:
        return self._content


class FakeSession:
    """Answers every request with the same content."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @asynccontextmanager
    async def request(self, *_arguments: object, **_options: object) -> AsyncIterator[FakeResponse]:
        yield FakeResponse(self._content)


@pytest.mark.parametrize("content", [b"<html>Log in</html>", b'{"items": 1}', b"\xff"])
async def test_response_that_cannot_be_decoded_counts_as_none(content: bytes) -> None:
    """It is from a proxy, or broken: callers that retry, such as the one that fills gaps, go on."""
    session: Any = FakeSession(content)
    http = HttpClient("http://localhost", session=session)

    with pytest.raises(RequestTimeout):
        await http.changes("a" * 24, 0)
    with pytest.raises(RequestTimeout):
        await HttpClient("http://localhost", session=FakeSession(b"\xff")).events.attendance("1")  # type: ignore[arg-type]
