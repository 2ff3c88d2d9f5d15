"""Sending e-mail."""

from typing import Protocol

import msgspec


class Mail(msgspec.Struct, frozen=True):
    """One e-mail to one address. Its `repr` shows only `kind`, so that logs hold no personal data.

    `id` is the same for all attempts. `link` is contained in `text`. `unsubscribe_url` takes a POST that ends
    such mails (RFC 8058); None for mails that the recipient has requested.
    """

    id: str
    kind: str
    to: str
    subject: str
    text: str
    link: str
    unsubscribe_url: str | None = None

    def __repr__(self) -> str:
        return f"Mail({self.kind})"


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
