"""The ids that log lines carry: those of the request, session, conversation and trace being worked on.

A request and a command that runs concurrently each have a context. What they start inherits it. Event loop
callbacks that serve many callers are scheduled with an empty `contextvars.Context`, so that no line names the
caller that came first.
"""

from contextvars import ContextVar
from typing import Final

from structlog.typing import EventDict, WrappedLogger

log_context: Final[ContextVar[dict[str, str] | None]] = ContextVar("log_context", default=None)
"""Ids by field name, as `request_id`. The dictionary belongs to the context and may be extended."""


def add_log_ids(**ids: str) -> None:
    """Add ids to the lines of the current context, if it has one."""
    context = log_context.get()
    if context is not None:
        context.update(ids)


def add_log_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the current context to a log event. Fields of the event itself take precedence."""
    context = log_context.get()
    return {**context, **event} if context else event
