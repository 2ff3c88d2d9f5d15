"""Fills the slots of text templates. One filler uses the same word for a slot everywhere."""

import random
import re
from typing import Final

from examples.demo.seeded_random import ShuffledCycle
from examples.demo.topic import Topic

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SLOT: Final = re.compile(r"(^|[.!?] )?\{(\w+)\}")


class SlotWords:
    """The words of a topic; each is used before any is repeated."""

    def __init__(self, topic: Topic, rng: random.Random) -> None:
        self._decks = {
            slot: ShuffledCycle(words, rng) for slot, words in {**topic.words, "day": DAYS}.items()
        }

    def make_filler(self, **known: str) -> "SlotFiller":
        """Return a filler for a text and its replies, with preset words."""
        return SlotFiller(self, known)

    def draw(self, slot: str) -> str:
        return self._decks[slot].draw()


class SlotFiller:
    def __init__(self, words: SlotWords, known: dict[str, str]) -> None:
        self._words = words
        self._known = known

    def fill(self, text: str) -> str:
        """Return the text with its slots filled; the first letter of a sentence is capitalized."""
        return SLOT.sub(self._replace_slot, text)

    def _replace_slot(self, match: re.Match[str]) -> str:
        before, slot = match[1], match[2]
        word = self._known.get(slot) or self._known.setdefault(slot, self._words.draw(slot))
        return word if before is None else before + word[0].upper() + word[1:]
