"""Whether an e-mail address is its user's, shown by a link that was sent there.

A verified address is not the badge that moderators give, and opens nothing by itself. Never holds a
registration up: the mail is an errand, and whoever gets none may name the address again.
"""

import logging
from functools import partial

from actors.accounts.tokens import new_token, token_hash
from actors.mail.letters import Letters
from actors.protocol.errors import ApiError
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import (
    MAIL_ERRANDS_AT_ONCE,
    MAIL_ERRANDS_WAITING,
    VERIFICATION_LIFETIME_S,
    VERIFICATIONS_PER_LIFETIME,
)
from storage.contracts.mail_tokens import EmailVerificationStore
from storage.errors import Missing
from storage.records.users import UserRecord

_log = logging.getLogger(__name__)


class Verification:
    """Refuses with `Refusal`; lets `Unavailable` of the store through."""

    def __init__(self, verifications: EmailVerificationStore, letters: Letters) -> None:
        self._verifications = verifications
        self._letters = letters
        self._errands = TaskPool("address verifications", MAIL_ERRANDS_WAITING, MAIL_ERRANDS_AT_ONCE)

    def greet(self, user: UserRecord) -> None:
        """Send a link to the user's address, where it is neither verified nor has one already."""
        if not self._errands.submit(partial(self._offer, user.id)):
            _log.warning("an address is not asked to be verified: too many wait")

    async def verify(self, token: str) -> None:
        """Take the address as the user's. Works once, and only while it is still that address."""
        hashed = token_hash(token)
        if hashed is None:
            raise _unknown()
        try:
            await self._verifications.redeem(hashed)
        except Missing:
            raise _unknown() from None

    def statistics(self) -> TaskPoolStatistics:
        return self._errands.statistics()

    async def close(self, within_s: float) -> None:
        """Let what was begun become mails, for so long."""
        await self._errands.close(within_s)

    async def _offer(self, user_id: str) -> None:
        token = new_token()
        hashed = token_hash(token)
        assert hashed is not None
        user = await self._verifications.issue(
            user_id, hashed, VERIFICATION_LIFETIME_S, VERIFICATIONS_PER_LIFETIME
        )
        if user is not None:
            self._letters.verification(user, token)


def _unknown() -> ApiError:
    return ApiError("email_verification.not_found", "The link is unknown, was used, or its time is over.")
