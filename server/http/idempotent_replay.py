"""Replays stored responses to requests with an `Idempotency-Key` whose first result no longer exists.

The handler of a repeat finds what the first request created, and returns it. If it was deleted since, or if
the caller may no longer see it, the handler raises an error; the repeat gets the first response then.
"""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from actors.protocol.errors import ApiError
from config.limits import STORED_RESPONSE_BYTES
from server.http.response import stored_response
from storage.contracts.idempotency import IdempotencyKey, IdempotentResponse, IdempotentResponses
from storage.errors import StorageError
from storage.outages import failure_level

_log = logging.getLogger("convene")


class IdempotentResponseReplay:
    """Stores the response to each request that has a key and succeeds, up to `STORED_RESPONSE_BYTES`.

    Without a store it stores none.
    """

    def __init__(self, store: IdempotentResponses | None) -> None:
        self._store = store

    async def run(
        self, key: IdempotencyKey, user_id: str, respond: Callable[[], Awaitable[web.Response]]
    ) -> web.Response:
        """Return the response of `respond`, or the stored one if it raises an error below 500.

        Raises:
            ApiError: what `respond` raised, if no response is stored, or it cannot be read.
        """
        try:
            response = await respond()
        except ApiError as error:
            stored = await self._find(key, error)
            if stored is None:
                raise
            return stored_response(stored.status, stored.body)
        await self._store_response(key, user_id, response)
        return response

    async def _find(self, key: IdempotencyKey, error: ApiError) -> IdempotentResponse | None:
        if self._store is None or error.status >= web.HTTPInternalServerError.status_code:
            return None
        try:
            return await self._store.get(key)
        except StorageError as storage_error:
            reason = type(storage_error).__name__
            _log.log(failure_level(storage_error), "stored response not read", extra={"reason": reason})
            return None

    async def _store_response(self, key: IdempotencyKey, user_id: str, response: web.Response) -> None:
        body = response.body if isinstance(response.body, bytes) else b""
        if self._store is None or len(body) > STORED_RESPONSE_BYTES:
            return
        try:
            await self._store.put(key, user_id, IdempotentResponse(response.status, body))
        except StorageError as error:
            # The request succeeded, and a repeat finds what it created unless that is deleted before.
            reason = type(error).__name__
            _log.log(failure_level(error), "response not stored", extra={"reason": reason})
