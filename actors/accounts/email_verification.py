"""Whether an e-mail address is its user's, shown by a link that was sent there.

A verified address is not the badge that moderators give, and opens nothing by itself. Never holds a
registration up: the mail is an errand, and whoever gets none may name the address again.
"""

import logging
from functools import partial

from actors.accounts.tokens import hash_token, new_token
from actors.mail.email_templates import EmailTemplates
from actors.protocol.errors import ApiError
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import (
    MAIL_TASKS_PENDING_MAX,
    MAIL_TASKS_RUNNING_MAX,
    VERIFICATION_LIFETIME_S,
    VERIFICATIONS_PER_LIFETIME,
)
from storage.contracts.mail_tokens import EmailVerificationStore
from storage.contracts.users import UserRecord
from storage.errors import Missing

_log = logging.getLogger(__name__)


class EmailVerification:
    """Refuses with `Refusal`; lets `Unavailable` of the store through."""

    def __init__(self, verifications: EmailVerificationStore, email_templates: EmailTemplates) -> None:
        self._verifications = verifications
        self._email_templates = email_templates
        self._task_pool = TaskPool("address verifications", MAIL_TASKS_PENDING_MAX, MAIL_TASKS_RUNNING_MAX)

    def request_link(self, user: UserRecord) -> None:
        """Send a link to the user's address, where it is neither verified nor has one already."""
        if not self._task_pool.submit(partial(self._send_link, user.id)):
            _log.warning("an address is not asked to be verified: too many wait")

    async def verify(self, token: str) -> None:
        """Take the address as the user's. Works once, and only while it is still that address."""
        hashed = hash_token(token)
        if hashed is None:
            raise _link_not_found()
        try:
            await self._verifications.redeem(hashed)
        except Missing:
            raise _link_not_found() from None

    def statistics(self) -> TaskPoolStatistics:
        return self._task_pool.statistics()

    async def close(self, timeout_s: float) -> None:
        """Let what was begun become mails, for so long."""
        await self._task_pool.close(timeout_s)

    async def _send_link(self, user_id: str) -> None:
        token = new_token()
        hashed = hash_token(token)
        assert hashed is not None
        user = await self._verifications.issue(
            user_id, hashed, VERIFICATION_LIFETIME_S, VERIFICATIONS_PER_LIFETIME
        )
        if user is not None:
            self._email_templates.queue_verification(user, token)


def _link_not_found() -> ApiError:
    return ApiError("email_verification.not_found", "The link is unknown, was used, or its time is over.")
