"""What all sessions of an instance share. It holds; it does nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.accounts.authenticator import Authenticator
from actors.conversation.conversations import Conversations
from actors.presence.presences import PresenceService
from actors.session.resuming import StreamRecovery
from actors.session.typing_board import TypingIndicators
from config.limits import Limits

if TYPE_CHECKING:
    from actors.session.directory import OnlineUsers


@dataclass(frozen=True, slots=True)
class SessionServices:
    authenticator: Authenticator
    conversations: Conversations
    online_users: "OnlineUsers"
    stream_recovery: StreamRecovery
    presence: PresenceService | None
    typing_indicators: TypingIndicators
    count_unread: Callable[[str], Awaitable[int]]
    limits: Limits
    encode_frame: Callable[[bytes], bytes]
