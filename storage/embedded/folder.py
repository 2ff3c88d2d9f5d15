"""The folder of the stores: where data, logs, locks and sockets lie, all of it private to its owner.

It never touches what it did not make, neither when opening (no permission of a parent folder
changes) nor when deleting.
"""

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

import msgspec

from storage.embedded.errors import StoresUnavailable
from storage.embedded.settings import Settings, new_settings, read_settings, write_settings

# sockaddr_un holds 108 bytes with its final zero; the longest name below the folder is PostgreSQL's lock.
LONGEST_SOCKETS_FOLDER_BYTES = 100 - len("/postgres/.s.PGSQL.5432.lock")
# PostgreSQL reads a list of folders, with quotes and commas.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
OWN = ("postgres", "postgres.new", "valkey", "mongo", "mongo.new", "run", "logs", "settings.json", "lease")


class StoresFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.lease = self.path / "lease"
        self.run = self.path / "run"
        self.logs = self.path / "logs"
        self._settings = self.path / "settings.json"

    def prepare(self, *, keep: bool) -> Settings:
        """Make the folders and the passwords, or read them. A folder that was ever to be kept stays so.

        Raises:
            StoresUnavailable: the folder is another user's or has lost its passwords.
        """
        settings = read_settings(self._settings)
        for folder in (self.path, self.lease, self.run, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings is None:
            if any((self.path / name).exists() for name in ("postgres", "mongo")):
                msg = (
                    f"The folder {self.path} holds data of stores, but {self._settings.name} with their "
                    "passwords is missing: put it back, or move the folder away."
                )
                raise StoresUnavailable(msg)
            settings = new_settings(self._choose_sockets(), keep=keep)
            write_settings(self._settings, settings)
        elif keep and not settings.keep:
            settings = msgspec.structs.replace(settings, keep=True)
            write_settings(self._settings, settings)
        for folder in (self.lease, self.run, self.logs, Path(settings.sockets)):
            private_folder(folder)
        return settings

    def remember_port(self, port: int) -> None:
        settings = read_settings(self._settings)
        assert settings is not None
        write_settings(self._settings, msgspec.structs.replace(settings, mongo_port=port))

    def tidy(self) -> None:
        """Remove what stopped servers leave: the sockets, and all data of a folder that is not to be kept."""
        settings = read_settings(self._settings)
        if settings is not None:
            shutil.rmtree(settings.sockets, ignore_errors=True)
            if not settings.keep:
                self.delete()

    def delete(self) -> None:
        """Remove all that is ours, and the folder itself when nothing else is in it."""
        # The locks go last: whoever waits for one sees that its file is gone and begins anew.
        for name in OWN:
            shutil.rmtree(self.path / name, ignore_errors=True)
            with contextlib.suppress(OSError):
                (self.path / name).unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _choose_sockets(self) -> Path:
        name = f"convene-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]}"
        for path in (self.run / "s", Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - checked by `private_folder`
            text = os.fsdecode(path)
            if len(os.fsencode(path)) <= LONGEST_SOCKETS_FOLDER_BYTES and PLAIN_PATH.fullmatch(text):
                return path
        msg = "No folder has a path short enough for sockets: set TMPDIR to one that has."
        raise StoresUnavailable(msg)


def private_folder(path: Path, owner: int | None = None) -> None:
    """Make a folder that only its owner may enter, or see that it is one.

    Raises:
        StoresUnavailable: somebody else's folder, or a link, lies there.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner}:
        msg = f"{path} is not a folder of user {os.geteuid()}: remove it, or use another folder."
        raise StoresUnavailable(msg)
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)
    if owner is not None and found.st_uid != owner:
        os.chown(path, owner, owner)
