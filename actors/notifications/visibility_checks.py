"""Withdraws notifications about posts and events that their recipients can no longer see.

    follow ended, block, private account -> check of the user -> pages -> notifications withdrawn

Lists of notifications omit those about posts immediately; this corrects the unread counts.
`VisibilityCheckConsumer` only stores which users to check. `VisibilityCheckJob` checks page by page, and
stores after each page how far it is, so that another instance continues from there. After a block,
`EventBlockConsumer` adds the checks of both users again, once the Event service has copied the block.
"""

from collections.abc import Callable, Sequence
from typing import Final, assert_never

from actors.domain_events.event_types import AccountMadePrivate, BlockCreated, FollowDeleted, decode_event
from actors.notifications.notifications import Notifications, event_of, post_of
from actors.posts.visibility import ANONYMOUS_VIEWER_ID, PostVisibilityChecker
from actors.protocol.notification_objects import TYPES_ABOUT_POSTS
from actors.runtime.periodic_job import PeriodicJob
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.events import Attendee, EventStore
from storage.contracts.locks import Locks
from storage.contracts.notifications import NotificationStore
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import PUBLIC, PostStore
from storage.contracts.visibility_checks import CheckKind, VisibilityCheck, VisibilityCheckStore

POSTS_PER_STEP: Final = 200
NOTIFICATIONS_PER_READ: Final = 500
INTERVAL_S: Final = 2.0
LOCK: Final = "notifications.visibility_checks"


class VisibilityCheckConsumer:
    """A `Consumer` of the Social service's events. `on_added()` is called after checks were added."""

    # The key of a cursor is the same in every release.
    name = "notifications.hidden_posts"

    def __init__(self, checks: VisibilityCheckStore, on_added: Callable[[], None]) -> None:
        self._checks = checks
        self._on_added = on_added

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        added: dict[tuple[CheckKind, str], None] = {}
        for event in events:
            match decode_event(event):
                case FollowDeleted(follower_id=user_id):
                    added[CheckKind.RECIPIENT, user_id] = None
                case BlockCreated(blocker_id=blocker_id, blocked_id=blocked_id):
                    added[CheckKind.RECIPIENT, blocker_id] = None
                    added[CheckKind.RECIPIENT, blocked_id] = None
                case AccountMadePrivate(user_id=user_id):
                    added[CheckKind.AUTHOR, user_id] = None
        await self._checks.add(list(added), cursor_update)
        if added:
            self._on_added()

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: a repeated check has no effect."""


class VisibilityCheckJob:
    """Runs on every instance; the one that holds the lock does the checks."""

    def __init__(
        self,
        checks: VisibilityCheckStore,
        locks: Locks,
        notifications: NotificationStore,
        notification_service: Notifications,
        posts: PostStore,
        post_visibility: PostVisibilityChecker,
        events: EventStore,
    ) -> None:
        self._checks = checks
        self._locks = locks
        self._store = notifications
        self._notifications = notification_service
        self._posts = posts
        self._post_visibility = post_visibility
        self._events = events
        self._job = PeriodicJob(
            "withdrawal of notifications about invisible posts and events", self.run, INTERVAL_S
        )

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        """Stop at once. What is not finished is continued by another instance."""
        await self._job.close()

    def wake(self) -> None:
        """Run soon."""
        self._job.wake()

    async def run(self) -> None:
        """Take steps until no check is left, if this instance holds the lock. Raises `StorageError`."""
        while await self._locks.try_acquire(LOCK) and (check := await self._checks.next()) is not None:
            await self._checks.advance(check, await self._step(check))

    async def _step(self, check: VisibilityCheck) -> PageKey | None:
        """Check one page. Returns the key before which the next page starts; None after the last page."""
        match check.kind:
            case CheckKind.AUTHOR:
                return await self._check_posts_of(check.user_id, check.before)
            case CheckKind.RECIPIENT:
                return await self._check_notifications_of(check.user_id, check.before)
            case _:
                assert_never(check.kind)

    async def _check_posts_of(self, author_id: str, before: PageKey | None) -> PageKey | None:
        # The followers who see posts for followers also see those of a private account.
        posts = await self._posts.by_author(
            author_id, before, ANONYMOUS_VIEWER_ID, [PUBLIC], POSTS_PER_STEP, with_reposts=False
        )
        post_ids = [post.id for post in posts]
        types = [kind.value for kind in TYPES_ABOUT_POSTS]
        after = ("", "")
        while pairs := await self._store.list_recipients(
            post_ids, types, author_id, after, NOTIFICATIONS_PER_READ
        ):
            await self._withdraw_invisible([(recipient_id, post_id) for post_id, recipient_id in pairs])
            after = pairs[-1]
        if len(posts) < POSTS_PER_STEP:
            return None
        return to_microseconds(posts[-1].created_at), posts[-1].id

    async def _check_notifications_of(self, recipient_id: str, before: PageKey | None) -> PageKey | None:
        records = await self._store.page(recipient_id, before, (), NOTIFICATIONS_PER_READ, unread_only=False)
        await self._withdraw_invisible(
            [(recipient_id, post_id) for record in records if (post_id := post_of(record))]
        )
        events = {event_id: None for record in records if (event_id := event_of(record))}
        for one in await self._events.invisible_among([Attendee(one, recipient_id) for one in events]):
            await self._withdraw([recipient_id], one.event_id)
        if len(records) < NOTIFICATIONS_PER_READ:
            return None
        return to_microseconds(records[-1].created_at), records[-1].id

    async def _withdraw_invisible(self, pairs: Sequence[tuple[str, str]]) -> None:
        visible = await self._post_visibility.find_visible(pairs)
        invisible: dict[str, list[str]] = {}
        for recipient_id, post_id in pairs:
            if (recipient_id, post_id) not in visible:
                invisible.setdefault(post_id, []).append(recipient_id)
        for post_id, recipient_ids in invisible.items():
            await self._withdraw(recipient_ids, post_id)

    async def _withdraw(self, recipient_ids: Sequence[str], reference_id: str) -> None:
        deleted = await self._store.remove_about(recipient_ids, reference_id, kept_group_key="")
        await self._notifications.push_removed(deleted)
