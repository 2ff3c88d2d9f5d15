"""What all sessions of an instance share. It holds; it does nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.accounts.authenticator import Authenticator
from actors.conversation.conversations import Conversations
from actors.presence.presences import Presences
from actors.session.resuming import Resuming
from actors.session.typing_board import TypingBoard
from config.limits import Limits

if TYPE_CHECKING:
    from actors.session.directory import Directory


@dataclass(frozen=True, slots=True)
class Hall:
    authenticator: Authenticator
    conversations: Conversations
    directory: "Directory"
    resuming: Resuming
    presences: Presences | None
    typing: TypingBoard
    unread: Callable[[str], Awaitable[int]]
    limits: Limits
    framed: Callable[[bytes], bytes]
