"""Links to archives are signed and expire."""

import pytest

from actors.exports.export_links import ExportLinks, LinkedExport
from actors.keyed_hash import KeyedHash
from config.exports import EXPORT_LINK_LIFETIME_S

EXPORT = "2c2d8f6e-6f0f-4dd0-8f4b-0d0f9a4b1d11"
SESSION = "5b0f5c5e-94d5-4a0e-9f6b-2f2d3c1e7a22"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_link_works_until_it_expires() -> None:
    """For an hour, but not longer than the archive is kept."""
    clock = Clock()
    links = ExportLinks(KeyedHash(b"k" * 16), clock)
    link = links.make(EXPORT, SESSION, 1_000_000.0)
    token = link.path.removeprefix("/v1/exports/")
    assert link.expires_at_s == 1000 + EXPORT_LINK_LIFETIME_S
    assert links.read(token) == LinkedExport(EXPORT, SESSION)
    clock.now = link.expires_at_s - 1
    assert links.read(token) == LinkedExport(EXPORT, SESSION)
    clock.now += 1
    assert links.read(token) is None
    assert links.make(EXPORT, SESSION, clock.now + 5).expires_at_s == clock.now + 5


@pytest.mark.parametrize(
    "token", ["", ".", "..", EXPORT, f"{EXPORT}.{SESSION}.9999999999.", "ü.1.2", "a.b.c"]
)
def test_forged_link_is_refused(token: str) -> None:
    """Whatever its form."""
    assert ExportLinks(KeyedHash(b"k" * 16)).read(token) is None


def test_changed_link_is_refused() -> None:
    """Neither another export or session, nor a later end, nor the key of another installation."""
    links = ExportLinks(KeyedHash(b"k" * 16))
    token = links.make(EXPORT, SESSION, 9_999_999_999.0).path.removeprefix("/v1/exports/")
    export_id, session_id, expires_at, signature = token.split(".")
    assert links.read(f"{export_id[:-1]}2.{session_id}.{expires_at}.{signature}") is None
    assert links.read(f"{export_id}.{EXPORT}.{expires_at}.{signature}") is None
    assert links.read(f"{export_id}.{session_id}.{int(expires_at) + 1}.{signature}") is None
    assert ExportLinks(KeyedHash(b"x" * 16)).read(token) is None
