"""At the end: does the list of conversations say what was told? Unread counts, read marks and heads.

Asked of another instance than the one a client is at. What an instance may still be about to tell is given
time: only what stays wrong is a fault. Conversations whose past is not known are left out.
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
    """`servers` is how many there are to ask; in `fresh` conversations nothing was said before."""

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
        """Check these clients, some at a time."""
        gate = asyncio.Semaphore(CONCURRENCY)

        async def check_one(user: VirtualUser) -> None:
            async with gate:
                await self._check_user(user)

        await asyncio.gather(*(check_one(guest) for guest in users))

    async def _check_user(self, user: VirtualUser) -> None:
        end = time.monotonic() + SETTLE_S
        while True:
            try:
                wrong = await self._compare(user)
            except CallFailed:
                wrong = None
            if wrong == [] or time.monotonic() > end:
                break
            await asyncio.sleep(RETRY_DELAY_S)
        if wrong is None:
            return
        self.users_checked += 1
        for one in wrong:
            self._faults.add(one.kind, one.conversation_id, user.checker.client, [one.seq], one.detail)

    async def _compare(self, user: VirtualUser) -> list[Mismatch]:
        before = dict(user.checker.positions)
        acknowledged = dict(user.read_seqs)
        listed = await self._list_conversations(user)
        wrong: list[Mismatch] = []
        for conversation_id, position in before.items():
            one = listed.get(conversation_id)
            if one is not None:
                await self._wait_for_delivery(user, one)
                wrong += self._find_mismatches(user, one, position, acknowledged.get(conversation_id, 0))
            elif conversation_id in user.checker.positions:
                wrong.append(Mismatch(FaultKind.HEAD, conversation_id, position, "it is not listed"))
        self.conversations_checked += 0 if wrong else len(before)
        return wrong

    async def _wait_for_delivery(self, user: VirtualUser, listed: ListedConversation) -> None:
        """What is listed is told, too; more may come about while a server still works off what was asked."""
        end = time.monotonic() + SETTLE_S
        while self._is_behind(user, listed) and time.monotonic() < end:  # noqa: ASYNC110 - looked at, not told
            await asyncio.sleep(POLL_S)

    def _is_behind(self, user: VirtualUser, listed: ListedConversation) -> bool:
        return user.checker.positions.get(listed.id, listed.last_seq) < listed.last_seq

    def _find_mismatches(
        self, user: VirtualUser, listed: ListedConversation, before: int, acknowledged: int
    ) -> list[Mismatch]:
        """`before` and `acknowledged` are what the client knew when it asked."""
        wrong: list[Mismatch] = []
        now = user.checker.positions.get(listed.id, listed.last_seq)
        if not before <= listed.last_seq <= now:
            said = f"last_seq is {listed.last_seq}, and it was told up to {before}, then {now}"
            wrong.append(Mismatch(FaultKind.HEAD, listed.id, listed.last_seq, said))
        if listed.read_seq < acknowledged:
            said = f"read_seq is {listed.read_seq}, and {acknowledged} was acknowledged"
            wrong.append(Mismatch(FaultKind.UNREAD, listed.id, listed.read_seq, said))
        began = user.checker.start_positions.get(listed.id, 0)
        if listed.read_seq >= began or listed.id in self._new_conversations:
            log = self._observer.log(listed.id)
            least = log.unread_count(user.user_id, listed.read_seq, before)
            most = log.unread_count(user.user_id, listed.read_seq, now)
            if not least <= listed.unread_count <= most:
                told = f"{least}" if least == most else f"{least} to {most}"
                said = f"unread_count is {listed.unread_count} behind {listed.read_seq}, and {told} were told"
                wrong.append(Mismatch(FaultKind.UNREAD, listed.id, listed.read_seq, said))
        return wrong

    async def _list_conversations(self, user: VirtualUser) -> dict[str, ListedConversation]:
        listed: dict[str, ListedConversation] = {}
        url = (user.url_index + 1) % self._server_count
        path = "/v1/conversations?limit=100"
        for _ in range(PAGES_MAX):
            page = await self._http_calls.request("conversations", "GET", url, path, user.token, ListPage)
            listed.update((one.id, one) for one in page.items)
            if page.next_cursor is None or user.checker.positions.keys() <= listed.keys():
                break
            path = f"/v1/conversations?limit=100&cursor={page.next_cursor}"
        return listed
