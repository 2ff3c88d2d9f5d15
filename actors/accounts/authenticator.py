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

from actors.accounts.lookups import Lookups
from actors.accounts.tokens import token_hash
from actors.protocol.errors import ApiError, unavailable
from config.accounts import TOUCHES_AT_ONCE
from config.limits import TOKEN_LIFETIME_MAX_S, TOKEN_LIFETIME_S, TOKEN_TOUCH_S, Limits
from storage.contracts.logins import LoginStore
from storage.contracts.users import SessionStore
from storage.errors import StorageError
from storage.records.users import Identity


class _Expired(msgspec.Struct, frozen=True):
    """What a look-up finds for a token that has run out."""


class _Kept(msgspec.Struct, frozen=True):
    identity: Identity
    since: float


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
        self._lookups = Lookups(self._load)
        self._kept: dict[str, _Kept] = {}
        self._hashes: dict[str, str] = {}
        self._asking: dict[int, set[str]] = {}
        self._asked = 0
        self._touched: dict[str, float] = {}
        self._touching: set[asyncio.Task[None]] = set()

    async def authenticate(self, token: str, *, age_s: float = math.inf) -> Identity:
        """Who the token speaks for; what it says of the user is at most so old, for those who show it.

        Raises:
            Refusal: `auth.required` for a token that is not (or no longer) known, `auth.expired` for
                one that has run out, `server.unavailable` or `server.overloaded` to try again.
        """
        hashed = token_hash(token)
        if hashed is None:
            raise ApiError("auth.required", "The token is not valid.")
        kept = self._kept.get(hashed)
        if kept is not None and self._clock() < kept.since + min(age_s, self._limits.token_cache_s):
            if kept.identity.expires_at > datetime.now(UTC):
                return kept.identity
            self._drop(hashed)
        return await self._ask(hashed)

    def forget(self, session_id: str) -> None:
        """Ask the store again: that session was revoked, or its user changed."""
        hashed = self._hashes.get(session_id)
        if hashed is not None:
            self._drop(hashed)
        for forgotten in self._asking.values():
            forgotten.add(session_id)

    async def expires_at(self, user_id: str, session_id: str) -> datetime | None:
        """When a session will have run out, asked at the store; None when it has. Raises `Unavailable`."""
        for session in await self._sessions.list(user_id):
            if session.id == session_id:
                return session.expires_at
        return None

    async def close(self) -> None:
        """End what runs in the background."""
        await self._lookups.close()
        touching = list(self._touching)
        for task in touching:
            task.cancel()
        await asyncio.gather(*touching, return_exceptions=True)

    async def _ask(self, hashed: str) -> Identity:
        found, forgotten = await self._look_up(hashed)
        while isinstance(found, Identity) and found.session_id in forgotten:
            # Revoked, or another name: what was told meanwhile stands in the store, so it is asked once more.
            found, forgotten = await self._look_up(hashed)
        if isinstance(found, _Expired):
            raise ApiError("auth.expired", "The token has expired.")
        if found is None:
            raise ApiError("auth.required", "The token is not valid.")
        self._keep(hashed, found)
        self._touch_when_due(found)
        return found

    async def _look_up(self, hashed: str) -> tuple[Identity | _Expired | None, set[str]]:
        """What the store says, and whose sessions were told to be forgotten while it was asked."""
        self._asked += 1
        number = self._asked
        forgotten = self._asking[number] = set()
        try:
            return await self._lookups.get(hashed), forgotten
        except StorageError:
            raise unavailable("The token cannot be checked at the moment.") from None
        finally:
            del self._asking[number]

    async def _load(self, hashes: Sequence[str]) -> Mapping[str, Identity | _Expired]:
        found: dict[str, Identity | _Expired] = {**await self._sessions.identities(hashes)}
        missing = [hashed for hashed in hashes if hashed not in found]
        if missing:
            found.update(dict.fromkeys(await self._logins.find_expired(missing), _Expired()))
        return found

    def _keep(self, hashed: str, identity: Identity) -> None:
        self._drop(hashed)
        now = self._clock()
        if len(self._kept) >= self._limits.token_cache_entries:
            self._drop(next(iter(self._kept)))
        # The oldest are first. Two for each that comes, so that none stays long after it has run out.
        for oldest in list(itertools.islice(self._kept, 2)):
            if now >= self._kept[oldest].since + self._limits.token_cache_s:
                self._drop(oldest)
        self._kept[hashed] = _Kept(identity, now)
        self._hashes[identity.session_id] = hashed

    def _drop(self, hashed: str) -> None:
        kept = self._kept.pop(hashed, None)
        if kept is not None:
            self._hashes.pop(kept.identity.session_id, None)

    def _touch_when_due(self, identity: Identity) -> None:
        left_s = (identity.expires_at - datetime.now(UTC)).total_seconds()
        if TOKEN_LIFETIME_S - left_s < TOKEN_TOUCH_S or len(self._touching) >= TOUCHES_AT_ONCE:
            return
        # A session at its greatest age looks due for ever, so what this process did counts too.
        now = self._clock()
        if now - self._touched.get(identity.session_id, -TOKEN_TOUCH_S) < TOKEN_TOUCH_S:
            return
        self._touched.pop(identity.session_id, None)
        if len(self._touched) >= self._limits.token_cache_entries:
            del self._touched[next(iter(self._touched))]
        self._touched[identity.session_id] = now
        task = asyncio.get_running_loop().create_task(self._touch(identity.session_id))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _touch(self, session_id: str) -> None:
        try:
            await self._sessions.touch(session_id, TOKEN_LIFETIME_S, TOKEN_LIFETIME_MAX_S)
        except StorageError:
            self._touched.pop(session_id, None)
