"""Reads the conversation state over HTTP after a connect that did not resume, or after a `resync` frame.

Known conversations are completed from their log. New ones start at their head, or at the first frame that
was sent since `ready`; their history is not fetched. Known ones that the user is no longer a member of are
reported as `conversation.left`.
"""

import asyncio
from collections.abc import Awaitable, Callable

from actors.protocol.server_frames import ConversationLeft
from client.backoff import Backoff
from client.conversation_sequencer import ConversationSequencer, PutFrames
from client.errors import RequestRejected, RequestTimeout
from client.http_client import HttpClient


class StateResync:
    """`http` returns a client for the current server."""

    def __init__(
        self,
        sequencer: ConversationSequencer,
        put: PutFrames,
        http: Callable[[], HttpClient],
        make_backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
        *,
        list_conversations: bool,
    ) -> None:
        self._sequencer = sequencer
        self._put = put
        self._http = http
        self._make_backoff = make_backoff
        self._sleep = sleep
        self._lists_conversations = list_conversations
        self._requested = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start a resync. If one is running, repeat it, because it may have read too early."""
        self._requested = self._sequencer.resyncing = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        backoff = self._make_backoff()
        while self._requested:
            self._requested = False
            try:
                await self._resync()
            except (RequestRejected, RequestTimeout) as error:
                self._requested = True
                retry_after_ms = error.retry_after_ms if isinstance(error, RequestRejected) else None
                await self._sleep(backoff.delay_s(retry_after_ms))
        self._sequencer.resyncing = False

    async def _resync(self) -> None:
        known = list(self._sequencer.delivered_seqs())
        listed = await self._list_conversations() if self._lists_conversations else set()
        for conversation_id in known:
            if conversation_id not in listed and self._sequencer.is_tracked(conversation_id):
                await self._check_unlisted(conversation_id)

    async def _list_conversations(self) -> set[str]:
        listed: set[str] = set()
        cursor = None
        while True:
            page = await self._http().conversations(cursor)
            for conversation in page.items:
                listed.add(conversation.id)
                self._sequencer.track_listed(conversation.id, conversation.last_seq)
                self._sequencer.observe_head(conversation.id, conversation.last_seq)
            cursor = page.next_cursor
            if cursor is None:
                return listed

    async def _check_unlisted(self, conversation_id: str) -> None:
        """Check a conversation that was not listed: it moved between two pages, or is gone."""
        try:
            conversation = await self._http().conversation(conversation_id)
        except RequestRejected as rejected:
            if rejected.status != 404:
                raise
            self._sequencer.untrack(conversation_id)
            await self._put([ConversationLeft(0, conversation_id)])
        else:
            self._sequencer.observe_head(conversation_id, conversation.last_seq)
