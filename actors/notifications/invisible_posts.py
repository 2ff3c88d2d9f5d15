"""Withdraws notifications about posts that their recipients can no longer see.

After a follow ended, a block, or when an account became private. Lists of notifications leave them out at
once; this corrects the unread counts.
"""

from collections.abc import Sequence

from actors.domain_events.event_types import AccountMadePrivate, BlockCreated, FollowDeleted, decode_event
from actors.notifications.notifications import TYPES_ABOUT_POSTS, Notifications
from actors.posts.visibility import PostVisibility
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent
from storage.contracts.notifications import NotificationStore
from storage.contracts.posts import ReactionStore

POSTS_PER_READ = 200


class InvisiblePostConsumer:
    """A `Consumer` of the Social service's events."""

    name = "notifications.hidden_posts"

    def __init__(
        self,
        store: NotificationStore,
        notifications: Notifications,
        post_visibility: PostVisibility,
        reactions: ReactionStore,
        cursors: Cursors,
    ) -> None:
        self._store = store
        self._notifications = notifications
        self._post_visibility = post_visibility
        self._reactions = reactions
        self._cursors = cursors

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        recipients: dict[str, None] = {}
        authors: dict[str, None] = {}
        for event in events:
            match decode_event(event):
                case FollowDeleted(follower_id=user_id):
                    recipients[user_id] = None
                case BlockCreated(blocker_id=one, blocked_id=other):
                    recipients |= {one: None, other: None}
                case AccountMadePrivate(user_id=user_id):
                    authors[user_id] = None
        for user_id in recipients:
            await self._withdraw_from(user_id)
        for user_id in authors:
            await self._withdraw_posts_of(user_id)
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: withdrawing again has no effect."""

    async def _withdraw_from(self, recipient_id: str) -> None:
        types = [kind.value for kind in TYPES_ABOUT_POSTS]
        after = ""
        while post_ids := await self._store.list_references(recipient_id, types, after, POSTS_PER_READ):
            await self._withdraw_hidden([(recipient_id, post_id) for post_id in post_ids])
            after = post_ids[-1]

    async def _withdraw_posts_of(self, author_id: str) -> None:
        after = ""
        while posts := await self._reactions.involved_users(author_id, after, POSTS_PER_READ):
            await self._withdraw_hidden(
                [(user_id, post_id) for post_id, user_ids in posts for user_id in user_ids]
            )
            after = posts[-1][0]

    async def _withdraw_hidden(self, pairs: Sequence[tuple[str, str]]) -> None:
        visible = await self._post_visibility.find_visible(pairs)
        hidden: dict[str, list[str]] = {}
        for recipient_id, post_id in pairs:
            if (recipient_id, post_id) not in visible:
                hidden.setdefault(post_id, []).append(recipient_id)
        for post_id, recipient_ids in hidden.items():
            deleted = await self._store.remove_about(recipient_ids, post_id, kept_group_key="")
            for recipient_id, ids in deleted.items():
                await self._notifications.push_removed(recipient_id, ids)
