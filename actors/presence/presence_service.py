"""Presence queries and subscriptions, limited to users that the viewer may see.

A viewer sees users that they follow, are followed by, or share a conversation with. All other users are
reported as offline, without a reason.
"""

import asyncio
from collections.abc import Sequence

from actors.delivery.watch_lists import Watcher
from actors.presence.local_presence import OFFLINE, LocalPresence
from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.presence.watch_visibility import VisibleUsers, WatchVisibility
from actors.protocol.errors import invalid_field
from actors.protocol.presence import Presence
from config.limits import PRESENCE_WATCHED_USERS


class PresenceService:
    def __init__(
        self, local: LocalPresence, subscriptions: PresenceSubscriptions, visible_users: VisibleUsers
    ) -> None:
        self.local = local
        self.subscriptions = subscriptions
        self.watch_visibility = WatchVisibility(subscriptions, visible_users)
        self._visible_users = visible_users

    async def get(self, viewer_id: str, user_ids: Sequence[str]) -> list[Presence]:
        """Return the presence of each user, in order. Raises `request.invalid` or `Unavailable`."""
        wanted = _validate_user_ids(user_ids)
        visible = await self._visible_users(viewer_id, wanted)
        presences = await self.subscriptions.get([user_id for user_id in wanted if user_id in visible])
        return _with_offline(wanted, presences)

    async def watch(self, watcher: Watcher, viewer_id: str, user_ids: Sequence[str]) -> list[Presence]:
        """As `get`, and push changes from now on; replaces the watcher's previous list.

        Of concurrent calls for a watcher the last one to start decides.
        """
        wanted = _validate_user_ids(user_ids)
        announced = self.subscriptions.announce_watch(watcher)
        changes_before = self.watch_visibility.change_count
        visible = await self._visible_users(viewer_id, wanted)
        if changes_before != self.watch_visibility.change_count:
            # The check finds the list, which `watch` sets before it waits.
            self.watch_visibility.recheck([viewer_id])
        presences = await self.subscriptions.watch(
            watcher, [user_id for user_id in wanted if user_id in visible], announced
        )
        return _with_offline(wanted, presences)

    def start(self) -> None:
        self.subscriptions.on_lease_lapsed = self.local.republish
        self.subscriptions.start()
        self.local.start()

    async def close(self) -> None:
        await asyncio.gather(self.watch_visibility.close(), self.subscriptions.close(), self.local.close())


def _with_offline(user_ids: Sequence[str], presences: Sequence[Presence]) -> list[Presence]:
    """Return a presence per user id, in order: offline where there is none."""
    by_id = {presence.user_id: presence for presence in presences}
    return [by_id.get(user_id) or Presence(user_id, OFFLINE, None) for user_id in user_ids]


def _validate_user_ids(user_ids: Sequence[str]) -> list[str]:
    if len(user_ids) > PRESENCE_WATCHED_USERS:
        raise invalid_field("user_ids", f"Must have at most {PRESENCE_WATCHED_USERS} entries.", "too_many")
    return list(dict.fromkeys(user_ids))
