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
from actors.accounts.cards import CardCache
from actors.accounts.fields import avatar_url_of, bio_of, display_name_of, email_of, username_of
from actors.accounts.lookups import Lookups
from actors.accounts.passwords import Passwords
from actors.accounts.requests import (
    Cards,
    Login,
    PasswordChange,
    ProfilePatch,
    Registration,
    SessionView,
    SignedIn,
    refuse,
)
from actors.accounts.tokens import new_token, token_hash
from actors.accounts.views import card_of, own_of, public_of, session_view_of
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import OwnUser, User, UserCard
from actors.protocol.timestamps import rfc3339_from_datetime
from config.accounts import SEARCH_CHARACTERS
from config.limits import (
    EMAIL_CHARACTERS,
    PASSWORD_CHARACTERS_MAX,
    TOKEN_LIFETIME_S,
    USER_CARDS,
    USERNAME_CHARACTERS_MAX,
)
from storage.contracts.logins import LoginStore
from storage.contracts.users import SessionStore, UserStore
from storage.errors import Conflict, Missing
from storage.records.idempotency_key import IdempotencyKey
from storage.records.users import Credentials, Identity, NewUser, ProfileChange, UserRecord

TAKEN = {
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
        revoked: Callable[[Sequence[str]], None],
        greet: Callable[[UserRecord], None] = lambda _user: None,
        changed: Callable[[UserRecord], None] = lambda _user: None,
    ) -> None:
        self._users = stores.users
        self._sessions = stores.sessions
        self._logins = stores.logins
        self._passwords = passwords
        self._authenticator = authenticator
        self._revoked = revoked
        self._greet = greet
        self._changed = changed
        self._people = Lookups(self._load)
        self._cards = CardCache(self._load_cards)

    async def register(self, registration: Registration, once: IdempotencyKey | None = None) -> SignedIn:
        """Register; under a key that was used before, sign in whom it made, with the same password."""
        refuse(registration.faults())
        name = registration.display_name
        password_hash = await self._passwords.hash(registration.password)
        new = NewUser(
            email=email_of(registration.email),
            username=username_of(registration.username),
            password_hash=password_hash,
            display_name=None if name is None else display_name_of(name),
        )
        try:
            user = await self._users.register(new, once)
        except Conflict as conflict:
            _taken(conflict)
        if once is not None and await self._repeated(user, password_hash, registration.password):
            return await self._sign_in(user)
        self._greet(user)
        self._changed(user)
        return await self._sign_in(user)

    async def _repeated(self, user: UserRecord, password_hash: str, password: str) -> bool:
        """Whether that user was there already; refuses where the password is not the one of then."""
        known = await self._users.credentials_of(user.id)
        if known is not None and known.password_hash == password_hash:
            return False
        if await self._verified(known, password) is None:
            raise ApiError("idempotency.conflict", "The key was used for another registration.")
        return True

    async def login(self, login: Login) -> SignedIn:
        credentials = await self._credentials(login.login)
        password_hash = await self._verified(credentials, login.password)
        if credentials is None or password_hash is None:
            raise _wrong()
        user = credentials.user
        signed = await self._sign_in(user)
        # A password changed while this login was under way ends it like any other old session.
        now = await self._users.credentials_of(user.id)
        if now is None or (
            now.password_hash != password_hash and await self._verified(now, login.password) is None
        ):
            await self._end_token(user.id, signed.token)
            raise _wrong()
        return signed

    async def change_password(self, identity: Identity, change: PasswordChange) -> None:
        """Set a new password; every other session of the user ends."""
        refuse(change.faults())
        credentials = await self._users.credentials_of(identity.user.id)
        if await self._verified(credentials, change.current_password) is None:
            raise _wrong()
        password_hash = await self._passwords.hash(change.new_password)
        ended = await self._users.change_password(identity.user.id, password_hash, identity.session_id)
        self._tell(ended)

    async def own(self, user_id: str) -> OwnUser:
        return own_of(await self._user(user_id))

    async def profile(self, user_id: str) -> User:
        return public_of(await self._user(user_id))

    async def by_username(self, username: str) -> User:
        user = None
        if username.isascii() and username.isprintable() and len(username) <= USERNAME_CHARACTERS_MAX:
            user = await self._users.by_username(username)
        if user is None:
            raise _nobody()
        return public_of(user)

    async def change(self, identity: Identity, patch: ProfilePatch) -> OwnUser:
        refuse(patch.faults())
        change = ProfileChange(
            email=patch.email if isinstance(patch.email, UnsetType) else email_of(patch.email),
            username=patch.username if isinstance(patch.username, UnsetType) else username_of(patch.username),
            display_name=display_name_of(patch.display_name)
            if isinstance(patch.display_name, str)
            else patch.display_name,
            bio=bio_of(patch.bio) if isinstance(patch.bio, str) else patch.bio,
            avatar_url=avatar_url_of(patch.avatar_url)
            if isinstance(patch.avatar_url, str)
            else patch.avatar_url,
        )
        if change == ProfileChange():
            return await self.own(identity.user.id)
        try:
            user = await self._users.change(identity.user.id, change)
        except Conflict as conflict:
            _taken(conflict)
        except Missing:
            raise _nobody() from None
        self._cards.forget(user.id)
        self._authenticator.forget(identity.session_id)
        if patch.email is not UNSET:
            self._greet(user)
        self._changed(user)
        return own_of(user)

    async def search(self, text: str, after: tuple[str, str] | None, limit: int) -> Cards:
        """By prefix of username or display name, in order of username."""
        prefix = text.strip()
        if not prefix or len(prefix) > SEARCH_CHARACTERS or not prefix.isprintable():
            raise invalid_field("q", f"Must have 1 to {SEARCH_CHARACTERS} printable characters.")
        if after is not None and not (after[0].isprintable() and after[0].isascii()):
            raise ApiError("cursor.invalid", "The cursor is not one of ours.")
        found = await self._users.search(prefix, after, limit + 1)
        page = found[:limit]
        more = len(found) > limit
        return Cards([card_of(user) for user in page], (page[-1].username, page[-1].id) if more else None)

    async def cards(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Cards of those who exist, by id; at most seconds old, one round trip a tick for all callers."""
        return await self._cards.get(user_ids)

    async def cards_now(self, user_ids: Sequence[str]) -> list[UserCard]:
        """Cards as they are at this moment, in the order asked for; at most `USER_CARDS`."""
        wanted = list(dict.fromkeys(user_ids))
        if len(wanted) > USER_CARDS:
            raise invalid_field("ids", f"At most {USER_CARDS} ids can be asked for at once.", "too_many")
        found = await self._people.get_many(wanted)
        return [card_of(found[user_id]) for user_id in wanted if user_id in found]

    async def sessions(self, identity: Identity) -> list[SessionView]:
        """List the unexpired ones, the latest used first."""
        found = await self._sessions.list(identity.user.id)
        views = [session_view_of(session, identity.session_id) for session in found]
        # Ordered by what is shown, so that a page can go on after it.
        return sorted(views, key=lambda view: (view.last_used_at, view.id), reverse=True)

    async def revoke(self, identity: Identity, session_id: str) -> None:
        """End one of one's own sessions."""
        if not await self._sessions.revoke(identity.user.id, session_id):
            raise ApiError("session.not_found", "No such session.")
        self._tell([session_id])

    async def logout(self, identity: Identity) -> None:
        """End the session that asks; one that has ended already is no fault."""
        await self._sessions.revoke(identity.user.id, identity.session_id)
        self._tell([identity.session_id])

    def forget_card(self, user_id: str) -> None:
        """Somebody has changed: show nobody the card of before."""
        self._cards.forget(user_id)

    async def close(self) -> None:
        """End what runs in the background; the stores are the caller's to close."""
        await asyncio.gather(self._people.close(), self._cards.close())

    async def _credentials(self, login: str) -> Credentials | None:
        if not login or len(login) > EMAIL_CHARACTERS or not login.isprintable():
            return None
        return await self._users.credentials(login)

    async def _verified(self, credentials: Credentials | None, password: str) -> str | None:
        """Answer the hash that now stands for this password, None when it is wrong; one hash's work."""
        known = credentials.password_hash if credentials else None
        verdict = await self._passwords.verify(known, password[: PASSWORD_CHARACTERS_MAX + 1])
        if credentials is None or not verdict.right:
            return None
        if verdict.stale:
            renewed = await self._passwords.hash(password)
            await self._logins.replace_password_hash(credentials.user.id, credentials.password_hash, renewed)
            return renewed
        return known

    async def _sign_in(self, user: UserRecord) -> SignedIn:
        token = new_token()
        hashed = token_hash(token)
        assert hashed is not None
        try:
            session = await self._sessions.open(user.id, hashed, TOKEN_LIFETIME_S)
        except Missing:
            # Gone or banned since the password was checked: no more is told than of a wrong password.
            raise _wrong() from None
        return SignedIn(user=own_of(user), token=token, expires_at=rfc3339_from_datetime(session.expires_at))

    async def _end_token(self, user_id: str, token: str) -> None:
        hashed = token_hash(token)
        assert hashed is not None
        identity = (await self._sessions.identities([hashed])).get(hashed)
        if identity is not None:
            await self._sessions.revoke(user_id, identity.session_id)
            self._tell([identity.session_id])

    async def _user(self, user_id: str) -> UserRecord:
        user = await self._people.get(user_id)
        if user is None:
            raise _nobody()
        return user

    async def _load(self, user_ids: Sequence[str]) -> Mapping[str, UserRecord]:
        return {user.id: user for user in await self._users.find(user_ids)}

    async def _load_cards(self, user_ids: Sequence[str]) -> Mapping[str, UserCard]:
        return {user.id: card_of(user) for user in await self._users.find(user_ids)}

    def _tell(self, session_ids: Sequence[str]) -> None:
        for session_id in session_ids:
            self._authenticator.forget(session_id)
        if session_ids:
            self._revoked(session_ids)


def _taken(conflict: Conflict) -> NoReturn:
    if conflict.constraint not in TAKEN:
        raise conflict
    code, detail = TAKEN[conflict.constraint]
    raise ApiError(code, detail) from None


def _wrong() -> ApiError:
    return ApiError("auth.invalid_credentials", "The login or the password is wrong.")


def _nobody() -> ApiError:
    return ApiError("user.not_found", "No such user.")
