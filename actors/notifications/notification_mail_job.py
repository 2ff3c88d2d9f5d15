"""Sends e-mails about unread notifications, on one instance at a time.

    due -> quiet hours? deferred to their end -> too many e-mails? deferred -> claimed -> mail queue

An e-mail lists everything that is due for its user, so that many likes become one e-mail. At most once: a
crash between the last two steps loses an e-mail, and its notifications stay unread.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.notifications.quiet_hours import quiet_until
from actors.runtime.periodic_job import PeriodicJob
from config.mail import (
    NOTIFICATION_MAIL_BATCH,
    NOTIFICATION_MAIL_INTERVAL_S,
    NOTIFICATION_MAIL_POLL_S,
    MailKind,
)
from storage.contracts.locks import Locks
from storage.contracts.notification_mails import MailRecipient, MailRecipientStore, NotificationMailStore

LOCK = "notification mails"


class NotificationMailJob:
    """`make_unsubscribe_token(user_id)` returns the token of the link that ends the e-mails."""

    def __init__(
        self,
        store: NotificationMailStore,
        recipients: MailRecipientStore,
        mail_limits: MailLimits,
        email_sender: EmailSender,
        make_unsubscribe_token: Callable[[str], str],
        locks: Locks,
    ) -> None:
        self._store = store
        self._recipients = recipients
        self._mail_limits = mail_limits
        self._email_sender = email_sender
        self._make_unsubscribe_token = make_unsubscribe_token
        self._locks = locks
        self._job = PeriodicJob("sending of notification mails", self._run_now, NOTIFICATION_MAIL_POLL_S)

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    async def run(self, now: datetime) -> None:
        """Send what is due, unless another instance holds the lock. Raises `Unavailable`."""
        if self._email_sender.is_busy or not await self._locks.try_acquire(LOCK):
            return
        due = await self._store.list_due(NOTIFICATION_MAIL_BATCH)
        deferred = {
            recipient.user_id: ends_at
            for recipient in due
            if (ends_at := quiet_until(recipient.quiet_hours, now)) is not None
        }
        ready = [recipient.user_id for recipient in due if recipient.user_id not in deferred]
        recipients = await self._recipients.find_verified(ready)
        for user_id in ready:
            if user_id not in recipients:
                await self._store.claim_due(user_id)
            elif await self._mail_limits.take(MailKind.NOTIFICATION, recipients[user_id].email):
                await self._send(recipients[user_id])
            else:
                deferred[user_id] = now + timedelta(seconds=NOTIFICATION_MAIL_INTERVAL_S)
        await self._store.defer(deferred)

    async def _send(self, recipient: MailRecipient) -> None:
        notifications = await self._store.claim_due(recipient.user_id)
        if notifications:
            token = self._make_unsubscribe_token(recipient.user_id)
            self._email_sender.queue_notifications(recipient, notifications, token)
        else:
            await self._mail_limits.refund(MailKind.NOTIFICATION, recipient.email)

    async def _run_now(self) -> None:
        await self.run(datetime.now(UTC))
