"""Names for people from many places, and the usernames they would choose. Never the same username twice."""

import random
import re
import unicodedata
from functools import cache
from typing import Final

import msgspec

from client.demo.chance import Deck
from client.demo.topic import TOPICS

MIXED_SHARE: Final = 0.15
PLAIN: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss"})


class Regular(msgspec.Struct, frozen=True):
    """Somebody who is in every town, to log in as."""

    username: str
    display_name: str
    bio: str
    topics: tuple[str, ...]
    renown: float


class Family(msgspec.Struct, frozen=True):
    """Names of one language, or of neighbours."""

    first: tuple[str, ...]
    last: tuple[str, ...]


class Names(msgspec.Struct, frozen=True):
    regulars: tuple[Regular, ...]
    families: tuple[Family, ...]
    jobs: tuple[str, ...]
    quirks: tuple[str, ...]


class Named(msgspec.Struct, frozen=True):
    username: str
    display_name: str


@cache
def read_names() -> Names:
    return msgspec.toml.decode((TOPICS / "names.toml").read_bytes(), type=Names)


class Register:
    """Gives out names; families mix now and then, as they do."""

    def __init__(self, names: Names, chance: random.Random) -> None:
        self._chance = chance
        self._families = Deck(((family, Deck(family.first, chance)) for family in names.families), chance)
        self._last = [last for family in names.families for last in family.last]
        self._taken = {regular.username for regular in names.regulars}
        self._called = {regular.display_name for regular in names.regulars}

    def next(self) -> Named:
        family, firsts = self._families.draw()
        first = firsts.draw()
        last = self._chance.choice(self._last if self._chance.random() < MIXED_SHARE else family.last)
        if f"{first} {last}" in self._called:
            last = self._chance.choice(self._last)
        self._called.add(f"{first} {last}")
        return Named(self._username(first, last), f"{first} {last}")

    def _username(self, first: str, last: str) -> str:
        given, name = plain(first), plain(last)
        usual = f"{given}.{name}"
        chosen = self._chance.choice(
            (usual, usual, usual, f"{given}_{name}", f"{given[0]}{name}", f"{name}.{given}")
        )
        if chosen in self._taken:
            chosen = usual
        number = 1
        while chosen in self._taken:
            number += 1
            chosen = f"{usual}{number}"
        self._taken.add(chosen)
        return chosen


def plain(name: str) -> str:
    """A name in a to z."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(PLAIN))
    return re.sub("[^a-z]", "", folded)
