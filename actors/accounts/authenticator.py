"""Who a token speaks for: asked at every request and every socket, answered from memory or the store.

    authenticate(token) -> remembered? -> gathered look-up -> remembered for a while

A revocation told by `forget` holds at once, also against a look-up that is under way; one that was
never told holds when the memory runs out. Never sees a password.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from actors.accounts.tokens import hash_token
from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError, unavailable
from config.accounts import SESSION_TOUCHES_IN_FLIGHT
from config.limits import TOKEN_LIFETIME_MAX_S, TOKEN_LIFETIME_S, TOKEN_TOUCH_INTERVAL_S, Limits
from storage.contracts.users import Identity, LoginStore, SessionStore
from storage.errors import StorageError


class _ExpiredToken(msgspec.Struct, frozen=True):
    """What a look-up finds for a token that has run out."""


class _CachedIdentity(msgspec.Struct, frozen=True):
    identity: Identity
    cached_at: float


class Authenticator:
    """Answers `Identity` or raises `Refusal`; bounded in tokens remembered and look-ups waiting."""

    def __init__(
        self,
        sessions: SessionStore,
        logins: LoginStore,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._logins = logins
        self._limits = limits
        self._clock = clock
        self._loader = DataLoader(self._load_identities)
        self._cache: dict[str, _CachedIdentity] = {}
        self._hash_by_session_id: dict[str, str] = {}
        self._invalidated_by_lookup: dict[int, set[str]] = {}
        self._lookup_count = 0
        self._touched_at: dict[str, float] = {}
        self._touch_tasks: set[asyncio.Task[None]] = set()

    async def authenticate(self, token: str, *, max_age_s: float = math.inf) -> Identity:
        """Who the token speaks for; what it says of the user is at most so old, for those who show it.

        Raises:
            Refusal: `auth.required` for a token that is not (or no longer) known, `auth.expired` for
                one that has run out, `server.unavailable` or `server.overloaded` to try again.
        """
        hashed = hash_token(token)
        if hashed is None:
            raise ApiError("auth.required", "The token is not valid.")
        kept = self._cache.get(hashed)
        if kept is not None and self._clock() < kept.cached_at + min(max_age_s, self._limits.token_cache_s):
            if kept.identity.expires_at > datetime.now(UTC):
                return kept.identity
            self._evict(hashed)
        return await self._authenticate_uncached(hashed)

    def invalidate(self, session_id: str) -> None:
        """Ask the store again: that session was revoked, or its user changed."""
        hashed = self._hash_by_session_id.get(session_id)
        if hashed is not None:
            self._evict(hashed)
        for forgotten in self._invalidated_by_lookup.values():
            forgotten.add(session_id)

    async def expires_at(self, user_id: str, session_id: str) -> datetime | None:
        """When a session will have run out, asked at the store; None when it has. Raises `Unavailable`."""
        for session in await self._sessions.list(user_id):
            if session.id == session_id:
                return session.expires_at
        return None

    async def close(self) -> None:
        """End what runs in the background."""
        await self._loader.close()
        touching = list(self._touch_tasks)
        for task in touching:
            task.cancel()
        await asyncio.gather(*touching, return_exceptions=True)

    async def _authenticate_uncached(self, hashed: str) -> Identity:
        found, forgotten = await self._look_up(hashed)
        while isinstance(found, Identity) and found.session_id in forgotten:
            # Revoked, or another name: what was told meanwhile stands in the store, so it is asked once more.
            found, forgotten = await self._look_up(hashed)
        if isinstance(found, _ExpiredToken):
            raise ApiError("auth.expired", "The token has expired.")
        if found is None:
            raise ApiError("auth.required", "The token is not valid.")
        self._cache_identity(hashed, found)
        self._touch_when_due(found)
        return found

    async def _look_up(self, hashed: str) -> tuple[Identity | _ExpiredToken | None, set[str]]:
        """What the store says, and whose sessions were told to be forgotten while it was asked."""
        self._lookup_count += 1
        number = self._lookup_count
        forgotten = self._invalidated_by_lookup[number] = set()
        try:
            return await self._loader.get(hashed), forgotten
        except StorageError:
            raise unavailable("The token cannot be checked at the moment.") from None
        finally:
            del self._invalidated_by_lookup[number]

    async def _load_identities(self, hashes: Sequence[str]) -> Mapping[str, Identity | _ExpiredToken]:
        found: dict[str, Identity | _ExpiredToken] = {**await self._sessions.identities(hashes)}
        missing = [hashed for hashed in hashes if hashed not in found]
        if missing:
            found.update(dict.fromkeys(await self._logins.find_expired(missing), _ExpiredToken()))
        return found

    def _cache_identity(self, hashed: str, identity: Identity) -> None:
        self._evict(hashed)
        now = self._clock()
        if len(self._cache) >= self._limits.token_cache_entries:
            self._evict(next(iter(self._cache)))
        # The oldest are first. Two for each that comes, so that none stays long after it has run out.
        for oldest in list(itertools.islice(self._cache, 2)):
            if now >= self._cache[oldest].cached_at + self._limits.token_cache_s:
                self._evict(oldest)
        self._cache[hashed] = _CachedIdentity(identity, now)
        self._hash_by_session_id[identity.session_id] = hashed

    def _evict(self, hashed: str) -> None:
        kept = self._cache.pop(hashed, None)
        if kept is not None:
            self._hash_by_session_id.pop(kept.identity.session_id, None)

    def _touch_when_due(self, identity: Identity) -> None:
        left_s = (identity.expires_at - datetime.now(UTC)).total_seconds()
        if (
            TOKEN_LIFETIME_S - left_s < TOKEN_TOUCH_INTERVAL_S
            or len(self._touch_tasks) >= SESSION_TOUCHES_IN_FLIGHT
        ):
            return
        # A session at its greatest age looks due for ever, so what this process did counts too.
        now = self._clock()
        if now - self._touched_at.get(identity.session_id, -TOKEN_TOUCH_INTERVAL_S) < TOKEN_TOUCH_INTERVAL_S:
            return
        self._touched_at.pop(identity.session_id, None)
        if len(self._touched_at) >= self._limits.token_cache_entries:
            del self._touched_at[next(iter(self._touched_at))]
        self._touched_at[identity.session_id] = now
        task = asyncio.get_running_loop().create_task(self._touch(identity.session_id))
        self._touch_tasks.add(task)
        task.add_done_callback(self._touch_tasks.discard)

    async def _touch(self, session_id: str) -> None:
        try:
            await self._sessions.touch(session_id, TOKEN_LIFETIME_S, TOKEN_LIFETIME_MAX_S)
        except StorageError:
            self._touched_at.pop(session_id, None)
