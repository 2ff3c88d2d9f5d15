"""Notifies the old address that the e-mail address of an account changed, and undoes the change by the link.

    change -> e-mail to the old address -> undo(token): address restored, sessions ended, password reset sent

A change needs the password, so the one who made it knows the password: undoing it makes that password useless
too, and sends a link for a new one to the restored address. Otherwise the change could simply be repeated.
"""

import logging
from collections.abc import Callable, Sequence

from actors.accounts.password_recovery import PasswordRecovery
from actors.accounts.passwords import Passwords
from actors.accounts.tokens import hash_token
from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.protocol.errors import ApiError
from actors.runtime.task_pool import TaskPool, TaskPoolStatistics
from config.accounts import MAIL_TASKS_PENDING_MAX, MAIL_TASKS_RUNNING_MAX
from config.mail import MailKind
from storage.contracts.email_changes import EmailChangeStore, ReplacedEmail
from storage.contracts.users import UserRecord
from storage.errors import Missing

_log = logging.getLogger(__name__)


class EmailChangeNotices:
    """Sends the e-mails to old addresses, in the background."""

    def __init__(self, email_sender: EmailSender, mail_limits: MailLimits) -> None:
        self._email_sender = email_sender
        self._mail_limits = mail_limits
        self._task_pool = TaskPool("address changes", MAIL_TASKS_PENDING_MAX, MAIL_TASKS_RUNNING_MAX)

    def send(self, user: UserRecord, replaced: ReplacedEmail, token: str) -> None:
        """Send the link that undoes a change to the address that the user had."""

        async def send_link() -> None:
            # A verified address always gets it: its owner could not be warned if attackers, who can register
            # with any address, had used up its budget. The changes of one account are limited.
            if replaced.verified or await self._mail_limits.take(MailKind.EMAIL_CHANGE, replaced.email):
                self._email_sender.queue_email_changed(user, replaced.email, token)

        if not self._task_pool.submit(send_link):
            _log.warning("e-mail to a replaced address not sent: too many are pending")

    def statistics(self) -> TaskPoolStatistics:
        return self._task_pool.statistics()

    async def close(self, timeout_s: float) -> None:
        """Finish pending work for up to `timeout_s`, then cancel the rest."""
        await self._task_pool.close(timeout_s)


class EmailChangeUndo:
    """Methods raise `ApiError`, and `Unavailable` from the store.

    `on_sessions_ended` is `LoginSessions.on_revoked`, `on_user_changed` that of `Accounts`.
    """

    def __init__(
        self,
        email_changes: EmailChangeStore,
        passwords: Passwords,
        password_recovery: PasswordRecovery,
        on_sessions_ended: Callable[[Sequence[str]], None],
        on_user_changed: Callable[[UserRecord], None],
    ) -> None:
        self._email_changes = email_changes
        self._passwords = passwords
        self._password_recovery = password_recovery
        self._on_sessions_ended = on_sessions_ended
        self._on_user_changed = on_user_changed

    async def undo(self, token: str) -> None:
        """Restore the address that the link was sent to. A link works once."""
        token_hash = hash_token(token)
        if token_hash is None:
            raise _link_not_found()
        try:
            undone = await self._email_changes.undo(token_hash, self._passwords.make_unusable_hash())
        except Missing:
            raise _link_not_found() from None
        self._on_sessions_ended(undone.session_ids)
        self._on_user_changed(undone.user)
        self._password_recovery.send_link(undone.user.email)


def _link_not_found() -> ApiError:
    return ApiError("email_change.not_found", "The link is not valid, has expired, or was already used.")
