"""Random choices that are the same for the same seed on every machine. Not for secrets."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


def seeded_random(seed: int, area: str) -> random.Random:
    """Return a generator for one area, so that changes in one area do not affect the others."""
    return random.Random(f"convene/{seed}/{area}")  # noqa: S311 - sample data, no secrets


def round_randomly(value: float, rng: random.Random) -> int:
    """Round up or down at random, so that the mean is `value`."""
    return int(value + rng.random())


def sample_up_to(items: Sequence[Item], count_max: int, rng: random.Random) -> list[Item]:
    """Return up to `count_max` different items in random order."""
    return rng.sample(items, min(count_max, len(items)))


class ShuffledCycle(Generic[Item]):
    """Draws items in random order; an item is repeated only after all others."""

    def __init__(self, items: Iterable[Item], rng: random.Random) -> None:
        self._items = list(items)
        rng.shuffle(self._items)

    def draw(self, predicate: Callable[[Item], bool] = lambda _item: True) -> Item:
        """Return the next item that matches, or else the next one, and move it to the end."""
        index = next((index for index, item in enumerate(self._items) if predicate(item)), 0)
        item = self._items.pop(index)
        self._items.append(item)
        return item
