"""Mailers for installations without an SMTP server.

In development each link is written to the log, so that it can be followed. In production a link in a log
would let readers of the log take over accounts, so mails are refused.
"""

import logging

from storage.contracts.mail import Mail
from storage.errors import StorageError

_log = logging.getLogger(__name__)


class LoggingMailer:
    """A `Mailer` for development that logs each link."""

    async def send(self, mail: Mail) -> None:
        kind = mail.kind.replace("_", " ")
        _log.info("no mail server is configured; %s mail not sent, its link is %s", kind, mail.link)


class DisabledMailer:
    """A `Mailer` that refuses every mail."""

    async def send(self, mail: Mail) -> None:  # noqa: ARG002 - the contract's signature
        raise StorageError("no mail server is configured")
