"""What answers each command of the socket: its `ok` with a result of its own, or an `error`.

The one place where a command and its result are named together. Never decides which of them comes.
"""

from typing import Final, get_args

from msgspec import Struct

from actors.protocol.commands import (
    AddReaction,
    Authenticate,
    Command,
    DeleteMessage,
    EditMessage,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
    Typing,
    WatchPresence,
)
from actors.protocol.server_frames import (
    ChangeResult,
    Empty,
    Error,
    Ok,
    PingResult,
    ReadResult,
    Ready,
    Resync,
    SendResult,
    WatchResult,
)

COMMANDS: Final[tuple[type[Struct], ...]] = get_args(Command)
_SUCCESS_REPLIES: Final[dict[type[Struct], tuple[type[Struct], ...]]] = {
    # Where the upgrade bore the token, what is left to ask is to resume.
    Authenticate: (Ready, Resync),
    SendMessage: (Ok[SendResult],),
    EditMessage: (Ok[ChangeResult],),
    DeleteMessage: (Ok[ChangeResult],),
    AddReaction: (Ok[ChangeResult],),
    RemoveReaction: (Ok[ChangeResult],),
    ReadConversation: (Ok[ReadResult],),
    Typing: (Ok[Empty],),
    SetPresence: (Ok[Empty],),
    WatchPresence: (Ok[WatchResult],),
    Ping: (Ok[PingResult],),
}


def replies_to(command: type[Struct]) -> tuple[type[Struct], ...]:
    """The frames of which one answers a command."""
    if command not in _SUCCESS_REPLIES:
        raise ValueError(f"No answer to {command.__name__} is published.")
    return (*_SUCCESS_REPLIES[command], Error)
