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

from examples.demo.plan_users import UserPlan
from examples.demo.text_templates import SlotFiller

LINE_PATTERN: Final = re.compile(r"([A-F])(?:\^(\d+))? (.+)")
NAME_PATTERN: Final = re.compile(r"\{(@?)([A-F])\}")


class DialogLine(msgspec.Struct, frozen=True):
    """`speaker` and `mentions` are numbers of people, `reply_to` is the index of an earlier line."""

    speaker: int
    content: str
    mentions: tuple[int, ...] = ()
    reply_to: int | None = None


def count_speakers(lines: str) -> int:
    """How many people a script needs."""
    return len({found[1] for found in LINE_PATTERN.finditer(lines)})


def assign_lines(lines: str, speakers: Sequence[UserPlan], filler: SlotFiller) -> tuple[DialogLine, ...]:
    """The lines as these people say them; `cast` may be short, then fewer people say more."""
    said: list[DialogLine] = []
    for found in LINE_PATTERN.finditer(lines):
        speaker = _speaker_for(speakers, found[1])
        mentioned = [_speaker_for(speakers, name) for mark, name in NAME_PATTERN.findall(found[3]) if mark]

        def name(match: re.Match[str]) -> str:
            person = _speaker_for(speakers, match[2])
            return f"@{person.username}" if match[1] else person.first_name

        text = filler.fill(NAME_PATTERN.sub(name, found[3]))
        said.append(
            DialogLine(
                speaker=speaker.index,
                content=speaker.apply_writing_style(text),
                mentions=tuple(dict.fromkeys(one.index for one in mentioned if one != speaker)),
                reply_to=None if found[2] is None else int(found[2]) - 1,
            )
        )
    return tuple(said)


def _speaker_for(speakers: Sequence[UserPlan], speaker_letter: str) -> UserPlan:
    return speakers[(ord(speaker_letter) - ord("A")) % len(speakers)]
