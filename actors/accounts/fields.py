"""What each field of an account may hold, and the form in which it is stored.

Every check answers the value to store or raises `Faulty`. None of them asks a store or the network,
and none repeats in its fault what somebody wrote.
"""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from actors.protocol.errors import FieldError
from config.limits import (
    AVATAR_URL_CHARACTERS,
    BIO_CHARACTERS,
    DISPLAY_NAME_CHARACTERS,
    EMAIL_CHARACTERS,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    USERNAME_CHARACTERS_MAX,
    USERNAME_CHARACTERS_MIN,
)

_USERNAME = re.compile(r"[a-z0-9_.]+")
_BREAKS = frozenset("\n\r\t")


class Faulty(Exception):  # noqa: N818 - an answer about a field
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


Check = Callable[[str], object]


def faults_of(*checks: tuple[str, Check, object]) -> list[FieldError]:
    """All faults among (field, check, value); what is not a text is left out or told elsewhere."""
    faults: list[FieldError] = []
    for field, check, value in checks:
        if isinstance(value, str):
            try:
                check(value)
            except Faulty as fault:
                faults.append(FieldError(field, fault.code, fault.detail))
    return faults


def email_of(value: str) -> str:
    _at_most(value, EMAIL_CHARACTERS)
    try:
        # Both last arguments only lift refusals of names that are right by syntax, such as `.test`.
        checked = validate_email(
            value, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        raise Faulty("invalid", "Must be an e-mail address.") from None
    if "." not in checked.domain:
        raise Faulty("invalid", "Must be an e-mail address with a full domain.")
    return checked.normalized


def username_of(value: str) -> str:
    _at_least(value, USERNAME_CHARACTERS_MIN)
    _at_most(value, USERNAME_CHARACTERS_MAX)
    lowered = value.lower()
    if _USERNAME.fullmatch(lowered) is None or not value.isascii():
        raise Faulty("invalid", "May hold only letters a-z, digits, underscores and dots.")
    return lowered


def password_of(value: str) -> str:
    _at_least(value, PASSWORD_CHARACTERS_MIN)
    return _at_most(value, PASSWORD_CHARACTERS_MAX)


def display_name_of(value: str) -> str | None:
    """Trimmed; nothing left means none."""
    trimmed = _at_most(value.strip(), DISPLAY_NAME_CHARACTERS)
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in trimmed):
        raise Faulty("invalid", "May not hold control characters or line breaks.")
    return trimmed or None


def bio_of(value: str) -> str | None:
    """Trimmed; nothing left means none."""
    trimmed = _at_most(value.strip(), BIO_CHARACTERS)
    if any(unicodedata.category(mark) in {"Cc", "Cs"} and mark not in _BREAKS for mark in trimmed):
        raise Faulty("invalid", "May not hold control characters.")
    return trimmed or None


def avatar_url_of(value: str) -> str:
    _at_most(value, AVATAR_URL_CHARACTERS)
    try:
        parts = urlsplit(value)
        whole = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
        whole = whole and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole or not value.isprintable() or any(mark.isspace() or mark in '<>"\\' for mark in value):
        raise Faulty("invalid", "Must be an https URL.")
    return value


def _at_least(value: str, characters: int) -> None:
    if len(value) < characters:
        raise Faulty("too_short", f"Must have at least {characters} characters.")


def _at_most(value: str, characters: int) -> str:
    if len(value) > characters:
        raise Faulty("too_long", f"Must have at most {characters} characters.")
    return value
