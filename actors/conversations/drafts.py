"""Validation of message text, mentions and emoji from clients, shared by the socket and HTTP."""

from collections.abc import Sequence
from uuid import UUID

from actors.conversations.commands import Draft
from actors.protocol.errors import ApiError, FieldError, invalid_field
from config.limits import CLIENT_ID_CHARACTERS, EMOJI_CHARACTERS, MENTIONS_PER_MESSAGE, MESSAGE_CHARACTERS
from storage.contracts.identifiers import new_attempt_id

EMOJI_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
"""Zero-width joiner and variation selectors, which combine code points into one emoji (UTS #51)."""


def create_draft(
    sender_id: str, client_id: str, content: str, mentions: Sequence[str], reply_to: str | None
) -> Draft:
    """Validate the fields and create a draft with trimmed content and a new attempt id.

    Raises:
        ApiError: request.invalid, listing every invalid field.
    """
    errors: list[FieldError] = []
    trimmed = content.strip()
    if not 1 <= len(trimmed) <= MESSAGE_CHARACTERS:
        detail = f"`content` must have 1 to {MESSAGE_CHARACTERS} characters."
        errors.append(FieldError("content", "too_short" if not trimmed else "too_long", detail))
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
        content=trimmed,
        mentions=tuple(dict.fromkeys(mentions)) if mentions else (),
        reply_to=reply_to,
    )


def validate_content(content: str) -> str:
    """Return the trimmed content of an edit. Raises `ApiError` (request.invalid)."""
    trimmed = content.strip()
    if not 1 <= len(trimmed) <= MESSAGE_CHARACTERS:
        raise invalid_field("content", f"`content` must have 1 to {MESSAGE_CHARACTERS} characters.")
    return trimmed


def validate_emoji(emoji: str) -> str:
    """Check that a reaction is one emoji, of one or more code points. Raises `ApiError` (request.invalid)."""
    if not 1 <= len(emoji) <= EMOJI_CHARACTERS or any(
        character.isspace() or character.isalnum() for character in emoji[1:]
    ):
        raise invalid_field("emoji", f"`emoji` must be one emoji of at most {EMOJI_CHARACTERS} code points.")
    starts_visible = emoji[0].isprintable() and not emoji[0].isspace()
    if not starts_visible or not all(
        character.isprintable() or character in EMOJI_JOINERS for character in emoji
    ):
        raise invalid_field("emoji", "`emoji` must be a visible character.")
    return emoji


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
