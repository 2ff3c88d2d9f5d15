"""Converts records of moderation to API objects."""

import msgspec

from actors.accounts.serializers import to_user_card
from actors.protocol.moderation_objects import (
    Appeal,
    AppealReview,
    BlockedName,
    InviteCode,
    ModeratedUser,
    ModerationAction,
    OwnModerationAction,
    PendingRegistration,
    Report,
    ReportContext,
    ReportSnapshot,
)
from actors.protocol.objects import UserCard
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_or_none
from storage.contracts import moderation, reports
from storage.contracts.appeals import AppealRecord
from storage.contracts.registrations import InviteCodeRecord, NameBlockRecord, RegistrationRecord
from storage.contracts.users import UserRecord


def to_report(record: reports.ReportRecord, *, is_hidden: bool | None = None) -> Report:
    return Report(
        id=record.id,
        kind=record.kind,
        target_id=record.target_id,
        reason=record.reason,
        reporter=optional_card(record.reporter),
        created_at=rfc3339_from_datetime(record.created_at),
        snapshot=None if record.snapshot is None else _to_snapshot(record.snapshot),
        resolved_at=rfc3339_or_none(record.resolved_at),
        resolved_by=optional_card(record.resolved_by),
        resolution=record.resolution,
        assigned_to=optional_card(record.assigned_to),
        is_hidden=is_hidden,
    )


def to_action(record: moderation.ActionRecord) -> ModerationAction:
    return ModerationAction(
        id=record.id,
        type=record.type,
        kind=record.target_kind,
        target_id=record.target_id,
        user=optional_card(record.user),
        actor=optional_card(record.actor),
        reason=record.reason,
        expires_at=rfc3339_or_none(record.expires_at),
        report_id=record.report_id,
        created_at=rfc3339_from_datetime(record.created_at),
    )


def to_moderated_user(record: moderation.ModeratedUser) -> ModeratedUser:
    user = record.user
    return ModeratedUser(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        verified=user.verified,
        bio=user.bio,
        created_at=rfc3339_from_datetime(user.created_at),
        role=None if user.role is None else user.role.value,
        silenced_until=rfc3339_or_none(record.silenced_until),
        suspended_until=rfc3339_or_none(record.suspended_until),
        banned_at=rfc3339_or_none(record.banned_at),
    )


def optional_card(user: UserRecord | None) -> UserCard | None:
    return None if user is None else to_user_card(user)


def _to_snapshot(snapshot: reports.Snapshot) -> ReportSnapshot:
    return ReportSnapshot(
        snapshot.author_id,
        snapshot.author_name,
        snapshot.content,
        snapshot.created_at,
        snapshot.container_id,
        [
            ReportContext(entry.id, entry.author_id, entry.author_name, entry.content, entry.created_at)
            for entry in snapshot.context
        ],
    )


def to_appeal(record: AppealRecord) -> Appeal:
    return Appeal(
        id=record.id,
        action_id=record.action_id,
        content=record.content,
        created_at=rfc3339_from_datetime(record.created_at),
        answered_at=rfc3339_or_none(record.answered_at),
        accepted=record.accepted,
        answer=record.answer,
    )


def to_appeal_review(record: AppealRecord) -> AppealReview:
    assert record.action is not None
    return AppealReview(
        **msgspec.structs.asdict(to_appeal(record)),
        action=to_action(record.action),
    )


def to_own_action(record: moderation.ActionRecord, appeal: AppealRecord | None) -> OwnModerationAction:
    return OwnModerationAction(
        id=record.id,
        type=record.type,
        kind=record.target_kind,
        target_id=record.target_id,
        reason=record.reason,
        expires_at=rfc3339_or_none(record.expires_at),
        created_at=rfc3339_from_datetime(record.created_at),
        appeal=None if appeal is None else to_appeal(appeal),
    )


def to_pending_registration(record: RegistrationRecord) -> PendingRegistration:
    return PendingRegistration(
        record.id,
        record.email,
        record.username,
        record.display_name,
        rfc3339_from_datetime(record.created_at),
    )


def to_invite_code(record: InviteCodeRecord) -> InviteCode:
    return InviteCode(
        record.id,
        record.code,
        record.uses_left,
        rfc3339_or_none(record.expires_at),
        rfc3339_from_datetime(record.created_at),
    )


def to_blocked_name(record: NameBlockRecord) -> BlockedName:
    return BlockedName(record.kind.value, record.value, rfc3339_from_datetime(record.created_at))
