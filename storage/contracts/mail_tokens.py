"""The User service's store of what links in mails are good for. Tokens are known by their SHA-256 (hex)."""

from typing import Protocol

from storage.records.users import UserRecord


class PasswordResetStore(Protocol):
    """Tokens that give a new password. Every method is one transaction; all raise `Unavailable`."""

    async def issue(self, email: str, token_hash: str, lifetime_s: int, max_tokens: int) -> UserRecord | None:
        """Make a token for whoever has that address, without regard to case, good for so long.

        None, and no token, where nobody has it, where its user is banned, or where `most` were made for
        that user within the lifetime, used or not: the bound holds whatever comes at once.
        """

    async def is_valid(self, token_hash: str) -> bool:
        """Whether `use` would work now."""

    async def redeem(self, token_hash: str, password_hash: str) -> list[str]:
        """Set the password, end all sessions and all other pending tokens; answers the ended sessions.

        One transaction: a token works once, whoever else uses it at the same time, and no login with the
        old password outlives it unseen.

        Raises:
            Missing: unknown, used or past its time, its user banned or of another address by now.
        """


class EmailVerificationStore(Protocol):
    """Tokens that verify an address. Every method is one transaction; all raise `Unavailable`."""

    async def issue(
        self, user_id: str, token_hash: str, lifetime_s: int, max_tokens: int
    ) -> UserRecord | None:
        """Make a token for that user's present address, good for so long.

        None, and no token, where the address is verified, where a token for it is pending, where the user
        is gone or banned, or where `most` were made within the lifetime.
        """

    async def redeem(self, token_hash: str) -> None:
        """Mark the address as verified. Works once. Raises `Missing` as that of `ResetStore` does."""
