"""Signed links to archives: they work without a token, for a limited time, and cannot be guessed.

A link names the login session that asked for it, and is to end with it: see `DataExports`.
"""

import hmac
import time
from collections.abc import Callable

import msgspec

from actors.keyed_hash import KeyedHash
from config.exports import EXPORT_LINK_LIFETIME_S


class ExportLink(msgspec.Struct, frozen=True):
    path: str
    expires_at_s: int


class LinkedExport(msgspec.Struct, frozen=True):
    """What a link is for, and the login session that it was given to."""

    export_id: str
    session_id: str


class ExportLinks:
    def __init__(self, keyed_hash: KeyedHash, clock: Callable[[], float] = time.time) -> None:
        self._keyed_hash = keyed_hash
        self._clock = clock

    def make(self, export_id: str, session_id: str, not_after_s: float) -> ExportLink:
        """Return a link that works for `EXPORT_LINK_LIFETIME_S`, and not after the time given."""
        expires_at_s = min(int(self._clock()) + EXPORT_LINK_LIFETIME_S, int(not_after_s))
        signed = f"{export_id}.{session_id}.{expires_at_s}"
        return ExportLink(f"/v1/exports/{signed}.{self._sign(signed)}", expires_at_s)

    def read(self, token: str) -> LinkedExport | None:
        """Return what the link is for; None if the link was not made by `make`, or has expired."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(signed).encode()):
            return None
        export_id, session_id, expires_at_s = signed.split(".")
        return LinkedExport(export_id, session_id) if int(expires_at_s) > self._clock() else None

    def _sign(self, signed: str) -> str:
        # Earlier versions, whose links had no session, used another prefix.
        return self._keyed_hash.digest(f"export of session:{signed}")
