"""In-memory changes of e-mail addresses, on the tables of the User service.

Tokens do not expire, and addresses are never verified.
"""

import msgspec

from storage.contracts.email_changes import EmailChangeRecord, ReplacedEmail, UndoneEmailChange
from storage.contracts.users import ProfileChange
from storage.errors import Conflict, Missing
from storage.memory.users import MemoryUsers, UserTables


class MemoryEmailChanges:
    """Implements `storage.contracts.email_changes.EmailChangeStore`."""

    def __init__(self, tables: UserTables) -> None:
        self._tables = tables
        self._users = MemoryUsers(tables)
        # Token hash -> (user, old address), in the order of the changes.
        self._tokens: dict[str, tuple[str, str]] = {}

    async def change(
        self,
        user_id: str,
        change: ProfileChange,
        token_hash: str,
        lifetime_s: int,  # noqa: ARG002 - see the module's docstring
        max_tokens: int,
    ) -> EmailChangeRecord:
        user = self._tables.users.get(user_id)
        if user is None:
            raise Missing
        if any(email == change.email and owner != user_id for owner, email in self._tokens.values()):
            raise Conflict("users_email_key")
        if sum(owner == user_id for owner, _ in self._tokens.values()) >= max_tokens:
            raise Conflict("email_changes")
        changed = await self._users.change(user_id, change)
        if changed.email == user.email:
            return EmailChangeRecord(changed, None)
        self._tokens[token_hash] = (user_id, user.email)
        return EmailChangeRecord(changed, ReplacedEmail(user.email, verified=False))

    async def undo(self, token_hash: str, password_hash: str) -> UndoneEmailChange:
        if token_hash not in self._tokens:
            raise Missing
        user_id, email = self._tokens[token_hash]
        user = self._tables.users.get(user_id)
        if user is None or user.email == email:
            raise Missing
        hashes = list(self._tokens)
        for later in hashes[hashes.index(token_hash) :]:
            if self._tokens[later][0] == user_id:
                del self._tokens[later]
        restored = self._tables.users[user_id] = msgspec.structs.replace(user, email=email)
        return UndoneEmailChange(restored, await self._users.change_password(user_id, password_hash, ""))
