"""Generates names from several languages, and unique usernames."""

import random
import re
import unicodedata
from functools import cache
from typing import Final

import msgspec

from examples.demo.seeded_random import ShuffledCycle
from examples.demo.topic import TOPICS_FOLDER

MIXED_FAMILY_SHARE: Final = 0.15
ASCII_REPLACEMENTS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss"})


class LoginUser(msgspec.Struct, frozen=True):
    """A user who exists in every plan, for logging in."""

    username: str
    display_name: str
    bio: str
    topics: tuple[str, ...]
    popularity: float


class NameFamily(msgspec.Struct, frozen=True):
    """First and last names of one language or region."""

    first: tuple[str, ...]
    last: tuple[str, ...]


class NameLists(msgspec.Struct, frozen=True):
    login_users: tuple[LoginUser, ...]
    families: tuple[NameFamily, ...]
    jobs: tuple[str, ...]
    quirks: tuple[str, ...]


class GeneratedName(msgspec.Struct, frozen=True):
    username: str
    display_name: str


@cache
def read_names() -> NameLists:
    return msgspec.toml.decode((TOPICS_FOLDER / "names.toml").read_bytes(), type=NameLists)


class NameGenerator:
    """Generates unique names; some mix two families."""

    def __init__(self, names: NameLists, rng: random.Random) -> None:
        self._rng = rng
        self._families = ShuffledCycle(
            ((family, ShuffledCycle(family.first, rng)) for family in names.families), rng
        )
        self._last = [last for family in names.families for last in family.last]
        self._used_usernames = {login_user.username for login_user in names.login_users}
        self._used_display_names = {login_user.display_name for login_user in names.login_users}

    def generate(self) -> GeneratedName:
        family, first_names = self._families.draw()
        first = first_names.draw()
        last = self._rng.choice(self._last if self._rng.random() < MIXED_FAMILY_SHARE else family.last)
        if f"{first} {last}" in self._used_display_names:
            last = self._rng.choice(self._last)
        self._used_display_names.add(f"{first} {last}")
        return GeneratedName(self._username(first, last), f"{first} {last}")

    def _username(self, first: str, last: str) -> str:
        given, name = to_ascii_letters(first), to_ascii_letters(last)
        default = f"{given}.{name}"
        chosen = self._rng.choice(
            (default, default, default, f"{given}_{name}", f"{given[0]}{name}", f"{name}.{given}")
        )
        if chosen in self._used_usernames:
            chosen = default
        number = 1
        while chosen in self._used_usernames:
            number += 1
            chosen = f"{default}{number}"
        self._used_usernames.add(chosen)
        return chosen


def to_ascii_letters(name: str) -> str:
    """Transliterate a name to a-z."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(ASCII_REPLACEMENTS))
    return re.sub("[^a-z]", "", folded)
