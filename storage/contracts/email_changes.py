"""Changes of e-mail addresses, which the old address can undo."""

from typing import Protocol

import msgspec

from storage.contracts.users import ProfileChange, UserRecord


class ReplacedEmail(msgspec.Struct, frozen=True):
    """An address that a user had, and whether it was verified."""

    email: str
    verified: bool


class EmailChangeRecord(msgspec.Struct, frozen=True):
    """A changed profile. `replaced` is None if the address was the same already."""

    user: UserRecord
    replaced: ReplacedEmail | None


class UndoneEmailChange(msgspec.Struct, frozen=True):
    """A user whose address was restored, and the sessions that ended."""

    user: UserRecord
    session_ids: list[str]


class EmailChangeStore(Protocol):
    """Every method is one transaction; all raise `Unavailable`."""

    async def change(
        self, user_id: str, change: ProfileChange, token_hash: str, lifetime_s: int, max_tokens: int
    ) -> EmailChangeRecord:
        """Change a profile with an `email`. The token restores the old address for `lifetime_s`.

        While a token is good, no other account can have the old address.

        Raises:
            Missing: there is no such user.
            Conflict: as `UserStore.change`; `email_changes`: `max_tokens` tokens were created for the user
                within the lifetime.
        """

    async def undo(self, token_hash: str, password_hash: str) -> UndoneEmailChange:
        """Restore the address, mark it as verified, set the password hash, end all sessions.

        Works once. Uses up the tokens of later changes, not of earlier ones; deletes reset tokens and the
        link to the calendar.

        Raises:
            Missing: the token is unknown, used or expired, or its user is banned or suspended or has that
                address.
        """
