"""The interface of distributed tracing: a message has one trace, from its command to its deliveries.

    start_message -> append_started -> append_ended -> bus (`traceparent`) -> start_delivery on each instance
    -> end

Without tracing there is no implementation, and callers test for None.
"""

from typing import Protocol


class MessageTrace(Protocol):
    """The trace of one command. The methods do not wait and do not raise."""

    @property
    def traceparent(self) -> str:
        """The context for other instances, as in W3C Trace Context."""

    @property
    def trace_id(self) -> str:
        """The id of the trace, for log lines: 32 hexadecimal digits."""

    def append_started(self) -> None:
        """The entry was passed to the log writer. May be called again after a conflict."""

    def append_ended(self, *, is_stored: bool) -> None:
        """The log writer has finished with the entry. `end` does this for one that was not stored."""

    def end(self, outcome: str, seq: int = 0) -> None:
        """The command is answered. `outcome`: `stored`, `duplicate`, `unchanged`, or the code of an error."""


class DeliveryTrace(Protocol):
    """The delivery of one entry to the sessions of one instance."""

    def end(self, sessions: int) -> None:
        """The loop tick in which the entry reached the room has ended. `sessions`: those in the room.

        The entry was written to their connections, or waits: in a send queue, for the flush of a large room
        that pauses, or for the entries before it.
        """


class MessageTracing(Protocol):
    def start_message(self, conversation_id: str, parent: str) -> MessageTrace | None:
        """Start a trace, or continue that of `parent`, a `traceparent`. None if it is not sampled."""

    def start_delivery(
        self, traceparent: str, conversation_id: str, seq: int, *, is_remote: bool
    ) -> DeliveryTrace | None:
        """Continue a trace on this instance. None for a malformed `traceparent`."""
