"""Limits how often passwords may be tried for one account, counted over all instances.

    login    known network    login_failures_* of (account, network)
             other networks   the same, and login_failures_elsewhere_* of all other networks together
    current_password          password_confirmations_* of the user

An account is never locked, and others cannot keep its owner out (docs/decisions/0022): an address network
from which the account was registered, logged in or reset its password has a budget that only this network
spends. On a new network, a user has to wait while others try passwords, or reset the password by e-mail,
which makes the network a known one.

Logins are counted under the text that was entered, whether or not it belongs to an account: otherwise the
limit would reveal which do, and which address belongs to which name.
"""

import unicodedata

import msgspec

from actors.keyed_hash import KeyedHash
from actors.protocol.errors import ApiError
from config.accounts import KNOWN_NETWORK_LIFETIME_S, KNOWN_NETWORKS_MAX
from config.limits import Limits
from storage.contracts.attempt_limits import AttemptLimit, AttemptLimits
from storage.contracts.users import UserRecord


class LoginAttempt(msgspec.Struct, frozen=True):
    """A login in progress; `limits` are what it was counted against."""

    limits: tuple[AttemptLimit, ...]
    network: str


class PasswordAttempts:
    """`network` is an address, or the /64 network of an IPv6 address. Raises `Unavailable` like the store."""

    def __init__(self, store: AttemptLimits, keyed_hash: KeyedHash, limits: Limits) -> None:
        self._store = store
        self._keyed_hash = keyed_hash
        self._limits = limits
        self._refused = 0

    @property
    def refused(self) -> int:
        """Attempts that this instance refused."""
        return self._refused

    async def begin_login(self, login: str, user: UserRecord | None, network: str) -> LoginAttempt:
        """Count a login before its password is checked. `user` is its account, if it has one.

        Raises:
            ApiError: rate.limited.
        """
        account = self._keyed_hash.digest(unicodedata.normalize("NFKC", login).casefold())
        network_hash = self._keyed_hash.digest(network)
        limits = [
            _limit(
                f"login:{account}:{network_hash}",
                self._limits.login_failures_per_minute,
                self._limits.login_failures_burst,
            )
        ]
        if not await self._store.is_known(user.id if user else account, network_hash):
            limits.append(
                _limit(
                    f"login:{account}",
                    self._limits.login_failures_elsewhere_per_minute,
                    self._limits.login_failures_elsewhere_burst,
                )
            )
        await self._take(limits)
        return LoginAttempt(tuple(limits), network)

    async def cancel_login(self, login_attempt: LoginAttempt) -> None:
        """Do not count a login whose password was not checked."""
        await self._store.refund(login_attempt.limits)

    async def end_login(self, login_attempt: LoginAttempt, user: UserRecord) -> None:
        """Record that the password was right: the attempt does not count, and its network becomes known."""
        await self._store.refund(login_attempt.limits)
        await self.remember_network(user, login_attempt.network)

    async def remember_network(self, user: UserRecord, network: str) -> None:
        """Record that the user was at this network."""
        network_hash = self._keyed_hash.digest(network)
        await self._store.add_known(user.id, network_hash, KNOWN_NETWORKS_MAX, KNOWN_NETWORK_LIFETIME_S)

    async def count_confirmation(self, user_id: str) -> None:
        """Count a `current_password`, right or wrong.

        Raises:
            ApiError: rate.limited.
        """
        per_minute = self._limits.password_confirmations_per_minute
        await self._take(
            [_limit(f"confirm:{user_id}", per_minute, self._limits.password_confirmations_burst)]
        )

    async def _take(self, limits: list[AttemptLimit]) -> None:
        retry_after_ms = await self._store.take(limits)
        if retry_after_ms > 0:
            self._refused += 1
            raise ApiError(
                "rate.limited",
                "Too many passwords were tried for this account; retry after `retry_after_ms`.",
                retry_after_ms=retry_after_ms,
            )


def _limit(key: str, per_minute: float, burst: int) -> AttemptLimit:
    return AttemptLimit(key, max(1, round(60_000 / per_minute)), burst)
