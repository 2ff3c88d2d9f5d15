"""Request body of a report, and its validation."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.accounts.fields import collect_field_errors
from actors.protocol.errors import FieldError
from actors.protocol.text_validation import validate_text
from config.accounts import REPORT_REASON_CHARACTERS
from storage.contracts.moderation import TargetKind

Reason = Annotated[
    str,
    Meta(
        description="Trimmed. Visible to moderators only.",
        extra_json_schema={"minLength": 1, "maxLength": REPORT_REASON_CHARACTERS},
    ),
]


class ReportRequest(msgspec.Struct, frozen=True):
    kind: TargetKind
    id: str
    reason: Reason

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("reason", validate_reason, self.reason))

    def __repr__(self) -> str:
        return f"ReportRequest({self.kind})"


def validate_reason(value: str) -> str:
    """Return a trimmed reason. Raises `request.invalid`."""
    return validate_text("reason", value, REPORT_REASON_CHARACTERS)
