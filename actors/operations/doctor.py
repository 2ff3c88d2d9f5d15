"""Looks at the whole house and says in plain words what is right and what is not.

    stores work -> feeds are read -> counts are those of the rows -> copies are no older than their owner
    -> documents of conversations are no further behind their logs than a moment

It reads much and changes nothing. What only lags is looked at twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from storage.contracts.audit import CountAudit, LogAudit, PostsAudit, SocialAudit
from storage.contracts.domain_events import Cursors, Outbox
from storage.contracts.messaging import MessageLog
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.errors import StorageError
from storage.records.domain_events import Cursor

AT_ONCE = 1000
SETTLE_S = 3.0
LAG_S = 60.0
NOWHERE = Cursor("")


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: whether it is right, and what there is to say."""

    right: bool
    said: str


class Patient(msgspec.Struct, frozen=True):
    """What the doctor looks at; by service where there is one of each."""

    checks: Mapping[str, Callable[[], Awaitable[None]]]
    outboxes: Mapping[str, Outbox]
    cursors: Mapping[str, Cursors]
    consumers: Mapping[str, tuple[str, str]]
    """consumer -> (service that is read, service that keeps the place)"""
    counts: Mapping[str, CountAudit]
    posts: PostsAudit
    social: SocialAudit
    owner: UserSnapshotStore
    copies: Mapping[str, UserCache]
    log: MessageLog
    heads: LogAudit


class Doctor:
    def __init__(self, patient: Patient, settle_s: float = SETTLE_S) -> None:
        self.patient = patient
        self._settle_s = settle_s

    async def examine(self) -> list[Finding]:
        """Look at everything; a part that can not be looked at is a finding too."""
        findings: list[Finding] = []
        for look in (self._stores, self._feeds, self._counts, self._posts_counts, self._copies, self._logs):
            try:
                findings += await look()
            except StorageError as error:
                findings.append(Finding(right=False, said=f"could not be looked at: {error}"))
        return findings

    async def _stores(self) -> list[Finding]:
        return [await self._store(name, check) for name, check in self.patient.checks.items()]

    async def _store(self, name: str, check: Callable[[], Awaitable[None]]) -> Finding:
        try:
            await check()
        except StorageError as error:
            return Finding(right=False, said=f"{name}: does not work ({type(error).__name__})")
        return Finding(right=True, said=f"{name}: writes and reads")

    async def _feeds(self) -> list[Finding]:
        findings = []
        for consumer, (producer, keeper) in self.patient.consumers.items():
            place = await self.patient.cursors[keeper].get(consumer) or NOWHERE
            lag_s = await self.patient.outboxes[producer].lag_s(place)
            behind = f"is {lag_s:.0f} s behind" if lag_s else "has read all of"
            findings.append(Finding(lag_s < LAG_S, f"{consumer}: {behind} {producer}"))
        for service, cursors in self.patient.cursors.items():
            count = await cursors.dead_letter_count()
            if count:
                said = f"{service}: {count} dead letters; see run.py replay"
                findings.append(Finding(right=False, said=said))
        return findings

    async def _counts(self) -> list[Finding]:
        findings = []
        for service, audit in self.patient.counts.items():
            wrong = await audit.count_mismatches()
            said = f"{wrong} counts are wrong" if wrong else "counts are those of the rows"
            findings.append(Finding(not wrong, f"{service}: {said}"))
        return findings

    async def _posts_counts(self) -> list[Finding]:
        return [await self._twice(self._wrong_posts, "posts counts in social")]

    async def _copies(self) -> list[Finding]:
        return [
            await self._twice(partial(self._stale, copies), f"copies of people in {service}")
            for service, copies in self.patient.copies.items()
        ]

    async def _logs(self) -> list[Finding]:
        return [await self._twice(self._lagging, "last_seq of conversations")]

    async def _twice(self, look: Callable[[], Awaitable[set[str]]], what: str) -> Finding:
        """What is wrong now and was wrong a moment ago; in between it may just be on its way."""
        wrong = await look()
        if wrong:
            await asyncio.sleep(self._settle_s)
            wrong &= await look()
        return Finding(not wrong, f"{what}: {len(wrong)} are behind" if wrong else f"{what}: right")

    async def _wrong_posts(self) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while some := await self.patient.social.page_posts_counts(after, AT_ONCE):
            truth = await self.patient.posts.posts_counts([one.user_id for one in some])
            wrong |= {one.user_id for one in some if truth.get(one.user_id, 0) != one.posts_count}
            after = some[-1].user_id
        return wrong

    async def _stale(self, copies: UserCache) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while some := await copies.page(after, AT_ONCE):
            owned = {one.id: one for one in await self.patient.owner.find([one.id for one in some])}
            wrong |= {
                one.id
                for one in some
                if (one.id in owned and owned[one.id].version > one.version)
                or (one.id not in owned and not one.deleted)
            }
            after = some[-1].id
        return wrong

    async def _lagging(self) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while some := await self.patient.heads.heads(after, AT_ONCE):
            wrong |= await self.patient.log.find_advanced(some)
            after = some[-1][0]
        return wrong
