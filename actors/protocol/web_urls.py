"""Web addresses that users enter."""

from collections.abc import Collection
from urllib.parse import urlsplit

from actors.protocol.text_validation import TextKind, find_refused


def is_web_url(value: str, schemes: Collection[str]) -> bool:
    """Whether `value` is an absolute URL with one of the schemes, a host and no user name.

    White space, control characters, double quotation marks, angle brackets and backslashes must be escaped in
    it.
    """
    try:
        parts = urlsplit(value)
        valid = parts.scheme in schemes and bool(parts.hostname) and parts.username is None
        valid = valid and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return (
        valid
        and find_refused(value, TextKind.LINE) is None
        and not any(character.isspace() or character in '<>"\\' for character in value)
    )
