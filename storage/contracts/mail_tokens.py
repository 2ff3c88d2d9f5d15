"""Single-use tokens in e-mail links. Stores know tokens only by their SHA-256 (hex)."""

from typing import Protocol

from storage.contracts.users import UserRecord


class PasswordResetStore(Protocol):
    """Password reset tokens. Every method is one transaction; all raise `Unavailable`."""

    async def issue(self, email: str, token_hash: str, lifetime_s: int, max_tokens: int) -> UserRecord | None:
        """Create a token for the user with that address (case-insensitive), valid for `lifetime_s`.

        Returns:
            None, without creating a token, if no user has the address, the user is banned or suspended, or
            `max_tokens` tokens, used or not, were created for that user within the lifetime. The limit also
            holds for concurrent calls.
        """

    async def find_owner(self, token_hash: str) -> UserRecord | None:
        """Return the user of the token if `redeem` would accept it now."""

    async def redeem(self, token_hash: str, password_hash: str) -> list[str]:
        """Set the password; end all sessions, reset tokens and the link to the calendar of the user.

        Returns the ids of the ended sessions. A token works once, also under concurrent calls, and a
        concurrent login with the old password is either among the ended sessions or refused.

        Raises:
            Missing: the token is unknown, used or expired, or its user is banned or suspended or has changed
                address.
        """


class EmailVerificationStore(Protocol):
    """E-mail verification tokens. Every method is one transaction; all raise `Unavailable`."""

    async def issue(
        self, user_id: str, token_hash: str, lifetime_s: int, max_tokens: int
    ) -> UserRecord | None:
        """Create a token for the user's current address, valid for `lifetime_s`.

        Returns:
            None, without creating a token, if the address is verified, a token for it is pending, the user
            is deleted, banned or suspended, or `max_tokens` tokens were created within the lifetime.
        """

    async def redeem(self, token_hash: str) -> None:
        """Mark the address as verified. Works once. Raises `Missing` like `PasswordResetStore.redeem`."""
