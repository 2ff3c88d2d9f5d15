"""Why a connection ended, and whether one may come back the same way.

The ranges of the close codes are the policy; single codes are not looked at. It never waits.
"""

from typing import Final

import msgspec

NOT_AUTHENTICATED: Final = 4501
FINAL_FROM: Final = 4500
FINAL_THROUGH: Final = 4999
OWN_FAULTS: Final = frozenset({1002, 1003, 1007, 1009, 1010})
"""Codes of RFC 6455 that say that what we sent was wrong: sent again it would be wrong again."""


class Closing(msgspec.Struct, frozen=True):
    """`code` is None where the connection broke without a word, or never was."""

    code: int | None
    reason: str
    retry_after_ms: int | None = None

    @property
    def may_return(self) -> bool:
        if self.code is None:
            return True
        return not FINAL_FROM <= self.code <= FINAL_THROUGH and self.code not in OWN_FAULTS


class Lost(Exception):  # noqa: N818 - carries a closing to where it is weighed
    """The connection is no more, or did not come about."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing.code, closing.reason)
        self.closing = closing
