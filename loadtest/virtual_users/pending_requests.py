"""What a guest has asked and not been answered yet, across connections.

A message is asked again after a reconnect, with the same `client_id`; a mark of reading too, for it does no
harm. Everything else is dropped with its connection. It never keeps more than it is allowed to.
"""

from collections import deque
from typing import Final

QUEUED_REQUESTS_MAX: Final = 10_000


class PendingRequest:
    """`payload` is the whole frame; `again` whether it is said again after a reconnect."""

    __slots__ = (
        "attempts",
        "client_id",
        "conversation_id",
        "id",
        "intended_us",
        "operation",
        "order",
        "payload",
        "resend",
    )  # fmt: skip

    def __init__(
        self,
        request_id: int,
        operation: str,
        payload: bytes,
        intended_us: int,
        *,
        resend: bool = False,
        conversation_id: str = "",
        client_id: str = "",
    ) -> None:
        self.id = request_id
        self.operation = operation
        self.payload = payload
        self.intended_us = intended_us
        self.resend = resend
        self.conversation_id = conversation_id
        self.client_id = client_id
        self.order = 0
        self.attempts = 0


class PendingRequests:
    __slots__ = ("_queued", "_sent")

    def __init__(self) -> None:
        self._sent: dict[int, PendingRequest] = {}
        self._queued: deque[PendingRequest] = deque()

    def __len__(self) -> int:
        return len(self._sent) + len(self._queued)

    def mark_sent(self, request: PendingRequest) -> None:
        """It is on its way to the server."""
        request.attempts += 1
        self._sent[request.id] = request

    def enqueue(self, request: PendingRequest) -> bool:
        """Keep it until there is a connection; False where too much waits already."""
        if len(self._queued) >= QUEUED_REQUESTS_MAX:
            return False
        self._queued.append(request)
        return True

    def pop_answered(self, request_id: object) -> PendingRequest | None:
        """The ask that this answers; None for an answer to nothing that was asked."""
        return self._sent.pop(request_id, None) if isinstance(request_id, int) else None

    def on_connection_lost(self) -> int:
        """The connection is gone: what may be said again waits, in its order; answers how much may not."""
        said = list(self._sent.values())
        self._sent.clear()
        kept = [ask for ask in said if ask.resend]
        self._queued.extendleft(reversed(kept))
        return len(said) - len(kept)

    def take_queued(self) -> list[PendingRequest]:
        """What waited for a connection."""
        waiting = list(self._queued)
        self._queued.clear()
        return waiting
