"""Request bodies of moderators, and their validation."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.accounts.fields import InvalidField, collect_field_errors
from actors.protocol.errors import FieldError, invalid_field
from actors.protocol.text_validation import validate_text
from actors.protocol.timestamps import to_utc
from config.accounts import INVITE_CODE_USES_MAX
from config.limits import APPEAL_CHARACTERS, MODERATION_REASON_CHARACTERS
from storage.contracts.moderation import ActionType, TargetKind

Id = Annotated[str, Meta(max_length=64)]
Reason = Annotated[
    str,
    Meta(
        description="Trimmed. The user acted upon sees it.",
        extra_json_schema={"minLength": 1, "maxLength": MODERATION_REASON_CHARACTERS},
    ),
]
AppealText = Annotated[
    str, Meta(description="Trimmed.", extra_json_schema={"minLength": 1, "maxLength": APPEAL_CHARACTERS})
]
Time = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
CONTENT_ACTIONS = frozenset({ActionType.HIDE, ActionType.RESTORE})
ACTIONS_WITH_END = frozenset({ActionType.SILENCE, ActionType.SUSPEND})


class ActionRequest(msgspec.Struct, frozen=True):
    """What to do to an item (`hide`, `restore`) or a user (the others), and why.

    `silence`: the user can read and not write. `suspend`: the sessions end, and the user cannot log in. Both
    end at `expires_at`, or by `unsilence` and `unsuspend`. `ban` is a suspension that only `unban` ends.
    """

    type: Literal[
        "hide",
        "restore",
        "warn",
        "silence",
        "unsilence",
        "suspend",
        "unsuspend",
        "ban",
        "unban",
        "verify",
        "unverify",
    ]
    kind: TargetKind
    id: Id
    reason: Reason
    expires_at: Time | None = None
    report_id: Id | None = None

    def field_errors(self) -> list[FieldError]:
        errors = collect_field_errors(("reason", validate_action_reason, self.reason))
        if isinstance(self.type, str) and isinstance(self.kind, TargetKind):
            is_of_content = ActionType(self.type) in CONTENT_ACTIONS
            if is_of_content == (self.kind is TargetKind.USER):
                targets = "posts, comments, messages and events" if is_of_content else "users"
                errors.append(FieldError("kind", "invalid", f"This action applies to {targets} only."))
            if isinstance(self.expires_at, datetime):
                errors += self._end_errors(self.expires_at)
        return errors

    def _end_errors(self, expires_at: datetime) -> list[FieldError]:
        if ActionType(self.type) not in ACTIONS_WITH_END:
            return [FieldError("expires_at", "invalid", "This action takes no end time.")]
        if _is_past(expires_at):
            return [FieldError("expires_at", "invalid", "Must be in the future.")]
        return []

    def end(self) -> datetime | None:
        """Return the end in UTC. Raises `request.invalid`."""
        return None if self.expires_at is None else to_utc("expires_at", self.expires_at)


class RoleRequest(msgspec.Struct, frozen=True):
    """The new role, null for none, and why."""

    role: Literal["admin", "moderator"] | None
    reason: Reason

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("reason", validate_action_reason, self.reason))


class AssigneeRequest(msgspec.Struct, frozen=True):
    """The moderator who works on a report, null for none."""

    user_id: Id | None


class ResolutionRequest(msgspec.Struct, frozen=True):
    """The outcome of a report, for the record."""

    resolution: Reason

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("resolution", validate_resolution, self.resolution))


class AppealRequest(msgspec.Struct, frozen=True):
    """Why an action on the caller is wrong."""

    action_id: Id
    content: AppealText

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("content", validate_appeal, self.content))


class AccountAppealRequest(msgspec.Struct, frozen=True):
    """Why the suspension or ban of an account is wrong."""

    login: str
    password: str
    content: AppealText

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("content", validate_appeal, self.content))

    def __repr__(self) -> str:
        return "AccountAppealRequest(...)"


class AppealAnswerRequest(msgspec.Struct, frozen=True):
    """Whether the appeal is accepted, and why."""

    accepted: bool
    answer: AppealText

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("answer", validate_appeal_answer, self.answer))


class InviteCodeRequest(msgspec.Struct, frozen=True):
    """How many users can register with the code, and until when."""

    uses: Annotated[int, Meta(ge=1, le=INVITE_CODE_USES_MAX)] = 1
    expires_at: Time | None = None

    def field_errors(self) -> list[FieldError]:
        if isinstance(self.expires_at, datetime) and _is_past(self.expires_at):
            return [FieldError("expires_at", "invalid", "Must be in the future.")]
        return []

    def end(self) -> datetime | None:
        """Return the end in UTC. Raises `request.invalid`."""
        return None if self.expires_at is None else to_utc("expires_at", self.expires_at)


def _is_past(time: datetime) -> bool:
    return time.tzinfo is not None and time <= datetime.now(UTC)


def validate_appeal(value: str) -> str:
    """Return a trimmed text. Raises `request.invalid`."""
    return validate_text("content", value, APPEAL_CHARACTERS)


def validate_appeal_answer(value: str) -> str:
    """Return a trimmed text. Raises `request.invalid`."""
    return validate_text("answer", value, APPEAL_CHARACTERS)


def validate_action_reason(value: str) -> str:
    """Return a trimmed reason. Raises `request.invalid`."""
    return validate_text("reason", value, MODERATION_REASON_CHARACTERS)


def validate_resolution(value: str) -> str:
    """Return a trimmed resolution. Raises `request.invalid`."""
    try:
        return validate_text("resolution", value, MODERATION_REASON_CHARACTERS)
    except InvalidField as error:
        raise invalid_field("resolution", error.detail, error.code) from None
