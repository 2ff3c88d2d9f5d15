"""People and their tokens in a file that only its owner may read.

Made by `run.py load prepare`, read by the scenarios. A token in it is as good as a password, so it is never
shown and never written with other rights.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec


class LoadUser(msgspec.Struct, frozen=True):
    """A user who exists, with a valid token."""

    id: str
    token: str

    def __repr__(self) -> str:
        return f"Person({self.id})"


class UsersFile(msgspec.Struct, frozen=True):
    people: list[LoadUser]

    def __repr__(self) -> str:
        return f"UsersFile({len(self.people)} people)"


class UnreadableUsersFile(Exception):  # noqa: N818 - what is the matter, said to a person
    """The file is not there, not ours, or not one of people."""


def write_users(path: Path, users: Sequence[LoadUser]) -> None:
    """Write them all, in place of what is there. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(number, "wb") as file:
        # One that was there already keeps its rights otherwise.
        os.fchmod(number, 0o600)
        file.write(msgspec.json.encode(UsersFile(list(users))))


def read_users(path: Path) -> list[LoadUser]:
    """Raises `Unreadable`."""
    try:
        others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableUsersFile(f"{path}: {error.strerror}") from error
    if others:
        raise UnreadableUsersFile(f"{path} holds tokens, and others may read it: chmod 600 {path}")
    try:
        return msgspec.json.decode(content, type=UsersFile).people
    except msgspec.DecodeError as error:
        raise UnreadableUsersFile(
            f"{path} is not a file that `run.py load prepare` has made: {error}"
        ) from error
