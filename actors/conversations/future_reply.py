"""The reply of a letter whose writer waits for it: a request over HTTP."""

import asyncio

from actors.protocol.errors import ApiError
from storage.contracts.messaging import MessageEntry


class FutureReply:
    """`future` gives the entry and whether it stood already; None when nothing was to be changed."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: asyncio.Future[tuple[MessageEntry, bool] | None] = (
            asyncio.get_running_loop().create_future()
        )

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        if not self.future.done():
            self.future.set_result((entry, duplicate))

    def unchanged(self) -> None:
        if not self.future.done():
            self.future.set_result(None)

    def refused(self, error: ApiError) -> None:
        if not self.future.done():
            self.future.set_exception(error)
