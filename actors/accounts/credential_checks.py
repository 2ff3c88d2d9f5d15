"""Checks passwords: at a login, and where a request repeats the current one.

Every login and confirmation is counted before its password is checked (`PasswordAttempts`), unless no account
can have that login. The check takes one password hash whether or not the account exists.
"""

from datetime import datetime

import msgspec
from msgspec import UnsetType

from actors.accounts.fields import normalize_login
from actors.accounts.password_attempts import PasswordAttempts
from actors.accounts.passwords import Passwords
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import rfc3339_from_datetime
from config.limits import PASSWORD_CHARACTERS_MAX
from storage.contracts.users import NO_END, Credentials, LoginStore, UserRecord, UserStore


class CheckedLogin(msgspec.Struct, frozen=True):
    """A user whose password was right, and the hash that is stored for it."""

    user: UserRecord
    password_hash: str


class CredentialChecks:
    """Methods raise `ApiError`, and `Unavailable` from the stores."""

    def __init__(
        self, users: UserStore, logins: LoginStore, passwords: Passwords, attempts: PasswordAttempts
    ) -> None:
        self._users = users
        self._logins = logins
        self._passwords = passwords
        self._attempts = attempts

    async def hash(self, password: str) -> str:
        return await self._passwords.hash(password)

    async def remember_network(self, user: UserRecord, network: str) -> None:
        """Let the user log in from this network while others try passwords for the account."""
        await self._attempts.remember_network(user, network)

    async def check_login(self, login: str, password: str, network: str) -> CheckedLogin:
        """Return the user of a login and password.

        Raises:
            ApiError: auth.invalid_credentials, rate.limited, server.overloaded; user.suspended with the right
                password of a user who is suspended or banned.
        """
        credentials, password_hash = await self._check(login, password, network)
        if credentials.suspended_until is not None:
            raise _suspended(credentials.suspended_until)
        return CheckedLogin(credentials.user, password_hash)

    async def check_suspended_login(self, login: str, password: str, network: str) -> UserRecord:
        """Return the suspended or banned user of a login and password.

        Raises:
            ApiError: auth.invalid_credentials, also for all other users; rate.limited, server.overloaded.
        """
        credentials, _ = await self._check(login, password, network)
        if credentials.suspended_until is None:
            raise invalid_credentials()
        return credentials.user

    async def _check(self, login: str, password: str, network: str) -> tuple[Credentials, str]:
        """Return the credentials of a login and its right password, and the hash that is now stored."""
        normalized = normalize_login(login)
        if normalized is None:
            # Belongs to no account: nothing is counted, but it takes as long.
            await self.match(None, password)
            raise invalid_credentials()
        credentials = await self._users.credentials(normalized)
        user = credentials.user if credentials else None
        login_attempt = await self._attempts.begin_login(normalized, user, network)
        try:
            password_hash = await self.match(credentials, password)
        except ApiError:
            # Too many wait for their hash: this password was not tried.
            await self._attempts.cancel_login(login_attempt)
            raise
        if credentials is None or password_hash is None:
            raise invalid_credentials()
        await self._attempts.end_login(login_attempt, credentials.user)
        return credentials, password_hash

    async def is_still_valid(self, checked: CheckedLogin, password: str) -> bool:
        """Return whether the password of a login is right now, and the user may still log in. Not counted."""
        current = await self._users.credentials_of(checked.user.id)
        if current is None:
            return False
        return (
            current.password_hash == checked.password_hash or await self.match(current, password) is not None
        )

    async def confirm(self, user_id: str, password: str | UnsetType | None) -> None:
        """Require the user's current password.

        Raises:
            ApiError: auth.password_required without one; auth.invalid_credentials for a wrong one, or if the
                user was deleted, banned or suspended; rate.limited, server.overloaded.
        """
        if not isinstance(password, str):
            raise ApiError("auth.password_required", "Send your password as `current_password`.")
        await self._attempts.count_confirmation(user_id)
        if await self.match(await self._users.credentials_of(user_id), password) is None:
            raise ApiError("auth.invalid_credentials", "The current password is wrong.")

    async def match(self, credentials: Credentials | None, password: str) -> str | None:
        """Return the hash now stored for this password, or None if it is wrong. Not counted.

        Costs one verification, whether or not the user exists. A hash with outdated cost parameters is
        replaced, which costs one more.
        """
        stored_hash = credentials.password_hash if credentials else None
        verdict = await self._passwords.verify(stored_hash, password[: PASSWORD_CHARACTERS_MAX + 1])
        if credentials is None or not verdict.matches:
            return None
        if verdict.needs_rehash:
            new_hash = await self._passwords.hash(password)
            await self._logins.replace_password_hash(credentials.user.id, credentials.password_hash, new_hash)
            return new_hash
        return stored_hash


def _suspended(until: datetime) -> ApiError:
    end = "" if until == NO_END else f" until {rfc3339_from_datetime(until)}"
    return ApiError("user.suspended", f"Moderators have suspended this account{end}.")


def invalid_credentials() -> ApiError:
    return ApiError("auth.invalid_credentials", "The login or the password is wrong.")
