"""What is left to chance: the same for the same seed, on every machine. Never used for a secret."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Card = TypeVar("Card")


def chance_of(seed: int, area: str) -> random.Random:
    """A source of chance for one area of the town, so that a change in one leaves the others as they are."""
    return random.Random(f"convene/{seed}/{area}")  # noqa: S311 - it decides who likes plum cake


def whole(value: float, chance: random.Random) -> int:
    """A number near `value`, and `value` on average."""
    return int(value + chance.random())


def some_of(cards: Sequence[Card], most: int, chance: random.Random) -> list[Card]:
    """So many different ones in any order, or all where there are fewer."""
    return chance.sample(cards, min(most, len(cards)))


class Deck(Generic[Card]):
    """Cards in an order left to chance, handed out in turn: none comes again before all others did."""

    def __init__(self, cards: Iterable[Card], chance: random.Random) -> None:
        self._cards = list(cards)
        chance.shuffle(self._cards)

    def draw(self, fits: Callable[[Card], bool] = lambda _card: True) -> Card:
        """The first card that fits, else the first of all; it goes to the end."""
        index = next((place for place, card in enumerate(self._cards) if fits(card)), 0)
        card = self._cards.pop(index)
        self._cards.append(card)
        return card
