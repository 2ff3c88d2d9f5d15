"""The User service: registration, login, profiles and sessions.

All fields are validated here, regardless of the transport. A failed login does not reveal whether the login
or the password was wrong, neither by its text nor by its duration. Profiles are never served from a cache.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import NoReturn

import msgspec
from msgspec import UNSET

from actors.accounts.authenticator import Authenticator
from actors.accounts.bodies import (
    Login,
    PasswordChange,
    ProfilePatch,
    Registration,
    SessionView,
    SignedIn,
    UserCardPage,
    raise_if_invalid,
    to_profile_change,
)
from actors.accounts.card_cache import CardCache
from actors.accounts.credential_checks import CredentialChecks, invalid_credentials
from actors.accounts.fields import validate_display_name, validate_email_address, validate_username
from actors.accounts.password_rules import profile_errors
from actors.accounts.serializers import to_own_user, to_session_view, to_user_card
from actors.accounts.tokens import hash_token, new_token
from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import OwnUser, UserCard
from actors.protocol.text_validation import is_printable_ascii, validate_query
from actors.protocol.timestamps import rfc3339_from_datetime
from actors.search_text import validate_search_text
from config.accounts import (
    EMAIL_CHANGE_UNDO_S,
    EMAIL_CHANGES_PER_LIFETIME,
    INVITE_CODE_CHARACTERS,
    SESSIONS_PER_USER,
    USER_SEARCH_CHARACTERS,
)
from config.limits import TOKEN_LIFETIME_S, USER_CARDS_PER_REQUEST, USERNAME_CHARACTERS_MAX
from storage.contracts.email_changes import EmailChangeStore, ReplacedEmail
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.registrations import RegistrationStore
from storage.contracts.users import (
    Identity,
    NewUser,
    ProfileChange,
    SessionStore,
    UserRecord,
    UserStore,
)
from storage.errors import Conflict, Missing, Unavailable

CONFLICT_ERRORS = {
    "users_email_key": ("user.email_taken", "The e-mail address is in use."),
    "users_username_key": ("user.username_taken", "The username is in use."),
    "idempotency_keys": ("idempotency.conflict", "The `Idempotency-Key` was used for another registration."),
    "invite_codes": ("registration.invite_required", "Send a valid `invite_code`, which an admin gives you."),
    "registrations_limit": ("registration.limit", "Too many registrations wait for approval. Try later."),
}


EMAIL_CHANGE_RETRY_MS = 3_600_000


class EmailChangeLink(msgspec.Struct, frozen=True):
    """The address that a change replaced, and the token that restores it."""

    replaced: ReplacedEmail
    token: str

    def __repr__(self) -> str:
        return "EmailChangeLink(...)"


OnEmailSet = Callable[[UserRecord, EmailChangeLink | None], None]
ApplyPrivacy = Callable[[str], Awaitable[None]]


async def _no_privacy(_user_id: str) -> None:
    pass


class AccountStores(msgspec.Struct, frozen=True):
    """The stores of the User service, which share one database."""

    users: UserStore
    sessions: SessionStore
    email_changes: EmailChangeStore


class RegistrationPolicy(msgspec.Struct, frozen=True):
    """Who may register. With `approvals`, registrations are stored there until a moderator approves them."""

    approvals: RegistrationStore | None = None
    needs_invite_code: bool = False


OPEN_REGISTRATION = RegistrationPolicy()


class Accounts:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_sessions_revoked` receives the ids of sessions that have ended. They are already removed from this
    instance's token cache; the callback must invalidate them on other instances and close their sockets.
    `on_email_set` receives every user who registers or sets the e-mail address, with the address it replaced
    and the token that restores it, if there is one; it must not block.
    `on_user_changed` receives every user who was created or changed, to notify other services and devices.
    `apply_privacy` makes a changed `private` effective in the other services.
    """

    def __init__(
        self,
        stores: AccountStores,
        credential_checks: CredentialChecks,
        authenticator: Authenticator,
        on_sessions_revoked: Callable[[Sequence[str]], None],
        on_email_set: OnEmailSet = lambda _user, _undo: None,
        on_user_changed: Callable[[UserRecord], None] = lambda _user: None,
        apply_privacy: ApplyPrivacy = _no_privacy,
        registration_policy: RegistrationPolicy = OPEN_REGISTRATION,
    ) -> None:
        self._users = stores.users
        self._sessions = stores.sessions
        self._email_changes = stores.email_changes
        self._credential_checks = credential_checks
        self._authenticator = authenticator
        self._on_sessions_revoked = on_sessions_revoked
        self._on_email_set = on_email_set
        self._on_user_changed = on_user_changed
        self._apply_privacy = apply_privacy
        self._registration_policy = registration_policy
        self._user_loader = DataLoader(self._load_users)
        self._card_cache = CardCache(self._load_uncached_cards)

    async def register(
        self,
        registration: Registration,
        idempotency_key: IdempotencyKey | None = None,
        network: str | None = None,
    ) -> SignedIn:
        """Create a user and log in. A repeated key logs in to the same user, given the same password.

        `network` is the caller's address network, which `PasswordTries` remembers.
        """
        new_user = await self._to_new_user(registration)
        try:
            user = await self._users.register(new_user, idempotency_key)
        except Conflict as conflict:
            _raise_conflict(conflict)
        if idempotency_key is not None and await self._is_repeated(
            user, new_user.password_hash, registration.password
        ):
            return await self._open_session(user)
        self._on_email_set(user, None)
        self._on_user_changed(user)
        if network is not None:
            await self._credential_checks.remember_network(user, network)
        return await self._open_session(user)

    @property
    def needs_approval(self) -> bool:
        """Whether registrations wait for approval: `request_registration` instead of `register`."""
        return self._registration_policy.approvals is not None

    async def request_registration(
        self, registration: Registration, idempotency_key: IdempotencyKey | None = None
    ) -> None:
        """Store a registration until a moderator approves or declines it. A repeated key changes nothing."""
        assert self._registration_policy.approvals is not None
        new_user = await self._to_new_user(registration)
        try:
            await self._registration_policy.approvals.request(new_user, idempotency_key)
        except Conflict as conflict:
            _raise_conflict(conflict)

    async def _to_new_user(self, registration: Registration) -> NewUser:
        raise_if_invalid(registration.field_errors())
        name = registration.display_name
        password_hash = await self._credential_checks.hash(registration.password)
        return NewUser(
            email=validate_email_address(registration.email),
            username=validate_username(registration.username),
            password_hash=password_hash,
            display_name=None if name is None else validate_display_name(name),
            invite_code=_invite_code(registration) if self._registration_policy.needs_invite_code else None,
        )

    async def _is_repeated(self, user: UserRecord, password_hash: str, password: str) -> bool:
        """Return whether the user already existed. Raises `idempotency.conflict` on another password."""
        stored = await self._users.credentials_of(user.id)
        if stored is not None and stored.password_hash == password_hash:
            return False
        if await self._credential_checks.match(stored, password) is None:
            raise ApiError("idempotency.conflict", "The `Idempotency-Key` was used for another registration.")
        return True

    async def login(self, login: Login, network: str) -> SignedIn:
        """Open a session. `network` is the caller's address network, for `PasswordTries`."""
        checked = await self._credential_checks.check_login(login.login, login.password, network)
        signed_in = await self._open_session(checked.user)
        # A password change during this login ends the new session like all other old ones.
        if not await self._credential_checks.is_still_right(checked, login.password):
            await self._revoke_token(checked.user.id, signed_in.token)
            raise invalid_credentials()
        return signed_in

    async def change_password(self, identity: Identity, change: PasswordChange) -> None:
        """Set a new password and end every other session of the user."""
        raise_if_invalid(change.field_errors())
        user = identity.user
        names = (user.username, user.display_name)
        raise_if_invalid(profile_errors("new_password", change.new_password, email=user.email, names=names))
        await self._credential_checks.confirm(user.id, change.current_password)
        password_hash = await self._credential_checks.hash(change.new_password)
        session_ids = await self._users.change_password(user.id, password_hash, identity.session_id)
        self._handle_revoked(session_ids)

    async def get_own_profile(self, user_id: str) -> OwnUser:
        return to_own_user(await self._get_user(user_id))

    async def get_user(self, user_id: str) -> UserRecord:
        """Return any user. Raises `user.not_found`."""
        return await self._get_user(user_id)

    async def get_user_by_username(self, username: str) -> UserRecord:
        """Return the user with a username, ignoring case. Raises `user.not_found`."""
        user = None
        if is_printable_ascii(username) and len(username) <= USERNAME_CHARACTERS_MAX:
            user = await self._users.by_username(username)
        if user is None:
            raise _user_not_found()
        return user

    async def update_profile(self, identity: Identity, patch: ProfilePatch) -> OwnUser:
        """Change the profile. An `email`, also the same one, needs the current password."""
        if patch.username == identity.user.username:
            # Not changed, so it need not meet rules that are newer than the account.
            patch = msgspec.structs.replace(patch, username=UNSET)
        raise_if_invalid(patch.field_errors())
        change = to_profile_change(patch)
        if change == ProfileChange():
            return await self.get_own_profile(identity.user.id)
        if change.email is not UNSET:
            await self._credential_checks.confirm(identity.user.id, patch.current_password)
        try:
            user = await self._change_profile(identity.user.id, change)
        except Conflict as conflict:
            _raise_conflict(conflict)
        except Missing:
            raise _user_not_found() from None
        self._card_cache.invalidate(user.id)
        self._authenticator.invalidate(identity.session_id)
        self._on_user_changed(user)
        if change.private is not UNSET:
            await self._apply_privacy(user.id)
        return to_own_user(user)

    async def _change_profile(self, user_id: str, change: ProfileChange) -> UserRecord:
        if change.email is UNSET:
            return await self._users.change(user_id, change)
        token = new_token()
        token_hash = hash_token(token)
        assert token_hash is not None
        record = await self._email_changes.change(
            user_id, change, token_hash, EMAIL_CHANGE_UNDO_S, EMAIL_CHANGES_PER_LIFETIME
        )
        replaced = record.replaced
        self._on_email_set(record.user, None if replaced is None else EmailChangeLink(replaced, token))
        return record.user

    async def search(self, text: str, after: tuple[str, str] | None, limit: int) -> UserCardPage:
        """Search by prefixes of words of username and display name, ordered by username.

        Raises:
            ApiError: request.invalid, cursor.invalid.
            QueryTimeout: the search took too long.
        """
        query = validate_query("q", text, USER_SEARCH_CHARACTERS)
        validate_search_text(query, USER_SEARCH_CHARACTERS)
        if after is not None and not is_printable_ascii(after[0]):
            raise ApiError(
                "cursor.invalid",
                "The cursor is not valid. Pass `next_cursor` of the previous page unchanged.",
            )
        users = await self._users.search(query, after, limit + 1)
        page = users[:limit]
        more = len(users) > limit
        return UserCardPage(
            [to_user_card(user) for user in page], (page[-1].username, page[-1].id) if more else None
        )

    async def load_cards(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Return the cards of users that exist, by id. Cached for seconds; misses are loaded in batches."""
        return await self._card_cache.get(user_ids)

    async def load_current_cards(self, user_ids: Sequence[str]) -> list[UserCard]:
        """Return uncached cards in the order of `user_ids`, which may be at most `USER_CARDS_PER_REQUEST`."""
        unique_ids = list(dict.fromkeys(user_ids))
        if len(unique_ids) > USER_CARDS_PER_REQUEST:
            raise invalid_field("ids", f"Must have at most {USER_CARDS_PER_REQUEST} ids.", "too_many")
        users = await self._user_loader.get_many(unique_ids)
        return [to_user_card(users[user_id]) for user_id in unique_ids if user_id in users]

    async def find_existing_users(self, user_ids: Sequence[str]) -> Collection[str]:
        """Return those of the users whose accounts exist, uncached."""
        return (await self._user_loader.get_many(user_ids)).keys()

    async def list_sessions(self, identity: Identity) -> list[SessionView]:
        """List the user's unexpired sessions, most recently used first."""
        sessions = await self._sessions.list(identity.user.id)
        views = [to_session_view(session, identity.session_id) for session in sessions]
        # Sorted by the values in the response, which page cursors refer to.
        return sorted(views, key=lambda view: (view.last_used_at, view.id), reverse=True)

    async def revoke_session(self, identity: Identity, session_id: str) -> None:
        """End one of the user's sessions."""
        if not await self._sessions.revoke(identity.user.id, session_id):
            raise ApiError("session.not_found", "No such session.")
        self._handle_revoked([session_id])

    async def logout(self, identity: Identity) -> None:
        """End the current session. Succeeds if it has already ended."""
        await self._sessions.revoke(identity.user.id, identity.session_id)
        self._handle_revoked([identity.session_id])

    def invalidate_card(self, user_id: str) -> None:
        """Drop the cached card of a user who has changed."""
        self._card_cache.invalidate(user_id)

    async def close(self) -> None:
        """Cancel pending look-ups. The caller closes the stores."""
        await asyncio.gather(self._user_loader.close(), self._card_cache.close())

    async def _open_session(self, user: UserRecord) -> SignedIn:
        token = new_token()
        token_hash = hash_token(token)
        assert token_hash is not None
        try:
            session = await self._sessions.open(user.id, token_hash, TOKEN_LIFETIME_S)
        except Missing:
            # Deleted or banned since the password was checked: answer as for a wrong password.
            raise invalid_credentials() from None
        # Otherwise the next login ends them.
        with contextlib.suppress(Unavailable):
            self._handle_revoked(await self._sessions.end_oldest(user.id, SESSIONS_PER_USER))
        return SignedIn(
            user=to_own_user(user), token=token, expires_at=rfc3339_from_datetime(session.expires_at)
        )

    async def _revoke_token(self, user_id: str, token: str) -> None:
        token_hash = hash_token(token)
        assert token_hash is not None
        identity = (await self._sessions.identities([token_hash])).get(token_hash)
        if identity is not None:
            await self._sessions.revoke(user_id, identity.session_id)
            self._handle_revoked([identity.session_id])

    async def _get_user(self, user_id: str) -> UserRecord:
        user = await self._user_loader.get(user_id)
        if user is None:
            raise _user_not_found()
        return user

    async def _load_users(self, user_ids: Sequence[str]) -> Mapping[str, UserRecord]:
        return {user.id: user for user in await self._users.find(user_ids)}

    async def _load_uncached_cards(self, user_ids: Sequence[str]) -> Mapping[str, UserCard]:
        return {user.id: to_user_card(user) for user in await self._users.find(user_ids)}

    def _handle_revoked(self, session_ids: Sequence[str]) -> None:
        for session_id in session_ids:
            self._authenticator.invalidate(session_id)
        if session_ids:
            self._on_sessions_revoked(session_ids)


def _raise_conflict(conflict: Conflict) -> NoReturn:
    if conflict.constraint == "email_changes":
        raise ApiError(
            "rate.limited",
            "The address was changed too often today; retry after `retry_after_ms`.",
            retry_after_ms=EMAIL_CHANGE_RETRY_MS,
        ) from None
    if conflict.constraint == "name_blocks_username":
        raise invalid_field("username", "Is reserved. Choose another username.", "reserved") from None
    if conflict.constraint == "name_blocks_email_domain":
        raise invalid_field("email", "Addresses of this domain are not accepted.", "blocked") from None
    if conflict.constraint not in CONFLICT_ERRORS:
        raise conflict
    code, detail = CONFLICT_ERRORS[conflict.constraint]
    raise ApiError(code, detail) from None


def _invite_code(registration: Registration) -> str:
    """Return the code, or an empty text, which is no code."""
    code = registration.invite_code or ""
    return code if is_printable_ascii(code) and len(code) <= INVITE_CODE_CHARACTERS else ""


def _user_not_found() -> ApiError:
    return ApiError("user.not_found", "No such user.")
