"""Which user PostgreSQL runs as: it refuses to be root.

As an ordinary user it is that user. As root it is a number that no account has, so that nothing else on the
machine shares its rights; only `initdb`, which insists on a name, runs as an existing account.
It never creates an account.
"""

import os
import pwd
from pathlib import Path

import msgspec

from storage.embedded.errors import INSTALL_HINT, StoresUnavailable

# Between the ranges that distributions give out and the 16-bit limit that small containers map.
FIRST_UID = 61_000
LAST_UID = 65_000


class OsUsers(msgspec.Struct, frozen=True):
    server_uid: int | None
    """None: whoever we are."""
    initdb_uid: int | None


def choose_os_users(data_folder: Path) -> OsUsers:
    """Find the account of the data that lies there already, or a free one."""
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
