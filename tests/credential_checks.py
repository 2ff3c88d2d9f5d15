"""Credential checks, password attempts and mail limits for tests, counted in memory."""

from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.password_attempts import PasswordAttempts
from actors.accounts.passwords import Passwords
from actors.keyed_hash import KeyedHash
from actors.mail.mail_limits import MailLimits
from config.limits import Limits
from storage.contracts.users import LoginStore, UserStore
from storage.memory.attempt_limits import MemoryAttemptLimits

KEYED_HASH = KeyedHash(b"a key for tests only")


def make_password_attempts(limits: Limits) -> PasswordAttempts:
    return PasswordAttempts(MemoryAttemptLimits(), KEYED_HASH, limits)


def make_credential_checks(
    users: UserStore, logins: LoginStore, passwords: Passwords, limits: Limits
) -> CredentialChecks:
    return CredentialChecks(users, logins, passwords, make_password_attempts(limits))


def make_mail_limits() -> MailLimits:
    return MailLimits(MemoryAttemptLimits(), KEYED_HASH)
