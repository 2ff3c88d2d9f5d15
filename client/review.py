"""The state read anew over HTTP, after a connect or when the server says `resync`.

It finds from where on each conversation has to be heard: one that is known is completed from its log, one
that is not begins at its head, one that is gone is told as left. It never reads messages of a
conversation that was not known before: whoever wants its past reads the history.
"""

import asyncio
from collections.abc import Awaitable, Callable

from actors.protocol.server_frames import ConversationLeft
from client.backoff import Backoff
from client.errors import Refused, Unanswered
from client.http import Http
from client.inbox import Inbox, Put


class Review:
    """`http` gives the way to the server that is in use now."""

    def __init__(
        self,
        inbox: Inbox,
        put: Put,
        http: Callable[[], Http],
        backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
        *,
        discover: bool,
    ) -> None:
        self._inbox = inbox
        self._put = put
        self._http = http
        self._backoff = backoff
        self._sleep = sleep
        self._discover = discover
        self._wanted = False
        self._reviewing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read anew; once more where that is under way, for it may have read too early."""
        self._wanted = self._inbox.reviewing = True
        if self._reviewing is None or self._reviewing.done():
            self._reviewing = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._reviewing is not None:
            self._reviewing.cancel()
            await asyncio.gather(self._reviewing, return_exceptions=True)

    async def _run(self) -> None:
        backoff = self._backoff()
        while self._wanted:
            self._wanted = False
            try:
                await self._read()
            except (Refused, Unanswered) as error:
                self._wanted = True
                retry_after_ms = error.retry_after_ms if isinstance(error, Refused) else None
                await self._sleep(backoff.delay_s(retry_after_ms))
        self._inbox.reviewing = False

    async def _read(self) -> None:
        known = list(self._inbox.positions())
        listed = await self._list() if self._discover else set()
        for conversation_id in known:
            if conversation_id not in listed and self._inbox.knows(conversation_id):
                await self._look(conversation_id)

    async def _list(self) -> set[str]:
        listed: set[str] = set()
        cursor = None
        while True:
            page = await self._http().conversations(cursor)
            for conversation in page.items:
                listed.add(conversation.id)
                self._inbox.begin(conversation.id, conversation.last_seq)
                self._inbox.expect(conversation.id, conversation.last_seq)
            cursor = page.next_cursor
            if cursor is None:
                return listed

    async def _look(self, conversation_id: str) -> None:
        """One that was not listed: between two pages, or gone."""
        try:
            conversation = await self._http().conversation(conversation_id)
        except Refused as refused:
            if refused.status != 404:
                raise
            self._inbox.forget(conversation_id)
            await self._put([ConversationLeft(0, conversation_id)])
        else:
            self._inbox.expect(conversation_id, conversation.last_seq)
