"""A draft from what somebody wrote, over the socket or over HTTP: the same rules for both."""

from collections.abc import Sequence
from uuid import UUID

from actors.conversations.commands import Draft
from actors.protocol.errors import ApiError, FieldError, invalid_field
from config.limits import CLIENT_ID_CHARACTERS, EMOJI_CHARACTERS, MENTIONS_PER_MESSAGE, MESSAGE_CHARACTERS
from storage.contracts.identifiers import new_attempt_id

EMOJI_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
"""What joins single emoji into one, and chooses its look: families, professions, flags (UTS #51)."""


def create_draft(
    sender_id: str, client_id: str, content: str, mentions: Sequence[str], reply_to: str | None
) -> Draft:
    """Check and trim.

    Raises:
        Refusal: request.invalid, naming every field at fault.
    """
    faults: list[FieldError] = []
    trimmed = content.strip()
    if not 1 <= len(trimmed) <= MESSAGE_CHARACTERS:
        detail = f"A message has 1 to {MESSAGE_CHARACTERS} characters."
        faults.append(FieldError("content", "too_short" if not trimmed else "too_long", detail))
    if not 1 <= len(client_id) <= CLIENT_ID_CHARACTERS:
        faults.append(FieldError("client_id", "invalid", f"1 to {CLIENT_ID_CHARACTERS} characters."))
    if len(mentions) > MENTIONS_PER_MESSAGE:
        faults.append(FieldError("mentions", "too_long", f"At most {MENTIONS_PER_MESSAGE} users."))
    elif not all(map(_is_uuid, mentions)):
        faults.append(FieldError("mentions", "invalid", "Mentions are user ids."))
    if faults:
        raise ApiError("request.invalid", faults[0].detail, errors=faults)
    return Draft(
        attempt_id=new_attempt_id(),
        sender_id=sender_id,
        client_id=client_id,
        content=trimmed,
        mentions=tuple(dict.fromkeys(mentions)) if mentions else (),
        reply_to=reply_to,
    )


def validate_content(content: str) -> str:
    """The trimmed content of an edit. Raises `Refusal`."""
    trimmed = content.strip()
    if not 1 <= len(trimmed) <= MESSAGE_CHARACTERS:
        raise invalid_field("content", f"A message has 1 to {MESSAGE_CHARACTERS} characters.")
    return trimmed


def validate_emoji(emoji: str) -> str:
    """A reaction: one emoji, however many code points it is made of. Raises `Refusal`."""
    if not 1 <= len(emoji) <= EMOJI_CHARACTERS or any(one.isspace() or one.isalnum() for one in emoji[1:]):
        raise invalid_field("emoji", f"A reaction is one emoji of at most {EMOJI_CHARACTERS} code points.")
    seen = emoji[0].isprintable() and not emoji[0].isspace()
    if not seen or not all(one.isprintable() or one in EMOJI_JOINERS for one in emoji):
        raise invalid_field("emoji", "A reaction is something that can be seen.")
    return emoji


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
