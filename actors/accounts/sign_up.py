"""Registration of users, at once or after approval by a moderator.

All fields are validated here, regardless of the transport.
"""

from collections.abc import Callable

import msgspec

from actors.accounts.accounts import OnEmailSet, raise_conflict
from actors.accounts.bodies import Registration, SignedIn, raise_if_invalid
from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.fields import validate_display_name, validate_email_address, validate_username
from actors.accounts.login_sessions import LoginSessions
from actors.protocol.errors import ApiError
from actors.protocol.text_validation import is_printable_ascii
from config.accounts import INVITE_CODE_CHARACTERS
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.registrations import RegistrationStore
from storage.contracts.users import NewUser, UserRecord, UserStore
from storage.errors import Conflict


class RegistrationPolicy(msgspec.Struct, frozen=True):
    """Who may register. With `approvals`, registrations are stored there until a moderator approves them."""

    approvals: RegistrationStore | None = None
    needs_invite_code: bool = False


OPEN_REGISTRATION = RegistrationPolicy()


class SignUp:
    """`on_email_set` and `on_user_changed` as in `Accounts`."""

    def __init__(
        self,
        users: UserStore,
        sessions: LoginSessions,
        credential_checks: CredentialChecks,
        on_email_set: OnEmailSet = lambda _user, _undo: None,
        on_user_changed: Callable[[UserRecord], None] = lambda _user: None,
        policy: RegistrationPolicy = OPEN_REGISTRATION,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._credential_checks = credential_checks
        self._on_email_set = on_email_set
        self._on_user_changed = on_user_changed
        self._policy = policy

    async def register(
        self,
        registration: Registration,
        idempotency_key: IdempotencyKey | None = None,
        network: str | None = None,
        user_agent: str | None = None,
    ) -> SignedIn:
        """Create a user and log in. A repeated key logs in to the same user, given the same password.

        `network` is the caller's address network, which `PasswordAttempts` remembers; `user_agent` is the
        header, which names the session.

        Raises:
            ApiError: request.invalid; the errors of `raise_conflict`; idempotency.conflict, also for another
                password with the same key.
        """
        new_user = await self._to_new_user(registration)
        try:
            user = await self._users.register(new_user, idempotency_key)
        except Conflict as conflict:
            raise_conflict(conflict)
        if idempotency_key is not None and await self._is_repeated(
            user, new_user.password_hash, registration.password
        ):
            return await self._sessions.open(user, user_agent)
        self._on_email_set(user, None)
        self._on_user_changed(user)
        if network is not None:
            await self._credential_checks.remember_network(user, network)
        return await self._sessions.open(user, user_agent)

    @property
    def needs_approval(self) -> bool:
        """Whether registrations wait for approval: `request_registration` instead of `register`."""
        return self._policy.approvals is not None

    async def request_registration(
        self, registration: Registration, idempotency_key: IdempotencyKey | None = None
    ) -> None:
        """Store a registration until a moderator approves or declines it. A repeated key changes nothing."""
        assert self._policy.approvals is not None
        new_user = await self._to_new_user(registration)
        try:
            await self._policy.approvals.request(new_user, idempotency_key)
        except Conflict as conflict:
            raise_conflict(conflict)

    async def _to_new_user(self, registration: Registration) -> NewUser:
        raise_if_invalid(registration.field_errors())
        name = registration.display_name
        password_hash = await self._credential_checks.hash(registration.password)
        return NewUser(
            email=validate_email_address(registration.email),
            username=validate_username(registration.username),
            password_hash=password_hash,
            display_name=None if name is None else validate_display_name(name),
            invite_code=_invite_code(registration) if self._policy.needs_invite_code else None,
        )

    async def _is_repeated(self, user: UserRecord, password_hash: str, password: str) -> bool:
        """Return whether the user already existed. Raises `idempotency.conflict` on another password."""
        stored = await self._users.credentials_of(user.id)
        if stored is not None and stored.password_hash == password_hash:
            return False
        if await self._credential_checks.match(stored, password) is None:
            raise ApiError("idempotency.conflict", "The `Idempotency-Key` was used for another registration.")
        return True


def _invite_code(registration: Registration) -> str:
    """Return the code, or an empty text, which is no code."""
    code = registration.invite_code or ""
    return code if is_printable_ascii(code) and len(code) <= INVITE_CODE_CHARACTERS else ""
