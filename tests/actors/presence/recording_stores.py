"""A board and a store in the test's hand: they keep what they are told, and may be away."""

from collections.abc import Mapping, Sequence

from storage.contracts.presence import LastSeen, PresenceRecord
from storage.errors import Unavailable


class RecordingPresenceStore:
    """A `PresenceBoard` of one process."""

    def __init__(self) -> None:
        self.published: list[dict[str, str | None]] = []
        self.states: dict[str, str] = {}
        self.live_instances = ["here"]
        self.orphaned_user_ids: list[str] = []
        self.unavailable = False

    async def renew_lease(self, instance: str) -> list[str]:
        self._raise_if_unavailable()
        return list(self.live_instances)

    async def set_states(self, instance: str, states: Mapping[str, str | None]) -> None:
        self._raise_if_unavailable()
        self.published.append(dict(states))
        for user_id, state in states.items():
            if state is None:
                self.states.pop(user_id, None)
            else:
                self.states[user_id] = state

    async def get(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        self._raise_if_unavailable()
        return [PresenceRecord(one, self.states.get(one, "offline")) for one in user_ids]

    async def remove_instance(self, instance: str) -> list[str]:
        self._raise_if_unavailable()
        left, self.orphaned_user_ids = self.orphaned_user_ids, []
        return left

    def _raise_if_unavailable(self) -> None:
        if self.unavailable:
            raise Unavailable("told to be away")


class RecordingLastSeenStore:
    """A `LastSeenStore`."""

    def __init__(self) -> None:
        self.saved: dict[str, LastSeen] = {}

    async def save_last_seen(self, entries: Sequence[LastSeen]) -> None:
        self.saved.update({one.user_id: one for one in entries})

    async def get_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        return {one: self.saved[one].last_seen_ms for one in user_ids if one in self.saved}
