"""Profiles of users: reads, changes and search, and the cards that other services show.

All fields are validated here, regardless of the transport. Profiles are never served from a cache.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import NoReturn

import msgspec
from msgspec import UNSET

from actors.accounts.bodies import (
    PasswordChange,
    ProfilePatch,
    UserCardPage,
    raise_if_invalid,
    to_profile_change,
)
from actors.accounts.card_cache import CardCache
from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.fields import normalize_username
from actors.accounts.login_sessions import LoginSessions
from actors.accounts.password_rules import profile_errors
from actors.accounts.serializers import to_own_user, to_user_card
from actors.accounts.tokens import hash_token, new_token
from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError, invalid_cursor, invalid_field
from actors.protocol.objects import OwnUser, UserCard
from actors.protocol.text_validation import is_printable_ascii, validate_query
from actors.search_text import validate_search_text
from config.accounts import (
    EMAIL_CHANGE_UNDO_S,
    EMAIL_CHANGES_PER_LIFETIME,
    USER_SEARCH_CHARACTERS,
)
from config.limits import USER_CARDS_PER_REQUEST
from storage.contracts.email_changes import EmailChangeStore, ReplacedEmail
from storage.contracts.users import (
    Identity,
    ProfileChange,
    UserRecord,
    UserStore,
)
from storage.errors import Conflict, Missing

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


class Accounts:
    """Methods raise `ApiError`, and `Unavailable` from the stores.

    `on_email_set` receives every user who sets the e-mail address, also the same one, with the address that
    it replaced and the token that restores that, if there is one; it must not block.
    `on_user_changed` receives every user who was changed, to notify other services and devices.
    `apply_privacy` makes a changed `private` effective in the other services.
    """

    def __init__(
        self,
        users: UserStore,
        email_changes: EmailChangeStore,
        sessions: LoginSessions,
        credential_checks: CredentialChecks,
        on_email_set: OnEmailSet = lambda _user, _undo: None,
        on_user_changed: Callable[[UserRecord], None] = lambda _user: None,
        apply_privacy: ApplyPrivacy = _no_privacy,
    ) -> None:
        self._users = users
        self._email_changes = email_changes
        self._sessions = sessions
        self._credential_checks = credential_checks
        self._on_email_set = on_email_set
        self._on_user_changed = on_user_changed
        self._apply_privacy = apply_privacy
        self._user_loader = DataLoader(self._load_users)
        self._card_cache = CardCache(self._load_uncached_cards)

    async def change_password(self, identity: Identity, change: PasswordChange) -> None:
        """Set a new password; end every other session, reset links and the calendar link of the user."""
        raise_if_invalid(change.field_errors())
        user = identity.user
        names = (user.username, user.display_name)
        raise_if_invalid(profile_errors("new_password", change.new_password, email=user.email, names=names))
        await self._credential_checks.confirm(user.id, change.current_password)
        password_hash = await self._credential_checks.hash(change.new_password)
        session_ids = await self._users.change_password(user.id, password_hash, identity.session_id)
        self._sessions.on_revoked(session_ids)

    async def get_own_profile(self, user_id: str) -> OwnUser:
        return to_own_user(await self._get_user(user_id))

    async def get_user(self, user_id: str) -> UserRecord:
        """Return any user. Raises `user.not_found`."""
        return await self._get_user(user_id)

    async def get_user_by_username(self, username: str) -> UserRecord:
        """Return the user with a username, ignoring case and width. Raises `user.not_found`."""
        normalized = normalize_username(username)
        user = None if normalized is None else await self._users.by_username(normalized)
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
            raise_conflict(conflict)
        except Missing:
            raise _user_not_found() from None
        self._card_cache.invalidate(user.id)
        self._sessions.on_user_changed(identity.session_id)
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

    async def search(
        self, text: str, after: tuple[str, str] | None, excluded_user_ids: Sequence[str], limit: int
    ) -> UserCardPage:
        """Search by prefixes of words of username and display name, ordered by username.

        Also the key of the next page names none of the excluded users.

        Raises:
            ApiError: request.invalid, cursor.invalid.
            QueryTimeout: the search took too long.
        """
        query = validate_query("q", text, USER_SEARCH_CHARACTERS)
        validate_search_text(query, USER_SEARCH_CHARACTERS)
        if after is not None and not is_printable_ascii(after[0]):
            raise invalid_cursor()
        users = await self._users.search(query, after, limit + 1, excluded_user_ids)
        page = users[:limit]
        more = len(users) > limit
        return UserCardPage(
            [to_user_card(user) for user in page], (page[-1].username, page[-1].id) if more else None
        )

    async def load_cards(self, user_ids: Iterable[str]) -> dict[str, UserCard]:
        """Return the cards of users that exist, by id. Cached for seconds; misses are loaded in batches."""
        return await self._card_cache.get(user_ids)

    async def load_current_cards(self, user_ids: Sequence[str]) -> list[UserCard]:
        """Return uncached cards of users that exist, in the order of `user_ids`.

        Raises:
            ApiError: request.invalid, for more than `USER_CARDS_PER_REQUEST` different ids.
        """
        unique_ids = list(dict.fromkeys(user_ids))
        if len(unique_ids) > USER_CARDS_PER_REQUEST:
            raise invalid_field("ids", f"Must have at most {USER_CARDS_PER_REQUEST} ids.", "too_many")
        users = await self._user_loader.get_many(unique_ids)
        return [to_user_card(users[user_id]) for user_id in unique_ids if user_id in users]

    async def find_existing_users(self, user_ids: Sequence[str]) -> Collection[str]:
        """Return those of the users whose accounts exist, uncached."""
        return (await self._user_loader.get_many(user_ids)).keys()

    def invalidate_card(self, user_id: str) -> None:
        """Drop the cached card of a user who has changed."""
        self._card_cache.invalidate(user_id)

    async def close(self) -> None:
        """Cancel pending lookups. The caller closes the stores."""
        await asyncio.gather(self._user_loader.close(), self._card_cache.close())

    async def _get_user(self, user_id: str) -> UserRecord:
        user = await self._user_loader.get(user_id)
        if user is None:
            raise _user_not_found()
        return user

    async def _load_users(self, user_ids: Sequence[str]) -> Mapping[str, UserRecord]:
        return {user.id: user for user in await self._users.find(user_ids)}

    async def _load_uncached_cards(self, user_ids: Sequence[str]) -> Mapping[str, UserCard]:
        return {user.id: to_user_card(user) for user in await self._users.find(user_ids)}


def raise_conflict(conflict: Conflict) -> NoReturn:
    """Raise the `ApiError` for a value that is in use or not accepted."""
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


def _user_not_found() -> ApiError:
    return ApiError("user.not_found", "No such user.")
