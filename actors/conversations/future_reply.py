"""A command reply that resolves a future, for callers that wait."""

import asyncio

from actors.protocol.errors import ApiError
from storage.contracts.message_log import MessageEntry


class FutureReply:
    """Implements `CommandReply`.

    `future` resolves to the entry and whether it was stored before, or to None if nothing changed. It raises
    `ApiError` if the command was refused.
    """

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
