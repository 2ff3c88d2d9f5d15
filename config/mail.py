"""Constants of the mail queue.

Retries end before a password reset link expires: a later mail would be useless.
"""

from typing import Final

MAIL_QUEUE_MAX: Final = 1000
MAILS_IN_FLIGHT: Final = 4
MAIL_SEND_TIMEOUT_S: Final = 30.0
SMTP_QUIT_TIMEOUT_S: Final = 2.0
MAIL_RETRY_DELAYS_S: Final = (5.0, 30.0, 120.0, 300.0, 600.0)
MAIL_RETRY_JITTER: Final = 0.2
"""Fraction by which a retry delay varies, so that mails that failed together are not retried together."""
