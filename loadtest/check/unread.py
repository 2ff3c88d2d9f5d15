"""At the end: does the list of conversations say what was told? Unread counts, read marks and heads.

Asked of another instance than the one a client is at. What an instance may still be about to tell is given
time: only what stays wrong is a fault. Conversations whose past is not known are left out.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from loadtest.check.faults import Faults, Kind
from loadtest.check.ledger import Ledger
from loadtest.guests.guest import Guest
from loadtest.play.calls import Calls, Failed

AT_ONCE: Final = 8
SETTLE_S: Final = 8.0
PAUSE_S: Final = 0.5
LOOK_S: Final = 0.05
PAGES_MAX: Final = 50


class Listed(msgspec.Struct, frozen=True):
    id: str
    last_seq: int
    read_seq: int
    unread_count: int


class ListPage(msgspec.Struct, frozen=True):
    items: list[Listed]
    next_cursor: str | None


class Wrong(msgspec.Struct, frozen=True):
    kind: Kind
    conversation_id: str
    seq: int
    said: str


class UnreadCheck:
    """`servers` is how many there are to ask; in `fresh` conversations nothing was said before."""

    def __init__(
        self, calls: Calls, ledger: Ledger, faults: Faults, servers: int, fresh: Iterable[str]
    ) -> None:
        self._calls = calls
        self._ledger = ledger
        self._faults = faults
        self._servers = servers
        self._fresh = frozenset(fresh)
        self.users = 0
        self.conversations = 0

    async def check(self, guests: Sequence[Guest]) -> None:
        """Check these clients, some at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(guest: Guest) -> None:
            async with gate:
                await self._check(guest)

        await asyncio.gather(*(one(guest) for guest in guests))

    async def _check(self, guest: Guest) -> None:
        end = time.monotonic() + SETTLE_S
        while True:
            try:
                wrong = await self._compare(guest)
            except Failed:
                wrong = None
            if wrong == [] or time.monotonic() > end:
                break
            await asyncio.sleep(PAUSE_S)
        if wrong is None:
            return
        self.users += 1
        for one in wrong:
            self._faults.add(one.kind, one.conversation_id, guest.eyes.name, [one.seq], one.said)

    async def _compare(self, guest: Guest) -> list[Wrong]:
        before = dict(guest.eyes.positions)
        acknowledged = dict(guest.read_seqs)
        listed = await self._list(guest)
        wrong: list[Wrong] = []
        for conversation_id, position in before.items():
            one = listed.get(conversation_id)
            if one is not None:
                await self._told(guest, one)
                wrong += self._judge(guest, one, position, acknowledged.get(conversation_id, 0))
            elif conversation_id in guest.eyes.positions:
                wrong.append(Wrong(Kind.HEAD, conversation_id, position, "it is not listed"))
        self.conversations += 0 if wrong else len(before)
        return wrong

    async def _told(self, guest: Guest, one: Listed) -> None:
        """What is listed is told, too; more may come about while a server still works off what was asked."""
        end = time.monotonic() + SETTLE_S
        while self._behind(guest, one) and time.monotonic() < end:  # noqa: ASYNC110 - looked at, not told
            await asyncio.sleep(LOOK_S)

    def _behind(self, guest: Guest, one: Listed) -> bool:
        return guest.eyes.positions.get(one.id, one.last_seq) < one.last_seq

    def _judge(self, guest: Guest, one: Listed, before: int, acknowledged: int) -> list[Wrong]:
        """`before` and `acknowledged` are what the client knew when it asked."""
        wrong: list[Wrong] = []
        now = guest.eyes.positions.get(one.id, one.last_seq)
        if not before <= one.last_seq <= now:
            said = f"last_seq is {one.last_seq}, and it was told up to {before}, then {now}"
            wrong.append(Wrong(Kind.HEAD, one.id, one.last_seq, said))
        if one.read_seq < acknowledged:
            said = f"read_seq is {one.read_seq}, and {acknowledged} was acknowledged"
            wrong.append(Wrong(Kind.UNREAD, one.id, one.read_seq, said))
        began = guest.eyes.began.get(one.id, 0)
        if one.read_seq >= began or one.id in self._fresh:
            log = self._ledger.log(one.id)
            least = log.unread(guest.user_id, one.read_seq, before)
            most = log.unread(guest.user_id, one.read_seq, now)
            if not least <= one.unread_count <= most:
                told = f"{least}" if least == most else f"{least} to {most}"
                said = f"unread_count is {one.unread_count} behind {one.read_seq}, and {told} were told"
                wrong.append(Wrong(Kind.UNREAD, one.id, one.read_seq, said))
        return wrong

    async def _list(self, guest: Guest) -> dict[str, Listed]:
        listed: dict[str, Listed] = {}
        url = (guest.url + 1) % self._servers
        path = "/v1/conversations?limit=100"
        for _ in range(PAGES_MAX):
            page = await self._calls.call("conversations", "GET", url, path, guest.token, ListPage)
            listed.update((one.id, one) for one in page.items)
            if page.next_cursor is None or guest.eyes.positions.keys() <= listed.keys():
                break
            path = f"/v1/conversations?limit=100&cursor={page.next_cursor}"
        return listed
