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
from storage.contracts.domain_events import Cursor, Cursors, Outbox
from storage.contracts.messaging import MessageLog
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.errors import StorageError

BATCH_SIZE = 1000
RECHECK_DELAY_S = 3.0
MAX_LAG_S = 60.0
FEED_START = Cursor("")


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: whether it is right, and what there is to say."""

    ok: bool
    message: str


class DoctorInputs(msgspec.Struct, frozen=True):
    """What the doctor looks at; by service where there is one of each."""

    store_checks: Mapping[str, Callable[[], Awaitable[None]]]
    outboxes: Mapping[str, Outbox]
    cursors: Mapping[str, Cursors]
    consumers: Mapping[str, tuple[str, str]]
    """consumer -> (service that is read, service that keeps the place)"""
    count_audits: Mapping[str, CountAudit]
    posts_audit: PostsAudit
    social_audit: SocialAudit
    user_snapshots: UserSnapshotStore
    user_caches: Mapping[str, UserCache]
    message_log: MessageLog
    log_audit: LogAudit


class Doctor:
    def __init__(self, inputs: DoctorInputs, recheck_delay_s: float = RECHECK_DELAY_S) -> None:
        self.inputs = inputs
        self._recheck_delay_s = recheck_delay_s

    async def run_checks(self) -> list[Finding]:
        """Look at everything; a part that can not be looked at is a finding too."""
        findings: list[Finding] = []
        for look in (
            self._check_stores,
            self._check_feeds,
            self._check_counts,
            self._check_posts_counts,
            self._check_user_caches,
            self._check_logs,
        ):
            try:
                findings += await look()
            except StorageError as error:
                findings.append(Finding(ok=False, message=f"could not be looked at: {error}"))
        return findings

    async def _check_stores(self) -> list[Finding]:
        return [await self._check_store(name, check) for name, check in self.inputs.store_checks.items()]

    async def _check_store(self, name: str, check: Callable[[], Awaitable[None]]) -> Finding:
        try:
            await check()
        except StorageError as error:
            return Finding(ok=False, message=f"{name}: does not work ({type(error).__name__})")
        return Finding(ok=True, message=f"{name}: writes and reads")

    async def _check_feeds(self) -> list[Finding]:
        findings = []
        for consumer, (producer, keeper) in self.inputs.consumers.items():
            place = await self.inputs.cursors[keeper].get(consumer) or FEED_START
            lag_s = await self.inputs.outboxes[producer].lag_s(place)
            behind = f"is {lag_s:.0f} s behind" if lag_s else "has read all of"
            findings.append(Finding(lag_s < MAX_LAG_S, f"{consumer}: {behind} {producer}"))
        for service, cursors in self.inputs.cursors.items():
            count = await cursors.dead_letter_count()
            if count:
                said = f"{service}: {count} dead letters; see run.py replay"
                findings.append(Finding(ok=False, message=said))
        return findings

    async def _check_counts(self) -> list[Finding]:
        findings = []
        for service, audit in self.inputs.count_audits.items():
            wrong = await audit.count_mismatches()
            said = f"{wrong} counts are wrong" if wrong else "counts are those of the rows"
            findings.append(Finding(not wrong, f"{service}: {said}"))
        return findings

    async def _check_posts_counts(self) -> list[Finding]:
        return [await self._check_twice(self._find_wrong_posts_counts, "posts counts in social")]

    async def _check_user_caches(self) -> list[Finding]:
        return [
            await self._check_twice(partial(self._find_stale_users, copies), f"copies of people in {service}")
            for service, copies in self.inputs.user_caches.items()
        ]

    async def _check_logs(self) -> list[Finding]:
        return [await self._check_twice(self._find_lagging_conversations, "last_seq of conversations")]

    async def _check_twice(self, find_wrong: Callable[[], Awaitable[set[str]]], subject: str) -> Finding:
        """What is wrong now and was wrong a moment ago; in between it may just be on its way."""
        wrong = await find_wrong()
        if wrong:
            await asyncio.sleep(self._recheck_delay_s)
            wrong &= await find_wrong()
        return Finding(not wrong, f"{subject}: {len(wrong)} are behind" if wrong else f"{subject}: right")

    async def _find_wrong_posts_counts(self) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while some := await self.inputs.social_audit.page_posts_counts(after, BATCH_SIZE):
            truth = await self.inputs.posts_audit.posts_counts([one.user_id for one in some])
            wrong |= {one.user_id for one in some if truth.get(one.user_id, 0) != one.posts_count}
            after = some[-1].user_id
        return wrong

    async def _find_stale_users(self, user_cache: UserCache) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while some := await user_cache.page(after, BATCH_SIZE):
            owned = {one.id: one for one in await self.inputs.user_snapshots.find([one.id for one in some])}
            wrong |= {
                one.id
                for one in some
                if (one.id in owned and owned[one.id].version > one.version)
                or (one.id not in owned and not one.deleted)
            }
            after = some[-1].id
        return wrong

    async def _find_lagging_conversations(self) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while some := await self.inputs.log_audit.heads(after, BATCH_SIZE):
            wrong |= await self.inputs.message_log.find_advanced(some)
            after = some[-1][0]
        return wrong
