"""Compares `GET /v1/conversations` with what clients received: unread counts, read marks and heads.

Each client's list is requested from a different server than its connection, if there are several. Differences
are checked again until `SETTLE_S` has passed, because an instance may still have frames to deliver. Users
whose list cannot be read are not counted as checked. Unread counts of conversations with an unknown history
are not compared.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from loadtest.check.faults import FaultKind, FaultRecorder
from loadtest.check.log_observer import LogObserver
from loadtest.http_calls import CallFailed, HttpCalls
from loadtest.virtual_users.virtual_user import VirtualUser

CONCURRENCY: Final = 8
SETTLE_S: Final = 8.0
RETRY_DELAY_S: Final = 0.5
POLL_S: Final = 0.05
PAGES_MAX: Final = 50


class ListedConversation(msgspec.Struct, frozen=True):
    id: str
    last_seq: int
    read_seq: int
    unread_count: int


class ListPage(msgspec.Struct, frozen=True):
    items: list[ListedConversation]
    next_cursor: str | None


class Mismatch(msgspec.Struct, frozen=True):
    kind: FaultKind
    conversation_id: str
    seq: int
    detail: str


class ConversationListCheck:
    """`server_count` servers can be asked; `new_conversations` had no messages before the run."""

    def __init__(
        self,
        http_calls: HttpCalls,
        observer: LogObserver,
        faults: FaultRecorder,
        server_count: int,
        new_conversations: Iterable[str],
    ) -> None:
        self._http_calls = http_calls
        self._observer = observer
        self._faults = faults
        self._server_count = server_count
        self._new_conversations = frozenset(new_conversations)
        self.users_checked = 0
        self.conversations_checked = 0

    async def check(self, users: Sequence[VirtualUser]) -> None:
        """Check these users, `CONCURRENCY` at a time."""
        gate = asyncio.Semaphore(CONCURRENCY)

        async def check_one(user: VirtualUser) -> None:
            async with gate:
                await self._check_user(user)

        await asyncio.gather(*(check_one(user) for user in users))

    async def _check_user(self, user: VirtualUser) -> None:
        end = time.monotonic() + SETTLE_S
        while True:
            try:
                mismatches = await self._compare(user)
            except CallFailed:
                mismatches = None
            if mismatches == [] or time.monotonic() > end:
                break
            await asyncio.sleep(RETRY_DELAY_S)
        if mismatches is None:
            return
        self.users_checked += 1
        for mismatch in mismatches:
            self._faults.add(
                mismatch.kind, mismatch.conversation_id, user.checker.client, [mismatch.seq], mismatch.detail
            )

    async def _compare(self, user: VirtualUser) -> list[Mismatch]:
        before = dict(user.checker.positions)
        acknowledged = dict(user.read_seqs)
        listed = await self._list_conversations(user)
        mismatches: list[Mismatch] = []
        for conversation_id, position in before.items():
            entry = listed.get(conversation_id)
            if entry is not None:
                await self._wait_for_delivery(user, entry)
                mismatches += self._find_mismatches(
                    user, entry, position, acknowledged.get(conversation_id, 0)
                )
            elif conversation_id in user.checker.positions:
                mismatches.append(
                    Mismatch(FaultKind.WRONG_HEAD, conversation_id, position, "missing from the list")
                )
        self.conversations_checked += 0 if mismatches else len(before)
        return mismatches

    async def _wait_for_delivery(self, user: VirtualUser, listed: ListedConversation) -> None:
        """Wait until the client received what is listed: the server may still be delivering it."""
        end = time.monotonic() + SETTLE_S
        while self._is_behind(user, listed) and time.monotonic() < end:  # noqa: ASYNC110 - polled
            await asyncio.sleep(POLL_S)

    def _is_behind(self, user: VirtualUser, listed: ListedConversation) -> bool:
        return user.checker.positions.get(listed.id, listed.last_seq) < listed.last_seq

    def _find_mismatches(
        self, user: VirtualUser, listed: ListedConversation, before: int, acknowledged: int
    ) -> list[Mismatch]:
        """Compare one entry. `before` and `acknowledged` were known when the request was sent."""
        mismatches: list[Mismatch] = []
        now = user.checker.positions.get(listed.id, listed.last_seq)
        if not before <= listed.last_seq <= now:
            detail = f"last_seq is {listed.last_seq}; the client was at {before}, then at {now}"
            mismatches.append(Mismatch(FaultKind.WRONG_HEAD, listed.id, listed.last_seq, detail))
        if listed.read_seq < acknowledged:
            detail = f"read_seq is {listed.read_seq}; {acknowledged} was acknowledged"
            mismatches.append(Mismatch(FaultKind.WRONG_UNREAD, listed.id, listed.read_seq, detail))
        start_position = user.checker.start_positions.get(listed.id, 0)
        if listed.read_seq >= start_position or listed.id in self._new_conversations:
            log = self._observer.log(listed.id)
            least = log.unread_count(user.user_id, listed.read_seq, before)
            most = log.unread_count(user.user_id, listed.read_seq, now)
            if not least <= listed.unread_count <= most:
                expected = f"{least}" if least == most else f"{least} to {most}"
                detail = (
                    f"unread_count is {listed.unread_count} after seq {listed.read_seq}; expected {expected}"
                )
                mismatches.append(Mismatch(FaultKind.WRONG_UNREAD, listed.id, listed.read_seq, detail))
        return mismatches

    async def _list_conversations(self, user: VirtualUser) -> dict[str, ListedConversation]:
        listed: dict[str, ListedConversation] = {}
        url_index = (user.url_index + 1) % self._server_count
        path = "/v1/conversations?limit=100"
        for _ in range(PAGES_MAX):
            page = await self._http_calls.request(
                "conversations", "GET", url_index, path, user.token, ListPage
            )
            listed.update((entry.id, entry) for entry in page.items)
            if page.next_cursor is None or user.checker.positions.keys() <= listed.keys():
                break
            path = f"/v1/conversations?limit=100&cursor={page.next_cursor}"
        return listed
