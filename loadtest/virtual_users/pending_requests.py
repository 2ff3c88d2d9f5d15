"""Requests of a virtual user without a reply, across connections.

Messages, read marks and the pings of idle connections are resent after a reconnect: messages keep their
`client_id`, the others are idempotent. Other requests are dropped with their connection.
"""

from collections import deque
from typing import Final

QUEUED_REQUESTS_MAX: Final = 10_000


class PendingRequest:
    """`payload` is the whole frame; `resend` requests are sent again after a reconnect."""

    __slots__ = (
        "attempts",
        "client_id",
        "conversation_id",
        "id",
        "intended_us",
        "operation",
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
        self.attempts = 0


class PendingRequests:
    __slots__ = ("_queued", "_sent")

    def __init__(self) -> None:
        self._sent: dict[int, PendingRequest] = {}
        self._queued: deque[PendingRequest] = deque()

    def __len__(self) -> int:
        return len(self._sent) + len(self._queued)

    def mark_sent(self, request: PendingRequest) -> None:
        """Add a request that was sent now."""
        request.attempts += 1
        self._sent[request.id] = request

    def enqueue(self, request: PendingRequest) -> bool:
        """Queue the request for the next connection; False if the queue is full."""
        if len(self._queued) >= QUEUED_REQUESTS_MAX:
            return False
        self._queued.append(request)
        return True

    def pop_answered(self, request_id: object) -> PendingRequest | None:
        """Remove and return the request with that id; None if there is none."""
        return self._sent.pop(request_id, None) if isinstance(request_id, int) else None

    def on_connection_lost(self) -> int:
        """Queue requests to resend, in order; return the number of dropped ones."""
        sent = list(self._sent.values())
        self._sent.clear()
        kept = [request for request in sent if request.resend]
        self._queued.extendleft(reversed(kept))
        return len(sent) - len(kept)

    def take_queued(self) -> list[PendingRequest]:
        """Remove and return the queued requests."""
        queued = list(self._queued)
        self._queued.clear()
        return queued
