"""E-mail texts: plain text with one link, no images and no tracking.

The token is in the fragment of the link, so it is never sent to a server or logged. No e-mail contains text
written by other users.
"""

import uuid

from actors.mail.mail_queue import MailQueue
from config.accounts import EMAIL_CHANGE_UNDO_S, RESET_LIFETIME_S, VERIFICATION_LIFETIME_S
from storage.contracts.mail import Mail
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

The link expires in {days} days and can be used once.

If you did not create this account, you can ignore this e-mail.
"""


EMAIL_CHANGED_TEXT = """\
Hi {username},

The e-mail address of your account at {server_url} was changed. This address does not belong to it any more.

If you did not do this, open this link within {hours} hours:

{link}

It restores this address, logs out all devices, and sends you a link to choose a new password: whoever changed
the address knew the old one.

If you changed it yourself, you can ignore this e-mail.
"""


class EmailTemplates:
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
        self._enqueue("password reset", user.email, "Reset your password", text, link)

    def queue_verification(self, user: UserRecord, token: str) -> None:
        """Queue an e-mail with the link that verifies the user's address."""
        link = f"{self._base_url}/#/verify/{token}"
        days = VERIFICATION_LIFETIME_S // 86_400
        text = VERIFICATION_TEXT.format(
            username=user.username, server_url=self._base_url, link=link, days=days
        )
        self._enqueue("address verification", user.email, "Confirm your e-mail address", text, link)

    def queue_email_changed(self, user: UserRecord, old_email: str, token: str) -> None:
        """Queue an e-mail to the address that a user had, with the link that restores it."""
        link = f"{self._base_url}/#/undo-email-change/{token}"
        hours = EMAIL_CHANGE_UNDO_S // 3600
        text = EMAIL_CHANGED_TEXT.format(
            username=user.username, server_url=self._base_url, link=link, hours=hours
        )
        self._enqueue("address change", old_email, "Your e-mail address was changed", text, link)

    def _enqueue(self, kind: str, to: str, subject: str, text: str, link: str) -> None:
        self._mail_queue.enqueue(Mail(uuid.uuid4().hex, kind, to, subject, text, link))
