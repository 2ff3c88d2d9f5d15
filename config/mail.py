"""Constants of the mail queue, and how many e-mails one address gets.

Retries end before a password reset link expires: a later mail would be useless.
"""

from enum import StrEnum
from typing import Final

import msgspec

MAIL_QUEUE_MAX: Final = 1000
MAILS_IN_FLIGHT: Final = 4
MAIL_SEND_TIMEOUT_S: Final = 30.0
SMTP_QUIT_TIMEOUT_S: Final = 2.0
MAIL_RETRY_DELAYS_S: Final = (5.0, 30.0, 120.0, 300.0, 600.0)
MAIL_RETRY_JITTER: Final = 0.2
"""Fraction by which a retry delay varies, so that mails that failed together are not retried together."""

NOTIFICATION_MAIL_DELAY_S: Final = 600.0
"""Time in which notifications gather for one e-mail, and in which reading them makes it unnecessary."""

NOTIFICATION_MAIL_INTERVAL_S: Final = 3600
NOTIFICATION_MAIL_POLL_S: Final = 30.0
NOTIFICATION_MAIL_BATCH: Final = 500
"""Due notifications that are read at once."""


class MailKind(StrEnum):
    VERIFICATION = "verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - no password
    EMAIL_CHANGE = "email_change"
    REGISTRATION = "registration"
    NOTIFICATION = "notification"


class MailLimit(msgspec.Struct, frozen=True):
    """`burst` e-mails to one address at once, and one more every `interval_s`."""

    burst: int
    interval_s: int


MAIL_LIMITS: Final = {
    MailKind.VERIFICATION: MailLimit(5, 6 * 3600),
    MailKind.PASSWORD_RESET: MailLimit(6, 600),
    MailKind.EMAIL_CHANGE: MailLimit(5, 6 * 3600),
    MailKind.REGISTRATION: MailLimit(3, 24 * 3600),
    MailKind.NOTIFICATION: MailLimit(4, NOTIFICATION_MAIL_INTERVAL_S),
}
