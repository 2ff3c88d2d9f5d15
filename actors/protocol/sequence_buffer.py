"""Puts numbered items in order: the next one is delivered, later ones are held, earlier ones are dropped.

    next(n)       n follows the position: the caller delivers it, then the items that `pop_next` returns
    hold(n, item) n leaves a gap: the item waits, and the caller reads the missing items
    skip_to(n)    the items up to n were delivered otherwise, or do not exist

Items read to fill a gap pass through `next` and `hold` as well. Rooms, user streams and the Python client put
their frames in order this way.
"""

from operator import itemgetter
from typing import Generic, TypeVar

Item = TypeVar("Item")

NOT_STARTED = -1
HELD_ITEMS_MAX = 1000
"""Items held per buffer. More are dropped; the caller reads them to fill the gap."""


class SequenceBuffer(Generic[Item]):
    """The position up to which items were delivered, and items that arrived early.

    Before `start` no item is next, and all are held.
    """

    __slots__ = ("_held", "_held_max", "position")

    def __init__(self, held_max: int = HELD_ITEMS_MAX) -> None:
        self.position = NOT_STARTED
        self._held_max = held_max
        # Allocated when needed: most buffers hold nothing.
        self._held: dict[int, Item] | None = None

    @property
    def started(self) -> bool:
        return self.position >= 0

    def start(self, position: int) -> list[tuple[int, Item]]:
        """Continue after `position`. Returns the held items in order, for the caller to pass again."""
        self.position = position
        held, self._held = self._held, None
        return sorted(held.items(), key=itemgetter(0)) if held else []

    def skip_to(self, number: int) -> None:
        """Advance to `number` if it is ahead, and drop the held items up to it."""
        if number <= self.position:
            return
        self.position = number
        if self._held is not None:
            self._held = {later: item for later, item in self._held.items() if later > number} or None

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
        """Hold a later item; drop it if there are too many. Returns False if it was delivered before."""
        if number <= self.position:
            return False
        if self._held is None:
            self._held = {}
        if len(self._held) < self._held_max:
            self._held[number] = item
        return True
