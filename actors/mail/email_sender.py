"""Writes and queues e-mails: plain text with links to this server only, no images and no tracking.

A token in the text is in the fragment of its link, so browsers do not send it with the request for the page.
Only the URL to unsubscribe, which mail programs call, has its token in the path. No e-mail contains text
written by other users.
"""

import uuid
from collections.abc import Sequence

from actors.mail.mail_queue import MailQueue
from config.accounts import EMAIL_CHANGE_UNDO_S, RESET_LIFETIME_S, VERIFICATION_LIFETIME_S
from config.mail import MailKind
from storage.contracts.mail import Mail
from storage.contracts.notification_mails import MailedNotifications, MailRecipient
from storage.contracts.registrations import RegistrationRecord
from storage.contracts.users import UserRecord

PASSWORD_RESET_TEXT = """\
Hi {username},

We received a request to reset the password of your account at {server_url}.
To choose a new password, open this link:

{link}

The link expires in {minutes} minutes and can be used once. After the reset, you will be logged out on all
devices.

If you did not request this, you can ignore this e-mail. Your password stays unchanged.
"""  # noqa: S105 - the text of an e-mail

VERIFICATION_TEXT = """\
Hi {username},

To confirm the e-mail address of your account at {server_url}, open this link:

{link}

The link expires in {minutes} minutes and can be used once.

If you did not create this account, you can ignore this e-mail.
"""


EMAIL_CHANGED_TEXT = """\
Hi {username},

The e-mail address of your account at {server_url} was changed. This address does not belong to it any more.

If you did not do this, open this link within {hours} hours:

{link}

It restores this address, logs out all devices, and sends you a link to choose a new password: the person
who changed the address knew the old one.

If you changed it yourself, you can ignore this e-mail.
"""

REGISTRATION_DECLINED_TEXT = """\
Hi,

The account that was requested with this address at {server_url} was not approved by its moderators. What was
entered is deleted.

If you did not request an account, you can ignore this e-mail.
"""

NOTIFICATIONS_TEXT = """\
Hi {username},

You have unread notifications at {server_url}:

{lines}

To see them, open this link:

{link}

You get this e-mail because of your notification settings. To change them, open {settings_link}
"""


class EmailSender:
    """Queues e-mails to users. All links start with `base_url`."""

    def __init__(self, mail_queue: MailQueue, base_url: str) -> None:
        self._mail_queue = mail_queue
        self._base_url = base_url

    def queue_password_reset(self, user: UserRecord, token: str) -> None:
        """Queue an e-mail with the link that sets a new password."""
        link = f"{self._base_url}/#/reset/{token}"
        text = PASSWORD_RESET_TEXT.format(
            username=user.username, server_url=self._base_url, link=link, minutes=RESET_LIFETIME_S // 60
        )
        self._enqueue(MailKind.PASSWORD_RESET, user.email, "Reset your password", text, link)

    def queue_verification(self, user: UserRecord, token: str) -> None:
        """Queue an e-mail with the link that verifies the user's address."""
        link = f"{self._base_url}/#/verify/{token}"
        text = VERIFICATION_TEXT.format(
            username=user.username,
            server_url=self._base_url,
            link=link,
            minutes=VERIFICATION_LIFETIME_S // 60,
        )
        self._enqueue(MailKind.VERIFICATION, user.email, "Confirm your e-mail address", text, link)

    def queue_email_changed(self, user: UserRecord, old_email: str, token: str) -> None:
        """Queue an e-mail to the address that a user had, with the link that restores it."""
        link = f"{self._base_url}/#/undo-email-change/{token}"
        hours = EMAIL_CHANGE_UNDO_S // 3600
        text = EMAIL_CHANGED_TEXT.format(
            username=user.username, server_url=self._base_url, link=link, hours=hours
        )
        self._enqueue(MailKind.EMAIL_CHANGE, old_email, "Your e-mail address was changed", text, link)

    def queue_registration_declined(self, registration: RegistrationRecord) -> None:
        """Queue an e-mail to the address of a declined registration.

        Without the name, because anyone can enter any name with this address.
        """
        text = REGISTRATION_DECLINED_TEXT.format(server_url=self._base_url)
        self._enqueue(
            MailKind.REGISTRATION, registration.email, "Your registration was declined", text, self._base_url
        )

    @property
    def is_busy(self) -> bool:
        """Whether e-mails that can wait should wait."""
        return self._mail_queue.is_half_full

    def queue_notifications(
        self,
        recipient: MailRecipient,
        notifications: Sequence[MailedNotifications],
        unsubscribe_token: str,
    ) -> None:
        """Queue an e-mail that counts unread notifications by their titles, which users do not write."""
        link = f"{self._base_url}/#/notifications"
        lines = "\n".join(
            f"- {one.title}" if one.count == 1 else f"- {one.title}: {one.count}" for one in notifications
        )
        text = NOTIFICATIONS_TEXT.format(
            username=recipient.username,
            server_url=self._base_url,
            lines=lines,
            link=link,
            settings_link=f"{self._base_url}/#/settings",
        )
        count = sum(one.count for one in notifications)
        subject = notifications[0].title if count == 1 else f"{count} unread notifications"
        unsubscribe_url = f"{self._base_url}/v1/mail-unsubscriptions/{unsubscribe_token}"
        self._enqueue(MailKind.NOTIFICATION, recipient.email, subject, text, link, unsubscribe_url)

    def _enqueue(
        self, kind: MailKind, to: str, subject: str, text: str, link: str, unsubscribe_url: str | None = None
    ) -> None:
        self._mail_queue.enqueue(Mail(uuid.uuid4().hex, kind, to, subject, text, link, unsubscribe_url))
