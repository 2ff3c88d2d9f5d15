"""The folder of a backup: one compressed file per part, and a manifest that is written last.

    DIR/manifest.json        versions, times, counts and checksums; without it the backup is not complete
    DIR/<store>/<part>.gz    rows of a table (PostgreSQL's COPY text) or documents (BSON)

Files contain password hashes, e-mail addresses and messages: only their owner may read them.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec

from storage.contracts.backups import RestoreRefused, StoreState

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
COMPRESSION_LEVEL: Final = 3
PIECE_BYTES: Final = 256 * 1024


class FileState(msgspec.Struct, frozen=True):
    """A file as it is on the disk. `path` is relative to the folder."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup contains."""

    format: int
    version: str
    started_at: str
    finished_at: str
    stores: dict[str, StoreState]
    files: tuple[FileState, ...]

    def count_rows(self, store: str) -> int:
        return sum(part.rows for part in self.stores[store].parts)


class BackupWriter:
    """Writes the parts of a backup. Use as a context manager, which closes the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._files: dict[Path, gzip.GzipFile] = {}

    def __enter__(self) -> Self:
        """Create the folder.

        Raises:
            FileExistsError: the folder exists and is not empty.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self._folder.iterdir()):
            raise FileExistsError(f"{self._folder} is not empty.")
        self._folder.chmod(0o700)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, store: str, part: str, data: bytes) -> None:
        path = self._folder / store / f"{part}.gz"
        if path not in self._files:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            file = self._stack.enter_context(_create(path))
            # Without name and time, so that equal content gives equal files.
            self._files[path] = self._stack.enter_context(
                gzip.GzipFile("", "wb", COMPRESSION_LEVEL, file, mtime=0)
            )
        self._files[path].write(data)

    def finish(
        self, version: str, started_at: str, finished_at: str, stores: dict[str, StoreState]
    ) -> Manifest:
        """Close the files and write the manifest."""
        self._stack.close()
        files = tuple(_file_state(self._folder, path) for path in self._files)
        manifest = Manifest(FORMAT, version, started_at, finished_at, stores, files)
        with _create(self._folder / MANIFEST) as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest and check every file against it.

    Raises:
        RestoreRefused: the backup is incomplete, damaged, or of an unknown format.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise RestoreRefused(f"{folder} has no {MANIFEST}: it is no complete backup.") from None
    except msgspec.DecodeError:
        raise RestoreRefused(f"{folder / MANIFEST} is damaged.") from None
    if manifest.format != FORMAT:
        raise RestoreRefused(f"The backup has the format {manifest.format}; this version knows {FORMAT}.")
    for expected in manifest.files:
        path = folder / expected.path
        if not path.is_file() or _file_state(folder, path) != expected:
            raise RestoreRefused(f"{path} is missing or damaged: its checksum differs from the manifest.")
    return manifest


def read_part(folder: Path, store: str, part: str) -> Iterator[bytes]:
    """Yield the uncompressed bytes of a part."""
    with gzip.open(folder / store / f"{part}.gz", "rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")


def _file_state(folder: Path, path: Path) -> FileState:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileState(str(path.relative_to(folder)), path.stat().st_size, digest)
