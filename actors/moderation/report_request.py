"""Request body of a report, and its validation. Errors do not repeat the reason's text."""

import unicodedata
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.accounts.fields import InvalidField, collect_field_errors
from actors.protocol.errors import FieldError
from config.accounts import REPORT_REASON_CHARACTERS
from storage.contracts.moderation import ReportKind

_ALLOWED_CONTROLS = frozenset("\n\r\t")

Reason = Annotated[
    str,
    Meta(
        description="Trimmed. Visible to moderators only.",
        extra_json_schema={"minLength": 1, "maxLength": REPORT_REASON_CHARACTERS},
    ),
]


class ReportRequest(msgspec.Struct, frozen=True):
    kind: ReportKind
    id: str
    reason: Reason

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("reason", validate_reason, self.reason))

    def __repr__(self) -> str:
        return f"ReportRequest({self.kind})"


def validate_reason(value: str) -> str:
    """Trim a reason and check its length and characters."""
    trimmed = value.strip()
    if not trimmed:
        raise InvalidField("too_short", "Must not be empty.")
    if len(trimmed) > REPORT_REASON_CHARACTERS:
        raise InvalidField("too_long", f"Must have at most {REPORT_REASON_CHARACTERS} characters.")
    if any(
        unicodedata.category(character) in {"Cc", "Cs"} and character not in _ALLOWED_CONTROLS
        for character in trimmed
    ):
        raise InvalidField("invalid", "Must not contain control characters.")
    return trimmed
