"""Sending e-mail."""

from typing import Protocol

from storage.records.mail import Mail


class Mailer(Protocol):
    """Sends e-mails. Error texts contain neither addresses nor message text."""

    async def send(self, mail: Mail) -> None:
        """Send one mail. On return a mail server has accepted responsibility for it.

        May be retried: all attempts carry the same Message-ID, so mailboxes can drop duplicates. Returns or
        raises within `MAIL_SEND_TIMEOUT_S`. After cancellation the mail may or may not have been sent.

        Raises:
            Unavailable: a temporary failure; the mail may have been accepted.
            StorageError: a permanent failure; retrying does not help.
        """
