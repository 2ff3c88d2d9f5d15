"""Presence as people may ask for it: only of those whom they have to do with.

Whoever one follows, is followed by, or shares a conversation with; of anybody else the answer is offline.
Never says why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors.presence.attendance import OFFLINE, Attendance
from actors.presence.watching import Watcher, Watching
from actors.wire.presence import Presence
from actors.wire.refusal import invalid
from config.limits import WATCHED

Acquainted = Callable[[str, Sequence[str]], Awaitable[set[str]]]
"""(viewer, others) -> those of them whom the viewer has to do with, and nobody apart."""


class Presences:
    def __init__(self, attendance: Attendance, watching: Watching, acquainted: Acquainted) -> None:
        self.attendance = attendance
        self.watching = watching
        self._acquainted = acquainted

    async def look(self, viewer_id: str, user_ids: Sequence[str]) -> list[Presence]:
        """How people are now. Raises `Unavailable`."""
        wanted = _checked(user_ids)
        known = await self._acquainted(viewer_id, wanted)
        found = {
            one.user_id: one for one in await self.watching.look([one for one in wanted if one in known])
        }
        return [found.get(one) or Presence(one, OFFLINE, None) for one in wanted]

    async def watch(self, watcher: Watcher, viewer_id: str, user_ids: Sequence[str]) -> list[Presence]:
        """As `look`, and hear of changes from now on; replaces the list before."""
        wanted = _checked(user_ids)
        known = await self._acquainted(viewer_id, wanted)
        found = await self.watching.watch(watcher, [one for one in wanted if one in known])
        by_id = {one.user_id: one for one in found}
        return [by_id.get(one) or Presence(one, OFFLINE, None) for one in wanted]

    def start(self) -> None:
        self.watching.on_lapse = self.attendance.say_all
        self.watching.start()

    async def close(self) -> None:
        await asyncio.gather(self.watching.close(), self.attendance.close())


def _checked(user_ids: Sequence[str]) -> list[str]:
    if len(user_ids) > WATCHED:
        raise invalid("user_ids", f"At most {WATCHED} people.", "too_many")
    return list(dict.fromkeys(user_ids))
