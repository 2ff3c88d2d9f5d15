"""Commands that run concurrently; their replies may arrive out of order.

Read marks, typing, presence and counts of posts need no order relative to messages, and wait for stores.
"""

from actors.presence.local_presence import AWAY
from actors.presence.presence_service import PresenceService
from actors.protocol.commands import ReadConversation, SetPresence, Typing, WatchPosts, WatchPresence
from actors.protocol.errors import unavailable
from actors.protocol.results import Empty, ReadResult, WatchPostsResult, WatchResult
from actors.sessions.command_registration import CONVERSATION_ERRORS, CommandSession, concurrent
from actors.sessions.session_dependencies import SessionDependencies

WATCH_PRESENCE_COST = 10
"""Tokens of the user's rate limit: visibility is looked up for up to 200 users."""
WATCH_POSTS_COST = 2
"""Less: a client sends a new list of the few posts on screen while it scrolls."""


async def read_conversation(
    command: ReadConversation, session: CommandSession, dependencies: SessionDependencies
) -> ReadResult:
    state = await dependencies.conversations.mark_read(session.user_id, command.conversation_id, command.seq)
    return ReadResult(state.read_seq, state.unread_count)


async def report_typing(command: Typing, session: CommandSession, dependencies: SessionDependencies) -> Empty:
    await dependencies.typing_indicators.set_typing(
        session.user_id, command.conversation_id, active=command.active
    )
    return Empty()


async def set_presence(
    command: SetPresence, session: CommandSession, dependencies: SessionDependencies
) -> Empty:
    away = command.status == AWAY
    _require_presence(dependencies).local.set_away(session.user_id, session, away=away)
    return Empty()


async def watch_presence(
    command: WatchPresence, session: CommandSession, dependencies: SessionDependencies
) -> WatchResult:
    presence = _require_presence(dependencies)
    try:
        return WatchResult(await presence.watch(session, session.user_id, command.user_ids))
    finally:
        if session.closed:
            # It closed during the wait, so `on_disconnect` ran before the watch was added.
            presence.subscriptions.unwatch(session)


async def watch_posts(
    command: WatchPosts, session: CommandSession, dependencies: SessionDependencies
) -> WatchPostsResult:
    subscriptions = dependencies.post_subscriptions
    try:
        return WatchPostsResult(await subscriptions.watch(session, command.post_ids))
    finally:
        if session.closed:
            # As in `watch_presence`.
            subscriptions.unwatch(session)


CONCURRENT_COMMANDS = (
    concurrent(ReadConversation, read_conversation, errors=CONVERSATION_ERRORS, while_silenced=True),
    concurrent(Typing, report_typing, errors=CONVERSATION_ERRORS),
    concurrent(SetPresence, set_presence, while_silenced=True),
    concurrent(WatchPresence, watch_presence, cost=WATCH_PRESENCE_COST, while_silenced=True),
    concurrent(WatchPosts, watch_posts, cost=WATCH_POSTS_COST, while_silenced=True),
)


def _require_presence(dependencies: SessionDependencies) -> PresenceService:
    if dependencies.presence is None:
        raise unavailable("Presence is not available on this server.")
    return dependencies.presence
