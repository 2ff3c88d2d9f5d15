"""What logging in needs, in memory: the twin of the real store, held to the same contract suite.

Never fails as a real store may: `Unavailable` does not come from here.
"""

from collections.abc import Sequence

from storage.memory.people import People


class MemoryLogins:
    """A `LoginStore`."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def rehash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        if self._people.password_hashes.get(user_id) == old_hash:
            self._people.password_hashes[user_id] = new_hash

    async def expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        now = self._people.now()
        known = self._people.session_of_token
        return frozenset(
            token_hash
            for token_hash in token_hashes
            if token_hash in known and self._people.sessions[known[token_hash]].expires_at <= now
        )
