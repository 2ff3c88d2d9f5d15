"""Settings, URLs and statistics of the embedded stores.

Settings are created on the first use of a folder and kept, so that URLs stay the same. They are stored in one
file that only its owner can read. No `repr` shows passwords.
"""

import os
import secrets
from pathlib import Path

import msgspec

from storage.embedded.binaries import StoresUnavailable


class StoreUrls(msgspec.Struct, frozen=True):
    """URLs for the drivers: asyncpg (database `postgres`), pymongo or motor, redis-py.

    `postgres` may be an administrator. Services use `postgres_by_service` where it names them: their own
    roles, which reach their own databases only.
    """

    postgres: str
    mongo: str
    redis: str
    postgres_by_service: dict[str, str] = {}

    def __repr__(self) -> str:
        return "StoreUrls(<hidden>)"


class StoreStatistics(msgspec.Struct, frozen=True):
    """One store. `healthy`: the last health check succeeded if supervising, else its process runs."""

    name: str
    pid: int | None
    restarts: int
    healthy: bool


class EmbeddedStatistics(msgspec.Struct, frozen=True):
    supervising: bool
    stores: tuple[StoreStatistics, ...]


class StoresSettings(msgspec.Struct, frozen=True):
    keep: bool
    postgres_password: str
    mongo_password: str
    sockets: str
    mongo_port: int = 0

    def __repr__(self) -> str:
        return "StoresSettings(<hidden>)"


def new_settings(sockets: Path, *, keep: bool) -> StoresSettings:
    return StoresSettings(keep, secrets.token_hex(24), secrets.token_hex(24), str(sockets))


def read_settings(file: Path) -> StoresSettings | None:
    """Read the settings; None if the file does not exist.

    Raises:
        StoresUnavailable: the file is damaged or belongs to another user.
    """
    try:
        owner = file.stat().st_uid
        if owner != os.geteuid():
            msg = (
                f"The stores in {file.parent} belong to user {owner}, this is user {os.geteuid()}: "
                "run as that user, or use another folder."
            )
            raise StoresUnavailable(msg)
        return msgspec.json.decode(file.read_bytes(), type=StoresSettings)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        msg = f"The file {file} is damaged: restore it from a backup, or move its folder away."
        raise StoresUnavailable(msg) from None


def write_settings(file: Path, settings: StoresSettings) -> None:
    """Write atomically; the file is readable by its owner only, from the first byte."""
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        written.write(msgspec.json.encode(settings))
        written.flush()
        os.fsync(written.fileno())
    temporary.replace(file)
