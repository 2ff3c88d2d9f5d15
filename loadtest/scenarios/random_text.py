"""Generates seeded random sentences of about the requested length."""

import random
from typing import Final

VOCABULARY: Final = (
    "after",
    "all",
    "along",
    "another",
    "around",
    "because",
    "before",
    "bridge",
    "bring",
    "carry",
    "come",
    "corner",
    "early",
    "evening",
    "every",
    "field",
    "find",
    "garden",
    "give",
    "half",
    "harbour",
    "heard",
    "hope",
    "house",
    "know",
    "late",
    "letter",
    "light",
    "little",
    "market",
    "maybe",
    "morning",
    "never",
    "nobody",
    "often",
    "other",
    "paper",
    "perhaps",
    "quite",
    "rain",
    "river",
    "road",
    "same",
    "seen",
    "should",
    "since",
    "slowly",
    "some",
    "soon",
    "still",
    "street",
    "table",
    "thank",
    "there",
    "think",
    "through",
    "today",
    "together",
    "tomorrow",
    "train",
    "under",
    "until",
    "walk",
    "water",
    "weather",
    "while",
    "window",
    "winter",
    "without",
    "year",
)


class RandomText:
    def __init__(self, characters: int, rng: random.Random) -> None:
        self._characters = characters
        self._rng = rng

    def sentence(self) -> str:
        """Return words until they reach a random 50 to 150 % of the requested length; at least one."""
        target = self._characters * (0.5 + self._rng.random())
        words = [self._rng.choice(VOCABULARY)]
        size = len(words[0])
        while size < target:
            word = self._rng.choice(VOCABULARY)
            words.append(word)
            size += len(word) + 1
        return " ".join(words)
