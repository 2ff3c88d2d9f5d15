"""File with users and their tokens, readable by its owner only.

Written by `run.py load prepare`, read by the scenarios. A token grants the same access as a password: it is
kept out of reprs, and the file is always written with mode 0600.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec


class LoadUser(msgspec.Struct, frozen=True):
    """An existing user with a valid token."""

    id: str
    token: str

    def __repr__(self) -> str:
        return f"LoadUser({self.id})"


class UsersFile(msgspec.Struct, frozen=True):
    people: list[LoadUser]

    def __repr__(self) -> str:
        return f"UsersFile({len(self.people)} users)"


class UnreadableUsersFile(Exception):  # noqa: N818 - shown to the operator
    """The file is missing, readable by others, or not a users file."""


def write_users(path: Path, users: Sequence[LoadUser]) -> None:
    """Write the users, replacing an existing file. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # An existing file keeps its mode otherwise.
        os.fchmod(descriptor, 0o600)
        file.write(msgspec.json.encode(UsersFile(list(users))))


def read_users(path: Path) -> list[LoadUser]:
    """Return the users of the file. Raises `UnreadableUsersFile`."""
    try:
        other_access = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableUsersFile(f"{path}: {error.strerror}") from error
    if other_access:
        raise UnreadableUsersFile(f"{path} contains tokens and is readable by others; run `chmod 600 {path}`")
    try:
        return msgspec.json.decode(content, type=UsersFile).people
    except msgspec.DecodeError as error:
        raise UnreadableUsersFile(f"{path} is not a users file of `run.py load prepare`: {error}") from error
