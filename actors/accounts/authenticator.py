"""Authenticates tokens, for every HTTP request and every socket.

    authenticate(token) -> cache -> batched store lookup -> cache for `token_cache_s`

`invalidate` takes effect at once, even for a lookup in progress. A revocation that this instance was not
notified of takes effect when the cache entry expires.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from actors.accounts.tokens import hash_token
from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError, unavailable
from actors.runtime.task_pool import TaskPool
from config.accounts import (
    CONNECT_IDENTITY_AGE_MAX_S,
    CONNECT_LOOKUP_INTERVAL_S,
    SESSION_TOUCHES_IN_FLIGHT,
)
from config.limits import TOKEN_LIFETIME_MAX_S, TOKEN_LIFETIME_S, TOKEN_TOUCH_INTERVAL_S, Limits
from storage.contracts.users import Identity, LoginStore, SessionState, SessionStore
from storage.errors import StorageError

LOOKUPS_MAX = 5
"""Lookups of a token for one request, if its login session is invalidated during each of them."""


class _ExpiredToken(msgspec.Struct, frozen=True):
    """Lookup result for an expired token."""


class _CachedIdentity(msgspec.Struct, frozen=True):
    identity: Identity
    cached_at: float


class Authenticator:
    """Maps a token to its `Identity`. Cached tokens and pending lookups are bounded."""

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
        self._connect_loader = DataLoader(self._load_identities, CONNECT_LOOKUP_INTERVAL_S)
        self._cache: dict[str, _CachedIdentity] = {}
        self._hash_by_session_id: dict[str, str] = {}
        self._invalidated_by_lookup: dict[int, set[str]] = {}
        self._lookup_count = 0
        self._touched_at: dict[str, float] = {}
        self._touch_pool = TaskPool("session touches")

    async def authenticate(self, token: str) -> Identity:
        """Return the identity of a token.

        Raises:
            ApiError: `auth.required` for an unknown or revoked token, `auth.expired` for an expired one,
                `server.unavailable` or `server.overloaded` if the client should retry.
        """
        return await self._authenticate(token, self._limits.token_cache_s, self._loader)

    async def authenticate_connect(self, token: str) -> Identity:
        """Return the identity for a new connection: not cached longer ago than `CONNECT_IDENTITY_AGE_MAX_S`.

        Looked up to `CONNECT_LOOKUP_INTERVAL_S` later: many connects at once share a query. Raises as
        `authenticate`.
        """
        max_age_s = min(CONNECT_IDENTITY_AGE_MAX_S, self._limits.token_cache_s)
        return await self._authenticate(token, max_age_s, self._connect_loader)

    async def _authenticate(
        self, token: str, max_age_s: float, loader: DataLoader[Identity | _ExpiredToken]
    ) -> Identity:
        token_hash = hash_token(token)
        if token_hash is None:
            raise ApiError("auth.required", "The token is not valid.")
        entry = self._cache.get(token_hash)
        if entry is not None and self._clock() < entry.cached_at + max_age_s:
            if entry.identity.expires_at > datetime.now(UTC):
                return entry.identity
            self._evict(token_hash)
        return await self._authenticate_uncached(token_hash, loader)

    def invalidate(self, session_id: str) -> None:
        """Drop a login session from the cache, because it was revoked or its user changed."""
        token_hash = self._hash_by_session_id.get(session_id)
        if token_hash is not None:
            self._evict(token_hash)
        for invalidated in self._invalidated_by_lookup.values():
            invalidated.add(session_id)

    async def session_states(self, session_ids: Sequence[str]) -> dict[str, SessionState]:
        """Return the states of login sessions from the store; ended ones are absent. Raises `Unavailable`."""
        return await self._sessions.states(session_ids)

    async def close(self) -> None:
        """Cancel pending lookups and session touches."""
        await self._loader.close()
        await self._connect_loader.close()
        await self._touch_pool.cancel()

    async def _authenticate_uncached(
        self, token_hash: str, loader: DataLoader[Identity | _ExpiredToken]
    ) -> Identity:
        for _ in range(LOOKUPS_MAX):
            result, invalidated = await self._look_up(token_hash, loader)
            if not isinstance(result, Identity) or result.session_id not in invalidated:
                break
            # Invalidated during the lookup, which may have read the old state: look it up again.
        else:
            raise unavailable("The session changes too often; retry the request.")
        if isinstance(result, _ExpiredToken):
            raise ApiError("auth.expired", "The token has expired.")
        if result is None:
            raise ApiError("auth.required", "The token is not valid.")
        self._cache_identity(token_hash, result)
        self._touch_when_due(result)
        return result

    async def _look_up(
        self, token_hash: str, loader: DataLoader[Identity | _ExpiredToken]
    ) -> tuple[Identity | _ExpiredToken | None, set[str]]:
        """Return the store's result, and the login sessions invalidated during the lookup."""
        self._lookup_count += 1
        number = self._lookup_count
        invalidated = self._invalidated_by_lookup[number] = set()
        try:
            return await loader.get(token_hash), invalidated
        except StorageError:
            raise unavailable("The token cannot be checked right now. Retry later.") from None
        finally:
            del self._invalidated_by_lookup[number]

    async def _load_identities(self, hashes: Sequence[str]) -> Mapping[str, Identity | _ExpiredToken]:
        results: dict[str, Identity | _ExpiredToken] = {**await self._sessions.identities(hashes)}
        missing = [token_hash for token_hash in hashes if token_hash not in results]
        if missing:
            results.update(dict.fromkeys(await self._logins.find_expired(missing), _ExpiredToken()))
        return results

    def _cache_identity(self, token_hash: str, identity: Identity) -> None:
        self._evict(token_hash)
        now = self._clock()
        if len(self._cache) >= self._limits.token_cache_entries:
            self._evict(next(iter(self._cache)))
        # The oldest are first. Checking two per insertion keeps expired entries from accumulating.
        for oldest in list(itertools.islice(self._cache, 2)):
            if now >= self._cache[oldest].cached_at + self._limits.token_cache_s:
                self._evict(oldest)
        self._cache[token_hash] = _CachedIdentity(identity, now)
        self._hash_by_session_id[identity.session_id] = token_hash

    def _evict(self, token_hash: str) -> None:
        entry = self._cache.pop(token_hash, None)
        if entry is not None:
            self._hash_by_session_id.pop(entry.identity.session_id, None)

    def _touch_when_due(self, identity: Identity) -> None:
        """Extend the login session in the background, at most once per `TOKEN_TOUCH_INTERVAL_S`."""
        left_s = (identity.expires_at - datetime.now(UTC)).total_seconds()
        if (
            TOKEN_LIFETIME_S - left_s < TOKEN_TOUCH_INTERVAL_S
            or len(self._touch_pool) >= SESSION_TOUCHES_IN_FLIGHT
        ):
            return
        # A session at its maximum lifetime always looks due, so the time of the last touch counts too.
        now = self._clock()
        if now - self._touched_at.get(identity.session_id, -TOKEN_TOUCH_INTERVAL_S) < TOKEN_TOUCH_INTERVAL_S:
            return
        self._touched_at.pop(identity.session_id, None)
        if len(self._touched_at) >= self._limits.token_cache_entries:
            del self._touched_at[next(iter(self._touched_at))]
        self._touched_at[identity.session_id] = now
        self._touch_pool.spawn(self._touch(identity.session_id))

    async def _touch(self, session_id: str) -> None:
        try:
            await self._sessions.touch(session_id, TOKEN_LIFETIME_S, TOKEN_LIFETIME_MAX_S)
        except StorageError:
            self._touched_at.pop(session_id, None)
