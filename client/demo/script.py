"""Conversations written down as a play: a letter for who speaks, then what is said.

    A Is anybody coming?
    B^1 Me, and {C} too        answers line 1; {C} is the first name of C
    A {@C} really?             mentions C

Never invents a line.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from client.demo.people import Person
from client.demo.phrases import Filling

LINE: Final = re.compile(r"([A-F])(?:\^(\d+))? (.+)")
NAME: Final = re.compile(r"\{(@?)([A-F])\}")


class Line(msgspec.Struct, frozen=True):
    """`speaker` and `mentions` are numbers of people, `reply_to` is the index of an earlier line."""

    speaker: int
    content: str
    mentions: tuple[int, ...] = ()
    reply_to: int | None = None


def voices(lines: str) -> int:
    """How many people a script needs."""
    return len({found[1] for found in LINE.finditer(lines)})


def performed(lines: str, cast: Sequence[Person], filling: Filling) -> tuple[Line, ...]:
    """The lines as these people say them; `cast` may be short, then fewer people say more."""
    said: list[Line] = []
    for found in LINE.finditer(lines):
        speaker = _who(cast, found[1])
        mentioned = [_who(cast, name) for mark, name in NAME.findall(found[3]) if mark]

        def name(match: re.Match[str]) -> str:
            person = _who(cast, match[2])
            return f"@{person.username}" if match[1] else person.first_name

        text = filling.fill(NAME.sub(name, found[3]))
        said.append(
            Line(
                speaker=speaker.number,
                content=speaker.says(text),
                mentions=tuple(dict.fromkeys(one.number for one in mentioned if one != speaker)),
                reply_to=None if found[2] is None else int(found[2]) - 1,
            )
        )
    return tuple(said)


def _who(cast: Sequence[Person], letter: str) -> Person:
    return cast[(ord(letter) - ord("A")) % len(cast)]
