"""What stands in for mail where no server is set.

A development run shows each link in its log, so that one can go on; everywhere else a link in a log would
be a key under the mat, and the mail is refused. Neither ever sends anything.
"""

import logging

from storage.errors import StorageError
from storage.records.mail import Mail

_log = logging.getLogger(__name__)


class LoggingMailer:
    """A `Mailer` for development."""

    async def send(self, mail: Mail) -> None:
        _log.info("no mail server is set; this %s would have been sent: %s", mail.kind, mail.link)


class DisabledMailer:
    """A `Mailer` that refuses everything, and says so once, when it is made."""

    def __init__(self) -> None:
        _log.warning("no mail server is set: nobody gets a new password or a confirmed address by mail")

    async def send(self, mail: Mail) -> None:  # noqa: ARG002 - the contract's signature
        raise StorageError("no mail server is set")
