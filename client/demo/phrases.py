"""Texts with slots, filled in. In one filling a slot has the same word wherever it stands."""

import random
import re
from typing import Final

from client.demo.chance import Deck
from client.demo.topic import Topic

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SLOT: Final = re.compile(r"(^|[.!?] )?\{(\w+)\}")


class Phrases:
    """The words of a topic, each one used before any comes again."""

    def __init__(self, topic: Topic, chance: random.Random) -> None:
        self._decks = {slot: Deck(words, chance) for slot, words in {**topic.words, "day": DAYS}.items()}

    def filling(self, **known: str) -> "Filling":
        """For a text and all that is said about it. `known` slots have the word given."""
        return Filling(self, known)

    def draw(self, slot: str) -> str:
        return self._decks[slot].draw()


class Filling:
    def __init__(self, phrases: Phrases, known: dict[str, str]) -> None:
        self._phrases = phrases
        self._known = known

    def fill(self, text: str) -> str:
        """The text with its words; a word that begins a sentence has a capital."""
        return SLOT.sub(self._word, text)

    def _word(self, found: re.Match[str]) -> str:
        before, slot = found[1], found[2]
        word = self._known.get(slot) or self._known.setdefault(slot, self._phrases.draw(slot))
        return word if before is None else before + word[0].upper() + word[1:]
