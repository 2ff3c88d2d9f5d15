"""Makes notifications of what the other services tell.

Nobody is notified of their own doings, nor of those of somebody they have a block with. Each occasion is
told once, whatever is read again. It never decides whether a device hears it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import msgspec

from actors.notifications import notices
from actors.notifications.notifications import Notifications
from actors.notifications.teller import Teller
from actors.people.people import People
from actors.protocol.objects import UserCard
from actors.social.relations import Relations
from actors.sync.happenings import (
    BlockCreated,
    CommentCreated,
    EventInvited,
    EventUpdated,
    FollowCreated,
    Happening,
    PostLiked,
    RsvpPromoted,
    happening,
)
from storage.contracts.events import RsvpStore
from storage.contracts.notifications import NotificationStore
from storage.records.domain_events import CursorUpdate, OutboxEvent
from storage.records.notifications import NewNotification

ANSWERERS_AT_ONCE = 1000


class Acquaintance(msgspec.Struct, frozen=True):
    """Of those who do something and those to whom it is done: who is who, and who is apart from whom."""

    cards: Mapping[str, UserCard]
    parted: AbstractSet[tuple[str, str]]

    def by(self, sender_id: str, recipient_id: str) -> UserCard | None:
        """Who did it, if the recipient is to know."""
        if sender_id == recipient_id or (sender_id, recipient_id) in self.parted:
            return None
        return self.cards.get(sender_id) if recipient_id in self.cards else None


class Notifier:
    """A `Consumer` of one service's feed."""

    def __init__(
        self,
        service: str,
        store: NotificationStore,
        people: People,
        relations: Relations,
        rsvps: RsvpStore,
        teller: Teller,
        notifications: Notifications,
        event_changed: Callable[[str, Sequence[str]], None],
    ) -> None:
        self._service = service
        self._store = store
        self._people = people
        self._relations = relations
        self._rsvps = rsvps
        self._teller = teller
        self._notifications = notifications
        self._event_changed = event_changed

    @property
    def name(self) -> str:
        return f"notifications.{self._service}"

    async def take(self, events: Sequence[OutboxEvent], step: CursorUpdate | None) -> None:
        made: list[NewNotification] = []
        told = [(event, happening(event)) for event in events]
        acquaintance = await self._acquaintance([pair for _, what in told if (pair := _pair(what))])
        for event, what in told:
            if isinstance(what, BlockCreated):
                # What was made before it is taken in first, or it would stay.
                await self._store.add(made, None)
                made = []
                await self._part(what.blocker_id, what.blocked_id)
            async for notice in self._notices(event, what, acquaintance):
                made.append(notice)
                if len(made) >= ANSWERERS_AT_ONCE:
                    # An event with many who answered: told once each, so it may come again.
                    await self._store.add(made, None)
                    self._teller.wake()
                    made = []
        await self._store.add(made, step)
        if made:
            self._teller.wake()

    async def anew(self) -> None:
        """Sources are the senders' ids and those of things: what comes again was told already."""

    async def _part(self, one: str, other: str) -> None:
        for recipient_id, ids in (await self._store.remove_between(one, other)).items():
            await self._notifications.dropped(recipient_id, ids)

    async def _acquaintance(self, pairs: Sequence[tuple[str, str]]) -> Acquaintance:
        """Ask for all of a batch at once."""
        if not pairs:
            return Acquaintance({}, frozenset())
        parted = await self._relations.parted(pairs)
        return Acquaintance(await self._people.known(sorted(set(chain(*pairs)))), parted)

    async def _notices(
        self, event: OutboxEvent, what: Happening | None, acquaintance: Acquaintance
    ) -> AsyncIterator[NewNotification]:
        match what:
            case FollowCreated() as follow:
                by = acquaintance.by(follow.follower_id, follow.following_id)
                if by is not None:
                    yield notices.followed(follow.following_id, by)
            case PostLiked() as like:
                by = acquaintance.by(like.user_id, like.author_id)
                if by is not None:
                    yield notices.liked(like.author_id, by, like.post_id)
            case CommentCreated() as comment:
                by = acquaintance.by(comment.user_id, comment.author_id)
                if by is not None:
                    yield notices.commented(comment.author_id, by, comment.post_id, comment.id)
            case EventInvited() as invite:
                by = acquaintance.by(invite.inviter_id, invite.user_id)
                if by is not None:
                    yield notices.invited(invite.user_id, by, invite.event_id, invite.title)
            case RsvpPromoted() as promoted:
                yield notices.promoted(promoted.user_id, promoted.event_id, promoted.title, _occasion(event))
            case EventUpdated() as updated:
                async for user_id, by in self._answerers(updated):
                    yield notices.event_changed(user_id, by, updated.id, updated.title, _occasion(event))
            case _:
                return

    async def _answerers(self, updated: EventUpdated) -> AsyncIterator[tuple[str, UserCard]]:
        by = (await self._people.known([updated.creator_id])).get(updated.creator_id)
        if by is None:
            return
        hidden = set(await self._relations.hidden(by.id))
        after = ""
        while some := await self._rsvps.list_users_to_notify(updated.id, after, ANSWERERS_AT_ONCE):
            told = [user_id for user_id in some if user_id != by.id and user_id not in hidden]
            self._event_changed(updated.id, told)
            for user_id in told:
                yield user_id, by
            after = some[-1]


def _pair(what: Happening | None) -> tuple[str, str] | None:
    """Who did it, and to whom."""
    match what:
        case FollowCreated(follower_id=sender_id, following_id=recipient_id):
            return sender_id, recipient_id
        case PostLiked() | CommentCreated():
            return what.user_id, what.author_id
        case EventInvited(inviter_id=sender_id, user_id=recipient_id):
            return sender_id, recipient_id
        case _:
            return None


def _occasion(event: OutboxEvent) -> str:
    """Names one event of a feed, also after a restore has begun the numbers anew."""
    return f"{event.id}@{event.created_at.timestamp():.6f}"
