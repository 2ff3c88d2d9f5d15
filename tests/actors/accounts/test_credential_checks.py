"""`CredentialChecks`: what counts as an attempt."""

from collections.abc import AsyncIterator

import pytest

from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.passwords import HashCost, PasswordCheck, Passwords
from actors.protocol.errors import ApiError, overloaded
from config.limits import Limits
from storage.contracts.users import NewUser
from storage.memory.users import MemoryLogins, MemoryUsers, UserTables
from tests.credential_checks import make_credential_checks

LIMITS = Limits(login_failures_burst=2, login_failures_per_minute=0.01)
PASSWORD = "a good password"


class BusyPasswords(Passwords):
    """Refuses to verify while `busy`."""

    busy = False

    async def verify(self, password_hash: str | None, password: str) -> PasswordCheck:
        if self.busy:
            raise overloaded("Too many passwords are being checked. Retry later.", 1000)
        return await super().verify(password_hash, password)


@pytest.fixture
async def passwords() -> AsyncIterator[BusyPasswords]:
    made = BusyPasswords(LIMITS, HashCost(memory_kib=64, rounds=1))
    yield made
    made.close()


@pytest.fixture
async def checks(passwords: BusyPasswords) -> CredentialChecks:
    """The checks, and the user `ana`."""
    people = UserTables()
    users = MemoryUsers(people)
    await users.register(NewUser("ana@example.test", "ana", await passwords.hash(PASSWORD), None))
    return make_credential_checks(users, MemoryLogins(people), passwords, LIMITS)


async def test_unchecked_passwords_do_not_count(checks: CredentialChecks, passwords: BusyPasswords) -> None:
    """A busy server does not use up the attempts of the owner."""
    passwords.busy = True
    for _ in range(5):
        with pytest.raises(ApiError, match=r"server\.overloaded"):
            await checks.check_login("ana", PASSWORD, "network")
    passwords.busy = False
    assert (await checks.check_login("ana", PASSWORD, "network")).user.username == "ana"


async def test_wrong_passwords_count(checks: CredentialChecks) -> None:
    """Until the budget of the network is used up; then the password is not checked at all."""
    for _ in range(2):
        with pytest.raises(ApiError, match="invalid_credentials"):
            await checks.check_login("ana", "a bad password", "network")
    with pytest.raises(ApiError, match=r"rate\.limited"):
        await checks.check_login("ana", PASSWORD, "network")
    assert (await checks.check_login("ana", PASSWORD, "another network")).user.username == "ana"
