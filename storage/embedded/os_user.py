"""Chooses the OS user of PostgreSQL, which refuses to run as root.

Without root it is the current user. As root it is a uid without an account, so that no other program on the
machine shares its rights. `initdb` needs a user name and runs as an existing account.
"""

import os
import pwd
from pathlib import Path

import msgspec

from storage.embedded.errors import INSTALL_HINT, StoresUnavailable

# Above the ranges that distributions assign and below the 16-bit limit of small container mappings.
FIRST_UID = 61_000
LAST_UID = 65_000


class OsUsers(msgspec.Struct, frozen=True):
    server_uid: int | None
    """None: the current user."""
    initdb_uid: int | None


def choose_os_users(data_folder: Path) -> OsUsers:
    """Return the owner of existing data, or a free uid."""
    if os.geteuid() != 0:
        return OsUsers(None, None)
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    named = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_name == "nobody"), None)
    if named is None:
        named = next((uid for uid in sorted(taken, reverse=True) if uid), None)
    if named is None:
        msg = f"PostgreSQL refuses to run as root, and this machine has no other account: {INSTALL_HINT}."
        raise StoresUnavailable(msg)
    if data_folder.exists() and (owner := data_folder.stat().st_uid) != 0:
        return OsUsers(owner, named)
    free = next((uid for uid in range(FIRST_UID, LAST_UID) if uid not in taken), named)
    return OsUsers(free, named)


def chown_tree(folder: Path, uid: int) -> None:
    """Make a whole tree the property of `uid`."""
    os.chown(folder, uid, uid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, uid, uid, follow_symlinks=False)
