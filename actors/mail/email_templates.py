"""What the server writes to people: plain text, one link, no pictures and nothing that tells who read it.

A token stands behind the `#` of its link, where no server that is asked for the page sees or logs it.
Never contains what other people wrote.
"""

import uuid

from actors.mail.mail_queue import MailQueue
from config.accounts import RESET_LIFETIME_S, VERIFICATION_LIFETIME_S
from storage.contracts.mail import Mail
from storage.contracts.users import UserRecord

PASSWORD_RESET_TEXT = """\
Hello {username},

somebody, you we hope, asked for a new password for your account at {place}.
Choose one here:

{link}

The link works once, for {minutes} minutes. You will have to log in again everywhere.
If it was not you, there is nothing to do: without the link the password stays as it is.
"""  # noqa: S105 - the text of an e-mail

VERIFICATION_TEXT = """\
Hello {username},

an account at {place} was given this e-mail address. If it is yours, confirm it here:

{link}

The link works once, for {days} days.
If you know nothing of this account, there is nothing to do.
"""


class EmailTemplates:
    """Writes to one person at a time and drops it into the box; `base_url` begins all links."""

    def __init__(self, mail_queue: MailQueue, base_url: str) -> None:
        self._mail_queue = mail_queue
        self._base_url = base_url

    def queue_password_reset(self, user: UserRecord, token: str) -> None:
        """The link by which somebody who forgot the password sets a new one."""
        link = f"{self._base_url}/#/reset/{token}"
        text = PASSWORD_RESET_TEXT.format(
            username=user.username, place=self._base_url, link=link, minutes=RESET_LIFETIME_S // 60
        )
        self._enqueue("password reset", user, "A new password", text, link)

    def queue_verification(self, user: UserRecord, token: str) -> None:
        """The link by which somebody shows to read what goes to that address."""
        link = f"{self._base_url}/#/verify/{token}"
        days = VERIFICATION_LIFETIME_S // 86_400
        text = VERIFICATION_TEXT.format(username=user.username, place=self._base_url, link=link, days=days)
        self._enqueue("address verification", user, "Confirm your e-mail address", text, link)

    def _enqueue(self, kind: str, user: UserRecord, subject: str, text: str, link: str) -> None:
        self._mail_queue.enqueue(Mail(uuid.uuid4().hex, kind, user.email, subject, text, link))
