"""In-memory login store. Passes the contract suite; does not raise `Unavailable`."""

from collections.abc import Sequence

from storage.memory.user_tables import UserTables


class MemoryLogins:
    """Implements `storage.contracts.logins.LoginStore`."""

    def __init__(self, tables: UserTables) -> None:
        self._tables = tables

    async def replace_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        if self._tables.password_hashes.get(user_id) == old_hash:
            self._tables.password_hashes[user_id] = new_hash

    async def find_expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        now = self._tables.now()
        session_ids = self._tables.session_ids_by_token
        return frozenset(
            token_hash
            for token_hash in token_hashes
            if token_hash in session_ids and self._tables.sessions[session_ids[token_hash]].expires_at <= now
        )
