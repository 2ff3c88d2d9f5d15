"""Why a connection closed, and whether the client may reconnect.

Only the ranges of close codes matter, so codes added later are handled too.
"""

from typing import Final

import msgspec

NOT_AUTHENTICATED: Final = 4501
PERMANENT_CODE_MIN: Final = 4500
PERMANENT_CODE_MAX: Final = 4999
CLIENT_ERROR_CODES: Final = frozenset({1002, 1003, 1007, 1009, 1010})
"""Codes of RFC 6455 for invalid data from this client: a retry would fail the same way."""


class CloseInfo(msgspec.Struct, frozen=True):
    """`code` is None if the connection broke without a close frame or was never established."""

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


class ConnectionLost(Exception):  # noqa: N818 - control flow, carries the close info
    """The connection was lost or could not be established."""

    def __init__(self, close_info: CloseInfo) -> None:
        super().__init__(close_info.code, close_info.reason)
        self.close_info = close_info
