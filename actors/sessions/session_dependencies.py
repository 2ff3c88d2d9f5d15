"""What all sessions of an instance share."""

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from actors.accounts.authenticator import Authenticator
from actors.conversations.conversations import Conversations
from actors.posts.post_subscriptions import PostSubscriptions
from actors.presence.presence_service import PresenceService
from actors.runtime.black_box import BlackBoxes
from actors.sessions.online_users import OnlineUsers
from actors.sessions.stream_recovery import StreamRecovery
from actors.sessions.typing_indicators import TypingIndicators
from config.limits import Limits


@dataclass(frozen=True, slots=True)
class SessionDependencies:
    authenticator: Authenticator
    conversations: Conversations
    online_users: OnlineUsers
    stream_recovery: StreamRecovery
    presence: PresenceService | None
    post_subscriptions: PostSubscriptions
    typing_indicators: TypingIndicators
    count_unread: Callable[[str], Awaitable[int]]
    limits: Limits
    encode_frame: Callable[[bytes], bytes]
    black_boxes: BlackBoxes
    session_numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Numbers of sessions, which are the keys of their black boxes."""
    command_counts: Counter[str] = field(default_factory=Counter)
    """Commands of authenticated clients since the start, by `type`."""
