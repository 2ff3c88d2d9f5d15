"""Validation of message text, mentions and emoji from clients, shared by the socket and HTTP."""

from collections.abc import Sequence
from uuid import UUID

from actors.conversations.commands import Draft
from actors.conversations.emojis import canonical_emoji, normalize_emoji
from actors.protocol.errors import ApiError, FieldError, invalid_field
from actors.protocol.text_validation import validate_text
from config.limits import CLIENT_ID_CHARACTERS, EMOJI_CHARACTERS, MENTIONS_PER_MESSAGE, MESSAGE_CHARACTERS
from storage.contracts.identifiers import new_attempt_id


def create_draft(
    sender_id: str, client_id: str, content: str, mentions: Sequence[str], reply_to: str | None
) -> Draft:
    """Validate the fields and create a draft with trimmed content and a new attempt id.

    Raises:
        ApiError: request.invalid, listing every invalid field.
    """
    errors: list[FieldError] = []
    try:
        valid_content = validate_content(content)
    except ApiError as error:
        errors += error.errors
    if not 1 <= len(client_id) <= CLIENT_ID_CHARACTERS:
        detail = f"`client_id` must have 1 to {CLIENT_ID_CHARACTERS} characters."
        errors.append(FieldError("client_id", "invalid", detail))
    if len(mentions) > MENTIONS_PER_MESSAGE:
        detail = f"`mentions` must have at most {MENTIONS_PER_MESSAGE} users."
        errors.append(FieldError("mentions", "too_long", detail))
    elif not all(map(_is_uuid, mentions)):
        errors.append(FieldError("mentions", "invalid", "`mentions` must contain user ids (UUIDs)."))
    if errors:
        raise ApiError("request.invalid", errors[0].detail, errors=errors)
    return Draft(
        attempt_id=new_attempt_id(),
        sender_id=sender_id,
        client_id=client_id,
        content=valid_content,
        mentions=tuple(dict.fromkeys(mentions)) if mentions else (),
        reply_to=reply_to,
    )


def validate_content(content: str) -> str:
    """Return the trimmed text of a message. Raises `ApiError` (request.invalid)."""
    return validate_text("content", content, MESSAGE_CHARACTERS)


def validate_emoji(emoji: str) -> str:
    """Return the fully qualified form of a new reaction. Raises `ApiError` (request.invalid)."""
    normalized = normalize_emoji(emoji)
    if normalized is None:
        raise invalid_field("emoji", "`emoji` must be exactly one emoji.")
    return normalized


def validate_removed_emoji(emoji: str) -> str:
    """Check a reaction to remove, which an older version may have accepted. Raises `ApiError`."""
    if not 1 <= len(emoji) <= EMOJI_CHARACTERS:
        raise invalid_field("emoji", f"`emoji` must have 1 to {EMOJI_CHARACTERS} code points.")
    return canonical_emoji(emoji)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
