"""The User service: registering, logging in, one's own profile, others' profiles, sessions.

Every field is checked here whatever way a request came. A login that fails does not tell which part
was wrong, neither by its words nor by its cost. Never serves a profile from a memory of its own.
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
    "idempotency_keys": ("idempotency.conflict", "The key was used for another registration."),
}


class AccountStores(msgspec.Struct, frozen=True):
    """The three stores of the User service, which share one database."""

    users: UserStore
    sessions: SessionStore
    logins: LoginStore


class Accounts:
    """Refuses with `Refusal`; lets `Unavailable` of the stores through.

    `revoked` is told the ids of sessions that were ended, after they are; this instance's
    authenticator has forgotten them by then, the other instances' are the caller's to reach.
    `greet` is told of everybody who registers or names an e-mail address, and must not wait; `changed` is
    told of everybody who is new or another, for other services and devices to hear.
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
        """Register; under a key that was used before, sign in whom it made, with the same password."""
        raise_if_invalid(registration.field_errors())
        name = registration.display_name
        password_hash = await self._passwords.hash(registration.password)
        new = NewUser(
            email=validate_email_address(registration.email),
            username=validate_username(registration.username),
            password_hash=password_hash,
            display_name=None if name is None else validate_display_name(name),
        )
        try:
            user = await self._users.register(new, idempotency_key)
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
        """Whether that user was there already; refuses where the password is not the one of then."""
        known = await self._users.credentials_of(user.id)
        if known is not None and known.password_hash == password_hash:
            return False
        if await self._check_password(known, password) is None:
            raise ApiError("idempotency.conflict", "The key was used for another registration.")
        return True

    async def login(self, login: Login) -> SignedIn:
        credentials = await self._find_credentials(login.login)
        password_hash = await self._check_password(credentials, login.password)
        if credentials is None or password_hash is None:
            raise _invalid_credentials()
        user = credentials.user
        signed = await self._open_session(user)
        # A password changed while this login was under way ends it like any other old session.
        now = await self._users.credentials_of(user.id)
        if now is None or (
            now.password_hash != password_hash and await self._check_password(now, login.password) is None
        ):
            await self._revoke_token(user.id, signed.token)
            raise _invalid_credentials()
        return signed

    async def change_password(self, identity: Identity, change: PasswordChange) -> None:
        """Set a new password; every other session of the user ends."""
        raise_if_invalid(change.field_errors())
        credentials = await self._users.credentials_of(identity.user.id)
        if await self._check_password(credentials, change.current_password) is None:
            raise _invalid_credentials()
        password_hash = await self._passwords.hash(change.new_password)
        ended = await self._users.change_password(identity.user.id, password_hash, identity.session_id)
        self._handle_revoked(ended)

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
        """By prefix of username or display name, in order of username."""
        prefix = text.strip()
        if not prefix or len(prefix) > USER_SEARCH_CHARACTERS or not prefix.isprintable():
            raise invalid_field("q", f"Must have 1 to {USER_SEARCH_CHARACTERS} printable characters.")
        if after is not None and not (after[0].isprintable() and after[0].isascii()):
            raise ApiError("cursor.invalid", "The cursor is not one of ours.")
        found = await self._users.search(prefix, after, limit + 1)
        page = found[:limit]
        more = len(found) > limit
        return UserCardPage(
            [to_user_card(user) for user in page], (page[-1].username, page[-1].id) if more else None
        )

    async def load_cards(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Cards of those who exist, by id; at most seconds old, one round trip a tick for all callers."""
        return await self._card_cache.get(user_ids)

    async def load_current_cards(self, user_ids: Sequence[str]) -> list[UserCard]:
        """Cards as they are at this moment, in the order asked for; at most `USER_CARDS`."""
        wanted = list(dict.fromkeys(user_ids))
        if len(wanted) > USER_CARDS_PER_REQUEST:
            raise invalid_field(
                "ids", f"At most {USER_CARDS_PER_REQUEST} ids can be asked for at once.", "too_many"
            )
        found = await self._user_loader.get_many(wanted)
        return [to_user_card(found[user_id]) for user_id in wanted if user_id in found]

    async def list_sessions(self, identity: Identity) -> list[SessionView]:
        """List the unexpired ones, the latest used first."""
        found = await self._sessions.list(identity.user.id)
        views = [to_session_view(session, identity.session_id) for session in found]
        # Ordered by what is shown, so that a page can go on after it.
        return sorted(views, key=lambda view: (view.last_used_at, view.id), reverse=True)

    async def revoke_session(self, identity: Identity, session_id: str) -> None:
        """End one of one's own sessions."""
        if not await self._sessions.revoke(identity.user.id, session_id):
            raise ApiError("session.not_found", "No such session.")
        self._handle_revoked([session_id])

    async def logout(self, identity: Identity) -> None:
        """End the session that asks; one that has ended already is no fault."""
        await self._sessions.revoke(identity.user.id, identity.session_id)
        self._handle_revoked([identity.session_id])

    def invalidate_card(self, user_id: str) -> None:
        """Somebody has changed: show nobody the card of before."""
        self._card_cache.invalidate(user_id)

    async def close(self) -> None:
        """End what runs in the background; the stores are the caller's to close."""
        await asyncio.gather(self._user_loader.close(), self._card_cache.close())

    async def _find_credentials(self, login: str) -> Credentials | None:
        if not login or len(login) > EMAIL_CHARACTERS or not login.isprintable():
            return None
        return await self._users.credentials(login)

    async def _check_password(self, credentials: Credentials | None, password: str) -> str | None:
        """Answer the hash that now stands for this password, None when it is wrong; one hash's work."""
        known = credentials.password_hash if credentials else None
        verdict = await self._passwords.verify(known, password[: PASSWORD_CHARACTERS_MAX + 1])
        if credentials is None or not verdict.matches:
            return None
        if verdict.needs_rehash:
            renewed = await self._passwords.hash(password)
            await self._logins.replace_password_hash(credentials.user.id, credentials.password_hash, renewed)
            return renewed
        return known

    async def _open_session(self, user: UserRecord) -> SignedIn:
        token = new_token()
        hashed = hash_token(token)
        assert hashed is not None
        try:
            session = await self._sessions.open(user.id, hashed, TOKEN_LIFETIME_S)
        except Missing:
            # Gone or banned since the password was checked: no more is told than of a wrong password.
            raise _invalid_credentials() from None
        return SignedIn(
            user=to_own_user(user), token=token, expires_at=rfc3339_from_datetime(session.expires_at)
        )

    async def _revoke_token(self, user_id: str, token: str) -> None:
        hashed = hash_token(token)
        assert hashed is not None
        identity = (await self._sessions.identities([hashed])).get(hashed)
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
