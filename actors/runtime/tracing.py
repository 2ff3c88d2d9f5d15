"""The interface of distributed tracing: one message is one trace, from its command to its deliveries.

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
        """The log writer has finished with the entry."""

    def end(self, outcome: str, seq: int = 0) -> None:
        """The command is answered: `stored`, `duplicate`, or the code of an error."""


class DeliveryTrace(Protocol):
    """The delivery of one entry to the sessions of one instance."""

    def end(self, sessions: int) -> None:
        """The entry was written to the connections of `sessions`, or waits in their send queues."""


class MessageTracing(Protocol):
    def start_message(self, conversation_id: str, parent: str) -> MessageTrace | None:
        """Start a trace, or continue that of `parent`, a `traceparent`. None if it is not sampled."""

    def start_delivery(
        self, traceparent: str, conversation_id: str, seq: int, *, is_remote: bool
    ) -> DeliveryTrace | None:
        """Continue a trace on this instance. None for a malformed `traceparent`."""
