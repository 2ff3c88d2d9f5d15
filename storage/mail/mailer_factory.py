"""Chooses the mailer by configuration."""

import logging

from config.settings import LogSettings, MailSettings
from storage.contracts.mail import Mailer
from storage.mail.fallback_mailers import DisabledMailer, LoggingMailer
from storage.mail.smtp import SmtpMailer

_log = logging.getLogger(__name__)


def create_mailer(mail: MailSettings, log: LogSettings) -> Mailer:
    if _is_disabled(mail, log):
        return DisabledMailer()
    return LoggingMailer() if mail.host is None else SmtpMailer(mail)


def _is_disabled(mail: MailSettings, log: LogSettings) -> bool:
    # A console log is a developer's. A JSON log is collected, kept and read by others: no links in it.
    return mail.host is None and log.format != "console"


def warn_without_mail(mail: MailSettings, log: LogSettings) -> None:
    """Log a warning if every mail is refused."""
    if _is_disabled(mail, log):
        _log.warning("no mail server is configured: password resets and e-mail verification are disabled")
