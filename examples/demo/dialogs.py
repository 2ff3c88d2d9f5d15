"""Dialogs written as scripts: a letter for the speaker, then the text.

A Is anybody coming?
B^1 Me, and {C} too        replies to line 1; {C} is the first name of speaker C
A {@C} really?             mentions speaker C
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
    """`speaker` and `mentions` are user indexes; `reply_to` is the index of an earlier line."""

    speaker: int
    content: str
    mentions: tuple[int, ...] = ()
    reply_to: int | None = None


def count_speakers(lines: str) -> int:
    """Return the number of speakers in a dialog."""
    return len({match[1] for match in LINE_PATTERN.finditer(lines)})


def assign_lines(lines: str, speakers: Sequence[UserPlan], filler: SlotFiller) -> tuple[DialogLine, ...]:
    """Assign the lines to users. With fewer users than speakers, users speak for several."""
    dialog: list[DialogLine] = []
    for match in LINE_PATTERN.finditer(lines):
        speaker = _speaker_for(speakers, match[1])
        mentioned = [_speaker_for(speakers, name) for mark, name in NAME_PATTERN.findall(match[3]) if mark]

        def name(match: re.Match[str]) -> str:
            user = _speaker_for(speakers, match[2])
            return f"@{user.username}" if match[1] else user.first_name

        text = filler.fill(NAME_PATTERN.sub(name, match[3]))
        dialog.append(
            DialogLine(
                speaker=speaker.index,
                content=speaker.apply_writing_style(text),
                mentions=tuple(dict.fromkeys(user.index for user in mentioned if user != speaker)),
                reply_to=None if match[2] is None else int(match[2]) - 1,
            )
        )
    return tuple(dialog)


def _speaker_for(speakers: Sequence[UserPlan], speaker_letter: str) -> UserPlan:
    return speakers[(ord(speaker_letter) - ord("A")) % len(speakers)]
