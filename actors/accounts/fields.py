"""Validation and normalization of account fields.

Every validator returns the normalized value, or raises `InvalidField`; those of free text raise `ApiError`.
Validators do no I/O, and their errors do not repeat the user's input.
"""

import re
from collections.abc import Callable

from email_validator import EmailNotValidError, validate_email

from actors.accounts.password_rules import is_common
from actors.protocol.errors import ApiError, FieldError
from actors.protocol.mentions import USERNAME_PATTERN
from actors.protocol.text_validation import is_blank, is_printable_ascii, validate_line, validate_text
from actors.protocol.web_urls import is_web_url
from config.accounts import RESERVED_USERNAMES
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
from storage.text_folding import fold_case

_USERNAME_CHARACTERS = re.compile(r"[a-z0-9_.]+")
_USERNAME_PATTERN = re.compile(USERNAME_PATTERN)


class InvalidField(Exception):  # noqa: N818 - reads better without the suffix
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


Validator = Callable[[str], object]


def collect_field_errors(*checks: tuple[str, Validator, object]) -> list[FieldError]:
    """Run (field, validator, value) checks and return all errors. Values that are not strings are skipped."""
    errors: list[FieldError] = []
    for field, check, value in checks:
        if isinstance(value, str):
            try:
                check(value)
            except InvalidField as error:
                errors.append(FieldError(field, error.code, error.detail))
            except ApiError as error:
                errors += error.errors
    return errors


def validate_email_address(value: str) -> str:
    _require_max_length(value, EMAIL_CHARACTERS)
    try:
        # The last two arguments accept syntactically valid special-use domains such as `.test`.
        checked = validate_email(
            value, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        raise InvalidField("invalid", "Must be an e-mail address.") from None
    if "." not in checked.domain:
        raise InvalidField("invalid", "Must be an e-mail address with a full domain.")
    return checked.normalized


def validate_username(value: str) -> str:
    _require_min_length(value, USERNAME_CHARACTERS_MIN)
    _require_max_length(value, USERNAME_CHARACTERS_MAX)
    lowered = value.lower()
    if _USERNAME_CHARACTERS.fullmatch(lowered) is None or not value.isascii():
        raise InvalidField("invalid", "Must contain only letters a-z, digits, underscores and dots.")
    if _USERNAME_PATTERN.fullmatch(lowered) is None:
        raise InvalidField(
            "invalid", "Must begin and end with a letter or digit, and have no two dots in a row."
        )
    if lowered in RESERVED_USERNAMES:
        raise InvalidField("reserved", "Is reserved. Choose another username.")
    return lowered


def normalize_login(value: str) -> str | None:
    """Return the e-mail address or username to look up; None for what belongs to no account.

    Trimmed. An address is normalized as at registration, so that the same text finds it.
    """
    login = value.strip()
    if not login or len(login) > EMAIL_CHARACTERS:
        return None
    if "@" in login:
        try:
            return validate_email_address(login)
        except InvalidField:
            return None
    return normalize_username(login)


def normalize_username(value: str) -> str | None:
    """Return the username to look up, in NFKC and case-folded; None for what belongs to no account.

    Not checked against the rules for new usernames, which older accounts need not meet.
    """
    if len(value) > USERNAME_CHARACTERS_MAX:
        return None
    username = fold_case(value)
    return username if is_printable_ascii(username) and len(username) <= USERNAME_CHARACTERS_MAX else None


def validate_password(value: str) -> str:
    _require_min_length(value, PASSWORD_CHARACTERS_MIN)
    _require_max_length(value, PASSWORD_CHARACTERS_MAX)
    if is_common(value):
        raise InvalidField("too_common", "Is one of the most common passwords. Choose another one.")
    return value


def validate_display_name(value: str) -> str | None:
    """Trim; return None if nothing remains. Raises `ApiError`."""
    return None if is_blank(value) else validate_line("display_name", value, DISPLAY_NAME_CHARACTERS)


def validate_bio(value: str) -> str | None:
    """Trim; return None if nothing remains. Raises `ApiError`."""
    return None if is_blank(value) else validate_text("bio", value, BIO_CHARACTERS)


def validate_avatar_url(value: str) -> str:
    _require_max_length(value, AVATAR_URL_CHARACTERS)
    if not is_web_url(value, ("https",)):
        raise InvalidField("invalid", "Must be a valid `https` URL.")
    return value


def _require_min_length(value: str, min_characters: int) -> None:
    if len(value) < min_characters:
        raise InvalidField("too_short", f"Must have at least {min_characters} characters.")


def _require_max_length(value: str, max_characters: int) -> str:
    if len(value) > max_characters:
        raise InvalidField("too_long", f"Must have at most {max_characters} characters.")
    return value
