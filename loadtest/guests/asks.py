"""What a guest has asked and not been answered yet, across connections.

A message is asked again after a reconnect, with the same `client_id`; a mark of reading too, for it does no
harm. Everything else is dropped with its connection. It never keeps more than it is allowed to.
"""

from collections import deque
from typing import Final

ASKS_WAITING: Final = 10_000


class Ask:
    """`payload` is the whole frame; `again` whether it is said again after a reconnect."""

    __slots__ = (
        "again", "client_id", "conversation_id", "id", "intended_us", "kind", "order", "payload", "tries",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        kind: str,
        payload: bytes,
        intended_us: int,
        *,
        again: bool = False,
        conversation_id: str = "",
        client_id: str = "",
    ) -> None:
        self.id = number
        self.kind = kind
        self.payload = payload
        self.intended_us = intended_us
        self.again = again
        self.conversation_id = conversation_id
        self.client_id = client_id
        self.order = 0
        self.tries = 0


class Asks:
    __slots__ = ("_said", "_waiting")

    def __init__(self) -> None:
        self._said: dict[int, Ask] = {}
        self._waiting: deque[Ask] = deque()

    def __len__(self) -> int:
        return len(self._said) + len(self._waiting)

    def said(self, ask: Ask) -> None:
        """It is on its way to the server."""
        ask.tries += 1
        self._said[ask.id] = ask

    def wait(self, ask: Ask) -> bool:
        """Keep it until there is a connection; False where too much waits already."""
        if len(self._waiting) >= ASKS_WAITING:
            return False
        self._waiting.append(ask)
        return True

    def answered(self, number: object) -> Ask | None:
        """The ask that this answers; None for an answer to nothing that was asked."""
        return self._said.pop(number, None) if isinstance(number, int) else None

    def lost(self) -> int:
        """The connection is gone: what may be said again waits, in its order; answers how much may not."""
        said = list(self._said.values())
        self._said.clear()
        kept = [ask for ask in said if ask.again]
        self._waiting.extendleft(reversed(kept))
        return len(said) - len(kept)

    def due(self) -> list[Ask]:
        """What waited for a connection."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting
