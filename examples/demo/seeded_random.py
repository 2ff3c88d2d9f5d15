"""What is left to chance: the same for the same seed, on every machine. Never used for a secret."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Card = TypeVar("Card")


def seeded_random(seed: int, area: str) -> random.Random:
    """A source of chance for one area of the town, so that a change in one leaves the others as they are."""
    return random.Random(f"convene/{seed}/{area}")  # noqa: S311 - it decides who likes plum cake


def round_randomly(value: float, rng: random.Random) -> int:
    """A number near `value`, and `value` on average."""
    return int(value + rng.random())


def sample_up_to(items: Sequence[Card], count_max: int, rng: random.Random) -> list[Card]:
    """So many different ones in any order, or all where there are fewer."""
    return rng.sample(items, min(count_max, len(items)))


class ShuffledCycle(Generic[Card]):
    """Cards in an order left to chance, handed out in turn: none comes again before all others did."""

    def __init__(self, items: Iterable[Card], rng: random.Random) -> None:
        self._items = list(items)
        rng.shuffle(self._items)

    def draw(self, predicate: Callable[[Card], bool] = lambda _card: True) -> Card:
        """The first card that fits, else the first of all; it goes to the end."""
        index = next((place for place, card in enumerate(self._items) if predicate(card)), 0)
        card = self._items.pop(index)
        self._items.append(card)
        return card
