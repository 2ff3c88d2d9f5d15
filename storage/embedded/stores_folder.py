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
from storage.embedded.settings import StoresSettings, new_settings, read_settings, write_settings

# sockaddr_un holds 108 bytes with its final zero; the longest name below the folder is PostgreSQL's lock.
SOCKETS_PATH_MAX_BYTES = 100 - len("/postgres/.s.PGSQL.5432.lock")
# PostgreSQL reads a list of folders, with quotes and commas.
UNQUOTED_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
OWNED_NAMES = (
    "postgres",
    "postgres.new",
    "valkey",
    "mongo",
    "mongo.new",
    "run",
    "logs",
    "settings.json",
    "lease",
)


class StoresFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.lock_folder = self.path / "lease"
        self.run_folder = self.path / "run"
        self.log_folder = self.path / "logs"
        self._settings_file = self.path / "settings.json"

    def prepare(self, *, keep: bool) -> StoresSettings:
        """Make the folders and the passwords, or read them. A folder that was ever to be kept stays so.

        Raises:
            StoresUnavailable: the folder is another user's or has lost its passwords.
        """
        settings = read_settings(self._settings_file)
        for folder in (self.path, self.lock_folder, self.run_folder, self.log_folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings is None:
            if any((self.path / name).exists() for name in ("postgres", "mongo")):
                msg = (
                    f"The folder {self.path} holds data of stores, but {self._settings_file.name} with their "
                    "passwords is missing: put it back, or move the folder away."
                )
                raise StoresUnavailable(msg)
            settings = new_settings(self._choose_sockets(), keep=keep)
            write_settings(self._settings_file, settings)
        elif keep and not settings.keep:
            settings = msgspec.structs.replace(settings, keep=True)
            write_settings(self._settings_file, settings)
        for folder in (self.lock_folder, self.run_folder, self.log_folder, Path(settings.sockets)):
            ensure_private_folder(folder)
        return settings

    def save_mongo_port(self, port: int) -> None:
        settings = read_settings(self._settings_file)
        assert settings is not None
        write_settings(self._settings_file, msgspec.structs.replace(settings, mongo_port=port))

    def clean_up(self) -> None:
        """Remove what stopped servers leave: the sockets, and all data of a folder that is not to be kept."""
        settings = read_settings(self._settings_file)
        if settings is not None:
            shutil.rmtree(settings.sockets, ignore_errors=True)
            if not settings.keep:
                self.delete()

    def delete(self) -> None:
        """Remove all that is ours, and the folder itself when nothing else is in it."""
        # The locks go last: whoever waits for one sees that its file is gone and begins anew.
        for name in OWNED_NAMES:
            shutil.rmtree(self.path / name, ignore_errors=True)
            with contextlib.suppress(OSError):
                (self.path / name).unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _choose_sockets(self) -> Path:
        name = f"convene-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]}"
        for path in (self.run_folder / "s", Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - checked by `private_folder`
            text = os.fsdecode(path)
            if len(os.fsencode(path)) <= SOCKETS_PATH_MAX_BYTES and UNQUOTED_PATH.fullmatch(text):
                return path
        msg = "No folder has a path short enough for sockets: set TMPDIR to one that has."
        raise StoresUnavailable(msg)


def ensure_private_folder(path: Path, owner: int | None = None) -> None:
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
