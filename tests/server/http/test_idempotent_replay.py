"""Stored responses while their store is away."""

import logging

import pytest
from aiohttp import web

from actors.protocol.errors import ApiError
from server.http.idempotent_replay import IdempotentResponseReplay
from storage.contracts.idempotency import IdempotencyKey, IdempotentResponse
from storage.errors import StorageError, Unavailable


class FailingResponses:
    """An `IdempotentResponses` that fails."""

    def __init__(self, error: StorageError) -> None:
        self._error = error

    async def get(self, _key: IdempotencyKey) -> IdempotentResponse | None:
        raise self._error

    async def put(self, _key: IdempotencyKey, _user_id: str, _response: IdempotentResponse) -> None:
        raise self._error


@pytest.mark.parametrize(("error", "lines"), [(Unavailable("away"), 0), (StorageError("broken"), 2)])
async def test_request_is_served_without_the_store(
    caplog: pytest.LogCaptureFixture, error: StorageError, lines: int
) -> None:
    """An outage is logged where it was counted, and not for each request; another failure is."""
    replay = IdempotentResponseReplay(FailingResponses(error))
    key = IdempotencyKey("key", "digest")

    async def respond() -> web.Response:
        return web.Response(status=201, body=b"{}")

    async def refuse() -> web.Response:
        raise ApiError("post.not_found", "No such post.")

    assert (await replay.run(key, "ana", respond)).status == 201
    with pytest.raises(ApiError, match="No such post"):
        await replay.run(key, "ana", refuse)
    assert len([record for record in caplog.records if record.levelno >= logging.INFO]) == lines
