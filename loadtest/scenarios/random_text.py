"""What guests write: sentences of about the length that was asked for, from a seed. It means nothing."""

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
        """From half to one and a half times the length, at least one word."""
        wanted = self._characters * (0.5 + self._rng.random())
        said = [self._rng.choice(VOCABULARY)]
        size = len(said[0])
        while size < wanted:
            word = self._rng.choice(VOCABULARY)
            said.append(word)
            size += len(word) + 1
        return " ".join(said)
