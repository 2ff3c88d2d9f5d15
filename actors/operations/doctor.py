"""Checks the consistency of all stores. Read-only, and reads a lot.

    stores work -> events are consumed -> counters match the rows -> user caches are current
    -> conversation documents are up to date with the message log -> moderation matches its audit log

Data that is updated asynchronously is checked twice, to exclude normal lag.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec

from actors.protocol.timestamps import now_ms
from config.exports import EXPORT_STUCK_S
from storage.contracts.audit import CountAudit, LogAudit, ModerationAudit, PostsAudit, SocialAudit
from storage.contracts.data_exports import DataExportStore
from storage.contracts.domain_events import Cursor, Cursors, Outbox
from storage.contracts.event_reminders import ReminderStore
from storage.contracts.message_log import MessageLog
from storage.contracts.moderation import TargetKind
from storage.contracts.pending_effects import PendingEffectStore
from storage.contracts.reports import ReportStore
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.errors import StorageError

BATCH_SIZE = 1000
RECHECK_DELAY_S = 3.0
MAX_LAG_S = 60.0
OUTBOX_START = Cursor("")


class Finding(msgspec.Struct, frozen=True):
    """Result of one check."""

    ok: bool
    message: str


class DoctorInputs(msgspec.Struct, frozen=True):
    """Stores to check; mappings are keyed by service."""

    store_checks: Mapping[str, Callable[[], Awaitable[None]]]
    outboxes: Mapping[str, Outbox]
    cursors: Mapping[str, Cursors]
    consumers: Mapping[str, tuple[str, str]]
    """consumer -> (service whose events it reads, service that stores its cursor)"""
    count_audits: Mapping[str, CountAudit]
    posts_audit: PostsAudit
    social_audit: SocialAudit
    user_snapshots: UserSnapshotStore
    user_caches: Mapping[str, UserCache]
    message_log: MessageLog
    pending_effects: PendingEffectStore
    log_audit: LogAudit
    event_reminders: ReminderStore
    data_exports: DataExportStore
    reports: ReportStore
    moderation_audit: ModerationAudit
    is_content_hidden: Callable[[TargetKind, str], Awaitable[bool | None]]
    """None for what was deleted."""


class Doctor:
    def __init__(self, inputs: DoctorInputs, recheck_delay_s: float = RECHECK_DELAY_S) -> None:
        self.inputs = inputs
        self._recheck_delay_s = recheck_delay_s

    async def run_checks(self) -> list[Finding]:
        """Run all checks. A check that cannot run is a failed finding."""
        findings: list[Finding] = []
        for check in (
            self._check_stores,
            self._check_outboxes,
            self._check_counts,
            self._check_posts_counts,
            self._check_user_caches,
            self._check_logs,
            self._check_pending_effects,
            self._check_reminders,
            self._check_data_exports,
            self._check_moderation,
        ):
            try:
                findings += await check()
            except StorageError as error:
                findings.append(Finding(ok=False, message=f"check could not run: {error}"))
        return findings

    async def _check_stores(self) -> list[Finding]:
        return [await self._check_store(name, check) for name, check in self.inputs.store_checks.items()]

    async def _check_store(self, name: str, check: Callable[[], Awaitable[None]]) -> Finding:
        try:
            await check()
        except StorageError as error:
            return Finding(ok=False, message=f"{name}: failed ({type(error).__name__})")
        return Finding(ok=True, message=f"{name}: ok")

    async def _check_outboxes(self) -> list[Finding]:
        findings = []
        for consumer, (producer, cursor_service) in self.inputs.consumers.items():
            cursor = await self.inputs.cursors[cursor_service].get(consumer) or OUTBOX_START
            lag_s = await self.inputs.outboxes[producer].lag_s(cursor)
            lag_text = f"{lag_s:.0f} s behind" if lag_s else "up to date with"
            findings.append(Finding(lag_s < MAX_LAG_S, f"{consumer}: {lag_text} {producer}"))
        for service, cursors in self.inputs.cursors.items():
            count = await cursors.dead_letter_count()
            if count:
                message = f"{service}: {count} dead letters; see `run.py replay`"
                findings.append(Finding(ok=False, message=message))
        return findings

    async def _check_counts(self) -> list[Finding]:
        findings = []
        for service, audit in self.inputs.count_audits.items():
            mismatches = await audit.count_mismatches()
            message = f"{mismatches} counters are wrong" if mismatches else "counters match the rows"
            findings.append(Finding(not mismatches, f"{service}: {message}"))
        return findings

    async def _check_posts_counts(self) -> list[Finding]:
        return [await self._check_twice(self._find_wrong_posts_counts, "posts counters in social")]

    async def _check_user_caches(self) -> list[Finding]:
        return [
            await self._check_twice(partial(self._find_stale_users, user_cache), f"user cache of {service}")
            for service, user_cache in self.inputs.user_caches.items()
        ]

    async def _check_logs(self) -> list[Finding]:
        return [await self._check_twice(self._find_lagging_conversations, "last_seq of conversations")]

    async def _check_pending_effects(self) -> list[Finding]:
        """Check that no instance owes old notifications. Their age is measured by the clocks of instances."""
        effects = await self.inputs.pending_effects.list_pending_effects("", BATCH_SIZE)
        oldest_ms = min((effect.created_at_ms for effect in effects), default=None)
        age_s = 0.0 if oldest_ms is None else (now_ms() - oldest_ms) / 1000
        message = f"{len(effects)} pending, the oldest for {age_s:.0f} s" if effects else "none pending"
        return [Finding(age_s < MAX_LAG_S, f"notifications of mentions and memberships: {message}")]

    async def _check_reminders(self) -> list[Finding]:
        """Check that due reminders of events are published in time, which any running instance does."""
        overdue_s = await self.inputs.event_reminders.overdue_s()
        message = f"the oldest is overdue for {overdue_s:.0f} s" if overdue_s else "none overdue"
        return [Finding(overdue_s < MAX_LAG_S, f"reminders of events: {message}")]

    async def _check_data_exports(self) -> list[Finding]:
        backlog = await self.inputs.data_exports.backlog()
        pending = f"{backlog.pending} pending, the oldest for {backlog.oldest_s:.0f} s"
        message = pending if backlog.pending else "none pending"
        return [Finding(backlog.oldest_s < EXPORT_STUCK_S, f"data exports: {message}")]

    async def _check_moderation(self) -> list[Finding]:
        """Check the audit log, that items are in the state of their latest record, and open reports.

        How long reports wait is for moderators to judge.
        """
        audit, backlog = self.inputs.moderation_audit, await self.inputs.reports.backlog()
        is_protected = await audit.is_log_append_only()
        misassigned = await audit.count_misassigned_reports()
        log = "is append-only" if is_protected else "can be changed: its trigger is missing or disabled"
        assigned = (
            f"{misassigned} are assigned to users without a role" if misassigned else "assignees have a role"
        )
        waiting = f"{backlog.open} open, {backlog.unassigned} of them assigned to no one"
        oldest = f", the oldest for {backlog.oldest_s / 3600:.0f} h" if backlog.open else ""
        return [
            Finding(is_protected, f"audit log of moderation: {log}"),
            Finding(not misassigned, f"reports: {assigned}"),
            Finding(ok=True, message=f"reports: {waiting}{oldest}"),
            await self._check_twice(self._find_hidden_mismatches, "items that moderators hid or restored"),
        ]

    async def _find_hidden_mismatches(self) -> set[str]:
        wrong = set()
        for action in await self.inputs.moderation_audit.list_content_actions(BATCH_SIZE):
            hidden = await self.inputs.is_content_hidden(action.kind, action.target_id)
            if hidden is not None and hidden != action.hidden:
                wrong.add(f"{action.kind} {action.target_id}")
        return wrong

    async def _check_twice(self, find_wrong: Callable[[], Awaitable[set[str]]], subject: str) -> Finding:
        """Report what is wrong in two checks `recheck_delay_s` apart, since updates may be in progress."""
        wrong = await find_wrong()
        if wrong:
            await asyncio.sleep(self._recheck_delay_s)
            wrong &= await find_wrong()
        return Finding(not wrong, f"{subject}: {len(wrong)} stale" if wrong else f"{subject}: ok")

    async def _find_wrong_posts_counts(self) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while batch := await self.inputs.social_audit.page_posts_counts(after, BATCH_SIZE):
            actual = await self.inputs.posts_audit.posts_counts([entry.user_id for entry in batch])
            wrong |= {entry.user_id for entry in batch if actual.get(entry.user_id, 0) != entry.posts_count}
            after = batch[-1].user_id
        return wrong

    async def _find_stale_users(self, user_cache: UserCache) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while batch := await user_cache.page(after, BATCH_SIZE):
            users = await self.inputs.user_snapshots.find([cached.id for cached in batch])
            current = {user.id: user for user in users}
            wrong |= {
                cached.id
                for cached in batch
                if (cached.id in current and current[cached.id].version > cached.version)
                or (cached.id not in current and not cached.deleted)
            }
            after = batch[-1].id
        return wrong

    async def _find_lagging_conversations(self) -> set[str]:
        wrong: set[str] = set()
        after = ""
        while batch := await self.inputs.log_audit.document_seqs(after, BATCH_SIZE):
            wrong |= await self.inputs.message_log.find_advanced(batch)
            after = batch[-1][0]
        return wrong
