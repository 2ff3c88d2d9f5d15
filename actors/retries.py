"""Retries of reads that must succeed at last, such as one that repairs a gap."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from actors.protocol.errors import ApiError
from storage.errors import Unavailable

RETRY_DELAY_S: Final = 0.1
RETRY_DELAY_MAX_S: Final = 2.0

T = TypeVar("T")


async def retry_until_available(read: Callable[[], Awaitable[T]]) -> T:
    """Return the result of `read`, called again with exponential backoff while what it reads is unavailable.

    That is `Unavailable`, and an `ApiError` that asks for a retry: too many lookups wait. Has no timeout:
    cancel it to give up.
    """
    delay_s = RETRY_DELAY_S
    while True:
        try:
            return await read()
        except Unavailable:
            pass
        except ApiError as error:
            if not error.retry:
                raise
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, RETRY_DELAY_MAX_S)
