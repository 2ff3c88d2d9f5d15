"""Puts numbered items in order: the next one is delivered, later ones are held, earlier ones are dropped.

    next(n)       n follows the position: the caller delivers it, then the items that `pop_next` returns
    hold(n, item) n leaves a gap: the item waits, and the caller reads the missing items

Items read to fill a gap pass through `next` and `hold` as well.
"""

from typing import Generic, TypeVar

Item = TypeVar("Item")

NOT_STARTED = -1
HELD_ITEMS_MAX = 1000
"""Items held per buffer; more are dropped, and read again from the store."""


class SequenceBuffer(Generic[Item]):
    """The position up to which items were delivered, and items that arrived early.

    Before `start` no item is next, and all are held.
    """

    __slots__ = ("_held", "position")

    def __init__(self) -> None:
        self.position = NOT_STARTED
        # Allocated when needed: most buffers hold nothing.
        self._held: dict[int, Item] | None = None

    @property
    def started(self) -> bool:
        return self.position >= 0

    def start(self, position: int) -> list[Item]:
        """Continue after `position`. Returns the held items in order, for the caller to pass again."""
        self.position = position
        held, self._held = self._held, None
        return [held[number] for number in sorted(held)] if held else []

    def next(self, number: int) -> bool:
        """Advance to `number` if it is the next one. Returns whether the caller must deliver it."""
        if number != self.position + 1 or number == 0:
            return False
        self.position = number
        return True

    def pop_next(self) -> Item | None:
        """Remove and return the held item that follows the position, and advance to it."""
        if self._held is None:
            return None
        item = self._held.pop(self.position + 1, None)
        if item is not None:
            self.position += 1
        if not self._held:
            self._held = None
        return item

    def hold(self, number: int, item: Item) -> bool:
        """Hold a later item. Returns False if `number` was delivered before."""
        if number <= self.position:
            return False
        if self._held is None:
            self._held = {}
        if len(self._held) < HELD_ITEMS_MAX:
            self._held[number] = item
        return True
