"""How a command is executed: its handler, order, rate class, reply and errors.

A command is declared as a struct in `actors.protocol.commands` and registered once, next to its handler:

    message_commands, concurrent_commands -> REGISTRATIONS in `command_registry` -> Session, metrics, AsyncAPI
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Protocol, TypeVar, cast

import msgspec

from actors.delivery.watch_lists import Watcher
from actors.protocol.commands import ClientCommand, FrameId, frame_type, result_type
from actors.protocol.errors import ApiError
from actors.protocol.server_frames import Ok
from actors.sessions.session_dependencies import SessionDependencies
from storage.contracts.user_streams import StreamPosition


class Ordering(StrEnum):
    """When a command starts relative to the other commands of its connection."""

    ORDERED = "ordered"
    """In the order received. Its reply may follow those of later commands."""

    CONCURRENT = "concurrent"
    """In the order received, while earlier ones still run. Replies may arrive out of order."""


class CommandRateClass(Enum):
    """The rate limit that a command counts against: the fields of `Limits` with its rate and its burst."""

    UNLIMITED = ()
    MESSAGES = ("messages_per_s", "messages_burst")


class CommandSession(Watcher, Protocol):
    """The session that sent the command. `push` and `push_error` do nothing once it has closed."""

    @property
    def closed(self) -> bool: ...

    @property
    def silenced_until(self) -> datetime | None: ...

    @property
    def position(self) -> StreamPosition:
        """The last position of the user stream that was delivered to the send queue."""

    def push(self, frame: msgspec.Struct) -> None:
        """Put a frame into the send queue, which drops it only with the connection."""

    def push_error(self, frame_id: FrameId, error: ApiError) -> None:
        """Report that the command with this id failed."""


CommandType = TypeVar("CommandType", bound=ClientCommand[Any])
CommandOutcome = msgspec.Struct | Coroutine[Any, Any, None] | None
"""A result, work that the session waits for before the next frame, or None."""

ERRORS_BEFORE_EXECUTION = ("auth.required", "request.invalid")
"""Errors of every command: without authentication, or of a frame that cannot be decoded."""
CONVERSATION_ERRORS = ("conversation.not_found", "user.blocked", "server.overloaded", "server.unavailable")
"""Errors of every command to a conversation. Those that write add `conversation.read_only`."""


@dataclass(frozen=True, slots=True)
class CommandRegistration:
    """`reply` is the frame that reports success; `errors` are all codes that the command can fail with.

    `run` executes the command, see `ordered` and `concurrent`. `cost` is the number of tokens that it takes
    from the rate limit. `while_silenced` permits it to silenced users.
    """

    frame_type: str
    command: type[msgspec.Struct]
    reply: type[msgspec.Struct]
    ordering: Ordering
    rate_class: CommandRateClass
    errors: tuple[str, ...]
    run: Callable[[Any, Any, SessionDependencies], Any]
    cost: int = 1
    while_silenced: bool = False


def ordered(
    command: type[CommandType],
    run: Callable[[CommandType, CommandSession, SessionDependencies], msgspec.Struct | None],
    *,
    rate_class: CommandRateClass = CommandRateClass.MESSAGES,
    errors: tuple[str, ...] = (),
    while_silenced: bool = False,
) -> CommandRegistration:
    """Register a command that runs in order and does not wait.

    `run` returns the result, or None if a conversation sends the reply later (`replies`). It may raise
    `ApiError`, `MailboxFull` or `Stopped`.
    """
    return CommandRegistration(
        frame_type(command),
        command,
        cast("type[msgspec.Struct]", Ok[result_type(command)]),  # type: ignore[misc]
        Ordering.ORDERED,
        rate_class,
        _all_errors(rate_class, errors, while_silenced=while_silenced),
        run,
        while_silenced=while_silenced,
    )


def concurrent(
    command: type[CommandType],
    run: Callable[[CommandType, CommandSession, SessionDependencies], Coroutine[Any, Any, msgspec.Struct]],
    *,
    errors: tuple[str, ...] = (),
    cost: int = 1,
    while_silenced: bool = False,
) -> CommandRegistration:
    """Register a command that runs concurrently.

    `run` returns the result, or raises `ApiError` or `StorageError`.
    """
    return CommandRegistration(
        frame_type(command),
        command,
        cast("type[msgspec.Struct]", Ok[result_type(command)]),  # type: ignore[misc]
        Ordering.CONCURRENT,
        CommandRateClass.MESSAGES,
        _all_errors(
            CommandRateClass.MESSAGES, (*errors, "server.unavailable"), while_silenced=while_silenced
        ),
        run,
        cost,
        while_silenced,
    )


def _all_errors(
    rate_class: CommandRateClass, errors: tuple[str, ...], *, while_silenced: bool
) -> tuple[str, ...]:
    rate_errors = () if rate_class is CommandRateClass.UNLIMITED else ("rate.limited",)
    silenced_errors = () if while_silenced else ("user.silenced",)
    return tuple(sorted({*ERRORS_BEFORE_EXECUTION, *rate_errors, *silenced_errors, *errors}))
