"""Presence as people may ask for it: only of those whom they have to do with.

Whoever one follows, is followed by, or shares a conversation with; of anybody else the answer is offline.
Never says why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors.presence.local_presence import OFFLINE, LocalPresence
from actors.presence.presence_subscriptions import PresenceSubscriptions, PresenceWatcher
from actors.protocol.errors import invalid_field
from actors.protocol.presence import Presence
from config.limits import PRESENCE_WATCHED_USERS

VisibleUsers = Callable[[str, Sequence[str]], Awaitable[set[str]]]
"""(viewer, others) -> those of them whom the viewer has to do with, and nobody apart."""


class PresenceService:
    def __init__(
        self, local: LocalPresence, subscriptions: PresenceSubscriptions, visible_users: VisibleUsers
    ) -> None:
        self.local = local
        self.subscriptions = subscriptions
        self._visible_users = visible_users

    async def get(self, viewer_id: str, user_ids: Sequence[str]) -> list[Presence]:
        """How people are now. Raises `Unavailable`."""
        wanted = _validate_user_ids(user_ids)
        known = await self._visible_users(viewer_id, wanted)
        found = {
            one.user_id: one for one in await self.subscriptions.get([one for one in wanted if one in known])
        }
        return [found.get(one) or Presence(one, OFFLINE, None) for one in wanted]

    async def watch(
        self, watcher: PresenceWatcher, viewer_id: str, user_ids: Sequence[str]
    ) -> list[Presence]:
        """As `look`, and hear of changes from now on; replaces the list before."""
        wanted = _validate_user_ids(user_ids)
        known = await self._visible_users(viewer_id, wanted)
        found = await self.subscriptions.watch(watcher, [one for one in wanted if one in known])
        by_id = {one.user_id: one for one in found}
        return [by_id.get(one) or Presence(one, OFFLINE, None) for one in wanted]

    def start(self) -> None:
        self.subscriptions.on_lease_lapsed = self.local.republish
        self.subscriptions.start()

    async def close(self) -> None:
        await asyncio.gather(self.subscriptions.close(), self.local.close())


def _validate_user_ids(user_ids: Sequence[str]) -> list[str]:
    if len(user_ids) > PRESENCE_WATCHED_USERS:
        raise invalid_field("user_ids", f"At most {PRESENCE_WATCHED_USERS} people.", "too_many")
    return list(dict.fromkeys(user_ids))
