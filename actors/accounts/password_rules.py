"""Which passwords are refused: common ones, and those that repeat the profile.

The list is that of zxcvbn: 30,000 passwords, ranked by how often leaked databases held them. A password is
compared as it is hashed (NFKC), and without case.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from actors.protocol.errors import FieldError
from config.limits import EMAIL_CHARACTERS, PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


COMMON_PASSWORDS: Final = frozenset(
    _fold(password) for password in FREQUENCY_LISTS["passwords"] if len(password) >= PASSWORD_CHARACTERS_MIN
)
"""Shorter ones are refused for their length."""


def is_common(password: str) -> bool:
    return _fold(password) in COMMON_PASSWORDS


def profile_errors(
    field: str, password: str, *, email: str | None, names: Iterable[str | None]
) -> list[FieldError]:
    """Return an error if the password is one of the names, the e-mail address, or the part before its `@`.

    Texts above their maximum length have an error anyway. They are not compared: the time of normalization
    grows with the square of the number of combining marks, to seconds for what fits into a body.
    """
    texts = [*names, email, email.rpartition("@")[0] if email else None]
    if len(password) > PASSWORD_CHARACTERS_MAX or _fold(password).strip() not in {
        _fold(text).strip() for text in texts if text and len(text) <= EMAIL_CHARACTERS
    }:
        return []
    detail = "Must differ from the username, the display name and the e-mail address."
    return [FieldError(field, "matches_profile", detail)]
