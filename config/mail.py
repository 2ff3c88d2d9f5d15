"""Bounds of sending mail that nobody tunes: how many may wait, how often one is tried, for how long.

The retries end before a link that gives a new password does: a mail that comes later helps nobody.
Never holds what an operator may set.
"""

from typing import Final

MAILS_WAITING: Final = 1000
MAILS_AT_ONCE: Final = 4
MAIL_SEND_TIMEOUT_S: Final = 30.0
GOODBYE_S: Final = 2.0
MAIL_RETRIES_S: Final = (5.0, 30.0, 120.0, 300.0, 600.0)
MAIL_SPREAD: Final = 0.2
"""By what part of itself a wait is longer or shorter, so that what failed together does not come together."""
