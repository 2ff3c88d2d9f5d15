"""Limits the e-mails to one address, whatever accounts have it, had it, or were deleted with it.

Counted over all instances, under a keyed hash of the address. Each kind of e-mail has a separate budget, so
that people who register with the address of another cannot use up the password resets of its owner.
"""

import unicodedata
from collections.abc import Mapping

from actors.keyed_hash import KeyedHash
from config.mail import MAIL_LIMITS, MailKind, MailLimit
from storage.contracts.attempt_limits import AttemptLimit, AttemptLimits


class MailLimits:
    """Methods raise `Unavailable`, like the store."""

    def __init__(
        self,
        store: AttemptLimits,
        keyed_hash: KeyedHash,
        limits: Mapping[MailKind, MailLimit] = MAIL_LIMITS,
    ) -> None:
        self._store = store
        self._keyed_hash = keyed_hash
        self._limits = limits
        self._withheld = 0

    @property
    def withheld(self) -> int:
        """E-mails that this instance did not send, because of a limit per address."""
        return self._withheld

    async def take(self, kind: MailKind, address: str) -> bool:
        """Count an e-mail. Returns False, without counting it, if it must not be sent."""
        if await self._store.take([self._limit(kind, address)]) == 0:
            return True
        self._withheld += 1
        return False

    async def refund(self, kind: MailKind, address: str) -> None:
        """Undo `take` of an e-mail that was not sent."""
        await self._store.refund([self._limit(kind, address)])

    def _limit(self, kind: MailKind, address: str) -> AttemptLimit:
        limit = self._limits[kind]
        folded = unicodedata.normalize("NFKC", address).casefold()
        key = f"mail:{kind.value}:{self._keyed_hash.digest(folded)}"
        return AttemptLimit(key, limit.interval_s * 1000, limit.burst)
