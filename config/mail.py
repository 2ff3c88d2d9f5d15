"""Bounds of sending mail that nobody tunes: how many may wait, how often one is tried, for how long.

The retries end before a link that gives a new password does: a mail that comes later helps nobody.
Never holds what an operator may set.
"""

from typing import Final

MAIL_QUEUE_MAX: Final = 1000
MAILS_IN_FLIGHT: Final = 4
MAIL_SEND_TIMEOUT_S: Final = 30.0
SMTP_QUIT_TIMEOUT_S: Final = 2.0
MAIL_RETRY_DELAYS_S: Final = (5.0, 30.0, 120.0, 300.0, 600.0)
MAIL_RETRY_JITTER: Final = 0.2
"""By what part of itself a wait is longer or shorter, so that what failed together does not come together."""
