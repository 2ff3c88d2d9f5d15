"""In-memory presence stores for tests that record writes and can be made unavailable."""

from collections.abc import Mapping, Sequence

from storage.contracts.presence import LastSeen, LeaseRenewal, PresenceRecord
from storage.errors import Unavailable


class RecordingPresenceStore:
    """An in-memory `PresenceStore`."""

    def __init__(self) -> None:
        self.published: list[dict[str, str | None]] = []
        self.states: dict[str, str] = {}
        self.live_instances = ["here"]
        self.orphaned_user_ids: list[str] = []
        self.unavailable = False
        self.lease_lapsed = False
        self.renewals = 0

    async def renew_lease(self, instance: str) -> LeaseRenewal:
        self._raise_if_unavailable()
        self.renewals += 1
        had_lapsed, self.lease_lapsed = self.lease_lapsed, False
        return LeaseRenewal(had_lapsed, list(self.live_instances))

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
        return [PresenceRecord(id_, self.states.get(id_, "offline")) for id_ in user_ids]

    async def remove_instance(self, instance: str) -> list[str]:
        self._raise_if_unavailable()
        user_ids, self.orphaned_user_ids = self.orphaned_user_ids, []
        return user_ids

    def _raise_if_unavailable(self) -> None:
        if self.unavailable:
            raise Unavailable("made unavailable by the test")


class RecordingLastSeenStore:
    """An in-memory `LastSeenStore`."""

    def __init__(self) -> None:
        self.saved: dict[str, LastSeen] = {}

    async def save_last_seen(self, entries: Sequence[LastSeen]) -> None:
        self.saved.update({entry.user_id: entry for entry in entries})

    async def get_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        return {id_: self.saved[id_].last_seen_ms for id_ in user_ids if id_ in self.saved}
