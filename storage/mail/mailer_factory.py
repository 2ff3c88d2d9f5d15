"""Which way mail leaves, by the configuration. Never shows a link in a log that others keep."""

from config.settings import LogSettings, MailSettings
from storage.contracts.mail import Mailer
from storage.mail.fallback_mailers import DisabledMailer, LoggingMailer
from storage.mail.smtp import SmtpMailer


def create_mailer(mail: MailSettings, log: LogSettings) -> Mailer:
    if mail.host is not None:
        return SmtpMailer(mail)
    # A log for eyes is a developer's; one for machines is collected, kept and read by others.
    return LoggingMailer() if log.format == "console" else DisabledMailer()
