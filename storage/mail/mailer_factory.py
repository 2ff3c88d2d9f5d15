"""Chooses the mailer by configuration."""

from config.settings import LogSettings, MailSettings
from storage.contracts.mail import Mailer
from storage.mail.fallback_mailers import DisabledMailer, LoggingMailer
from storage.mail.smtp import SmtpMailer


def create_mailer(mail: MailSettings, log: LogSettings) -> Mailer:
    if mail.host is not None:
        return SmtpMailer(mail)
    # A console log is a developer's. A JSON log is collected, kept and read by others: no links in it.
    return LoggingMailer() if log.format == "console" else DisabledMailer()
