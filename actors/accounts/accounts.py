"""The User service: registration, login, profiles and sessions.

All fields are validated here, regardless of the transport. A failed login does not reveal whether the login
or the password was wrong, neither by its text nor by its duration. Profiles are never served from a cache.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

import msgspec
from msgspec import UNSET, UnsetType

from actors.accounts.authenticator import Authenticator
from actors.accounts.card_cache import CardCache
from actors.accounts.fields import (
    validate_avatar_url,
    validate_bio,
    validate_display_name,
    validate_email_address,
    validate_username,
)
from actors.accounts.passwords import Passwords
from actors.accounts.requests import (
    Login,
    PasswordChange,
    ProfilePatch,
    Registration,
    SessionView,
    SignedIn,
    UserCardPage,
    raise_if_invalid,
)
from actors.accounts.serializers import to_own_user, to_public_user, to_session_view, to_user_card
from actors.accounts.tokens import hash_token, new_token
from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import OwnUser, User, UserCard
from actors.protocol.timestamps import rfc3339_from_datetime
from actors.search_text import validate_search_text
from config.accounts import USER_SEARCH_CHARACTERS
from config.limits import (
    EMAIL_CHARACTERS,
    PASSWORD_CHARACTERS_MAX,
    TOKEN_LIFETIME_S,
    USER_CARDS_PER_REQUEST,
    USERNAME_CHARACTERS_MAX,
)
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.users import (
    Credentials,
    Identity,
    LoginStore,
    NewUser,
    ProfileChange,
    SessionStore,
    UserRecord,
    UserStore,
)
from storage.errors import Conflict, Missing

CONFLICT_ERRORS = {
    "users_email_key": ("user.email_taken", "The e-mail address is in use."),
    "users_username_key": ("user.username_taken", "The username is in use."),
    "idempotency_keys": ("idempotency.conflict", "The `Idempotency-Key` was used for another registration."),
}


class AccountStores(msgspec.Struct, frozen=True):
    """The stores of the User service, which share one database."""

    users: UserStore
    sessions: SessionStore
    logins: LoginStore


class Accounts:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_sessions_revoked` receives the ids of sessions that have ended. They are already removed from this
    instance's token cache; the callback must invalidate them on other instances and close their sockets.
    `on_email_set` receives every user who registers or changes the e-mail address, and must not block.
    `on_user_changed` receives every user who was created or changed, to notify other services and devices.
    """

    def __init__(
        self,
        stores: AccountStores,
        passwords: Passwords,
        authenticator: Authenticator,
        on_sessions_revoked: Callable[[Sequence[str]], None],
        on_email_set: Callable[[UserRecord], None] = lambda _user: None,
        on_user_changed: Callable[[UserRecord], None] = lambda _user: None,
    ) -> None:
        self._users = stores.users
        self._sessions = stores.sessions
        self._logins = stores.logins
        self._passwords = passwords
        self._authenticator = authenticator
        self._on_sessions_revoked = on_sessions_revoked
        self._on_email_set = on_email_set
        self._on_user_changed = on_user_changed
        self._user_loader = DataLoader(self._load_users)
        self._card_cache = CardCache(self._load_uncached_cards)

    async def register(
        self, registration: Registration, idempotency_key: IdempotencyKey | None = None
    ) -> SignedIn:
        """Create a user and log in. A repeated key logs in to the same user, given the same password."""
        raise_if_invalid(registration.field_errors())
        name = registration.display_name
        password_hash = await self._passwords.hash(registration.password)
        new_user = NewUser(
            email=validate_email_address(registration.email),
            username=validate_username(registration.username),
            password_hash=password_hash,
            display_name=None if name is None else validate_display_name(name),
        )
        try:
            user = await self._users.register(new_user, idempotency_key)
        except Conflict as conflict:
            _raise_conflict(conflict)
        if idempotency_key is not None and await self._is_repeated(
            user, password_hash, registration.password
        ):
            return await self._open_session(user)
        self._on_email_set(user)
        self._on_user_changed(user)
        return await self._open_session(user)

    async def _is_repeated(self, user: UserRecord, password_hash: str, password: str) -> bool:
        """Return whether the user already existed. Raises `idempotency.conflict` on another password."""
        stored = await self._users.credentials_of(user.id)
        if stored is not None and stored.password_hash == password_hash:
            return False
        if await self._check_password(stored, password) is None:
            raise ApiError("idempotency.conflict", "The `Idempotency-Key` was used for another registration.")
        return True

    async def login(self, login: Login) -> SignedIn:
        credentials = await self._find_credentials(login.login)
        password_hash = await self._check_password(credentials, login.password)
        if credentials is None or password_hash is None:
            raise _invalid_credentials()
        user = credentials.user
        signed_in = await self._open_session(user)
        # A password change during this login ends the new session like all other old ones.
        current = await self._users.credentials_of(user.id)
        if current is None or (
            current.password_hash != password_hash
            and await self._check_password(current, login.password) is None
        ):
            await self._revoke_token(user.id, signed_in.token)
            raise _invalid_credentials()
        return signed_in

    async def change_password(self, identity: Identity, change: PasswordChange) -> None:
        """Set a new password and end every other session of the user."""
        raise_if_invalid(change.field_errors())
        credentials = await self._users.credentials_of(identity.user.id)
        if await self._check_password(credentials, change.current_password) is None:
            raise _invalid_credentials()
        password_hash = await self._passwords.hash(change.new_password)
        session_ids = await self._users.change_password(identity.user.id, password_hash, identity.session_id)
        self._handle_revoked(session_ids)

    async def get_own_profile(self, user_id: str) -> OwnUser:
        return to_own_user(await self._get_user(user_id))

    async def get_profile(self, user_id: str) -> User:
        return to_public_user(await self._get_user(user_id))

    async def get_profile_by_username(self, username: str) -> User:
        user = None
        if username.isascii() and username.isprintable() and len(username) <= USERNAME_CHARACTERS_MAX:
            user = await self._users.by_username(username)
        if user is None:
            raise _user_not_found()
        return to_public_user(user)

    async def update_profile(self, identity: Identity, patch: ProfilePatch) -> OwnUser:
        raise_if_invalid(patch.field_errors())
        change = ProfileChange(
            email=patch.email if isinstance(patch.email, UnsetType) else validate_email_address(patch.email),
            username=patch.username
            if isinstance(patch.username, UnsetType)
            else validate_username(patch.username),
            display_name=validate_display_name(patch.display_name)
            if isinstance(patch.display_name, str)
            else patch.display_name,
            bio=validate_bio(patch.bio) if isinstance(patch.bio, str) else patch.bio,
            avatar_url=validate_avatar_url(patch.avatar_url)
            if isinstance(patch.avatar_url, str)
            else patch.avatar_url,
        )
        if change == ProfileChange():
            return await self.get_own_profile(identity.user.id)
        try:
            user = await self._users.change(identity.user.id, change)
        except Conflict as conflict:
            _raise_conflict(conflict)
        except Missing:
            raise _user_not_found() from None
        self._card_cache.invalidate(user.id)
        self._authenticator.invalidate(identity.session_id)
        if patch.email is not UNSET:
            self._on_email_set(user)
        self._on_user_changed(user)
        return to_own_user(user)

    async def search(self, text: str, after: tuple[str, str] | None, limit: int) -> UserCardPage:
        """Search by prefixes of words of username and display name, ordered by username.

        Raises:
            ApiError: request.invalid, cursor.invalid.
            QueryTimeout: the search took too long.
        """
        validate_search_text(text, USER_SEARCH_CHARACTERS)
        if after is not None and not (after[0].isprintable() and after[0].isascii()):
            raise ApiError(
                "cursor.invalid",
                "The cursor is not valid. Pass `next_cursor` of the previous page unchanged.",
            )
        users = await self._users.search(text, after, limit + 1)
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

    async def _find_credentials(self, login: str) -> Credentials | None:
        if not login or len(login) > EMAIL_CHARACTERS or not login.isprintable():
            return None
        return await self._users.credentials(login)

    async def _check_password(self, credentials: Credentials | None, password: str) -> str | None:
        """Return the hash now stored for this password, or None if it is wrong.

        Costs one verification, whether or not the user exists.
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

    async def _open_session(self, user: UserRecord) -> SignedIn:
        token = new_token()
        token_hash = hash_token(token)
        assert token_hash is not None
        try:
            session = await self._sessions.open(user.id, token_hash, TOKEN_LIFETIME_S)
        except Missing:
            # Deleted or banned since the password was checked: answer as for a wrong password.
            raise _invalid_credentials() from None
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
    if conflict.constraint not in CONFLICT_ERRORS:
        raise conflict
    code, detail = CONFLICT_ERRORS[conflict.constraint]
    raise ApiError(code, detail) from None


def _invalid_credentials() -> ApiError:
    return ApiError("auth.invalid_credentials", "The login or the password is wrong.")


def _user_not_found() -> ApiError:
    return ApiError("user.not_found", "No such user.")
