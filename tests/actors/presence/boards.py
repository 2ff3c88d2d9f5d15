"""A board and a store in the test's hand: they keep what they are told, and may be away."""

from collections.abc import Mapping, Sequence

from storage.errors import Unavailable
from storage.records.presence import LastSeen, PresenceRecord


class RecordingBoard:
    """A `PresenceBoard` of one process."""

    def __init__(self) -> None:
        self.said: list[dict[str, str | None]] = []
        self.states: dict[str, str] = {}
        self.living = ["here"]
        self.left: list[str] = []
        self.away = False

    async def beat(self, instance: str) -> list[str]:
        self._reach()
        return list(self.living)

    async def put(self, instance: str, states: Mapping[str, str | None]) -> None:
        self._reach()
        self.said.append(dict(states))
        for user_id, state in states.items():
            if state is None:
                self.states.pop(user_id, None)
            else:
                self.states[user_id] = state

    async def look(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        self._reach()
        return [PresenceRecord(one, self.states.get(one, "offline")) for one in user_ids]

    async def bury(self, instance: str) -> list[str]:
        self._reach()
        left, self.left = self.left, []
        return left

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("told to be away")


class RecordingSeen:
    """A `LastSeenStore`."""

    def __init__(self) -> None:
        self.noted: dict[str, LastSeen] = {}

    async def note_seen(self, seen: Sequence[LastSeen]) -> None:
        self.noted.update({one.user_id: one for one in seen})

    async def last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        return {one: self.noted[one].last_seen_ms for one in user_ids if one in self.noted}
