"""Why a connection ended, and whether one may come back the same way.

The ranges of the close codes are the policy; single codes are not looked at. It never waits.
"""

from typing import Final

import msgspec

NOT_AUTHENTICATED: Final = 4501
PERMANENT_CODE_MIN: Final = 4500
PERMANENT_CODE_MAX: Final = 4999
CLIENT_ERROR_CODES: Final = frozenset({1002, 1003, 1007, 1009, 1010})
"""Codes of RFC 6455 that say that what we sent was wrong: sent again it would be wrong again."""


class CloseInfo(msgspec.Struct, frozen=True):
    """`code` is None where the connection broke without a word, or never was."""

    code: int | None
    reason: str
    retry_after_ms: int | None = None

    @property
    def may_reconnect(self) -> bool:
        if self.code is None:
            return True
        return (
            not PERMANENT_CODE_MIN <= self.code <= PERMANENT_CODE_MAX and self.code not in CLIENT_ERROR_CODES
        )


class ConnectionLost(Exception):  # noqa: N818 - carries a closing to where it is weighed
    """The connection is no more, or did not come about."""

    def __init__(self, close_info: CloseInfo) -> None:
        super().__init__(close_info.code, close_info.reason)
        self.close_info = close_info
