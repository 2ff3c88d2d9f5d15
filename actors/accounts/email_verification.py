"""Verifies that an e-mail address belongs to its user, by a link sent to it.

A verified address is unrelated to the verified badge that moderators grant, and gives no permissions. The
e-mail is sent in the background, so it does not delay registration. Once its link has expired, setting the
address again sends another one.
"""

import logging
from functools import partial

from actors.accounts.tokens import hash_token, new_token
from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.protocol.errors import ApiError
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import (
    MAIL_TASKS_PENDING_MAX,
    MAIL_TASKS_RUNNING_MAX,
    VERIFICATION_LIFETIME_S,
    VERIFICATIONS_PER_LIFETIME,
)
from config.mail import MailKind
from storage.contracts.mail_tokens import EmailVerificationStore
from storage.contracts.users import UserRecord
from storage.errors import Missing

_log = logging.getLogger(__name__)


class EmailVerification:
    """Methods raise `ApiError`, and `Unavailable` from the store."""

    def __init__(
        self,
        verifications: EmailVerificationStore,
        email_sender: EmailSender,
        mail_limits: MailLimits,
    ) -> None:
        self._verifications = verifications
        self._email_sender = email_sender
        self._mail_limits = mail_limits
        self._task_pool = TaskPool("address verifications", MAIL_TASKS_PENDING_MAX, MAIL_TASKS_RUNNING_MAX)

    def request_link(self, user: UserRecord) -> None:
        """Send a link in the background.

        Unless the address is verified, a link sent to it is still good, or the user or the address got
        enough links.
        """
        if not self._task_pool.submit(partial(self._send_link, user)):
            _log.warning("verification e-mail not sent: too many are pending")

    async def verify(self, token: str) -> None:
        """Mark the address as verified. A link works once, and only while the user has that address."""
        token_hash = hash_token(token)
        if token_hash is None:
            raise _link_not_found()
        try:
            await self._verifications.redeem(token_hash)
        except Missing:
            raise _link_not_found() from None

    def statistics(self) -> TaskPoolStatistics:
        return self._task_pool.statistics()

    async def close(self, timeout_s: float) -> None:
        """Finish pending work for up to `timeout_s`, then cancel the rest."""
        await self._task_pool.close(timeout_s)

    async def _send_link(self, user: UserRecord) -> None:
        if not await self._mail_limits.take(MailKind.VERIFICATION, user.email):
            return
        token = new_token()
        token_hash = hash_token(token)
        assert token_hash is not None
        recipient = await self._verifications.issue(
            user.id, token_hash, VERIFICATION_LIFETIME_S, VERIFICATIONS_PER_LIFETIME
        )
        if recipient is None:
            await self._mail_limits.refund(MailKind.VERIFICATION, user.email)
        else:
            self._email_sender.queue_verification(recipient, token)


def _link_not_found() -> ApiError:
    return ApiError(
        "email_verification.not_found", "The link is not valid, has expired, or was already used."
    )
