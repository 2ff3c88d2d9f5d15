"""Backs up all stores into a folder while instances run, and restores them.

Each store is consistent in itself. Stores are read one after another, a store before those that it refers to:

    notifications depend on events, posts and conversations; all of these depend on users

so a restored message, post or event has its author. What was acknowledged before the backup began is in it.
What a later store has and an earlier one has not yet processed is in the later one's outbox: after a restore
every consumer reads the retained events again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from actors.operations.backup_folder import BackupWriter, Manifest, read_manifest, read_part
from storage.contracts.backups import BackupStore, RestoreRefused, StoreState, VolatileStore

STORE_ORDER: Final = ("messaging", "notifications", "events", "social", "posts", "users")
"""Order of the dump. Pending effects, which become notifications, are in the messaging store, read first."""


class Backup:
    """`report` gets one line of text for every store that is done."""

    def __init__(
        self,
        stores: Mapping[str, BackupStore],
        volatile_stores: Sequence[VolatileStore],
        version: str,
        report: Callable[[str], None],
    ) -> None:
        self._stores = stores
        self._volatile_stores = volatile_stores
        self._version = version
        self._report = report

    async def dump(self, folder: Path) -> Manifest:
        """Write a backup into a new or empty folder.

        Raises:
            FileExistsError: the folder is not empty.
            Unavailable: a store failed; the folder has no manifest and is useless.
        """
        started_at = _now()
        states: dict[str, StoreState] = {}
        with BackupWriter(folder) as writer:
            for name in STORE_ORDER:

                async def write(part: str, data: bytes, name: str = name) -> None:
                    writer.write(name, part, data)

                states[name] = await self._stores[name].dump(write)
                rows = sum(part.rows for part in states[name].parts)
                self._report(f"{name}: {rows} rows in {len(states[name].parts)} parts")
            return writer.finish(self._version, started_at, _now(), states)

    async def restore(self, folder: Path, *, overwrite: bool, only: Sequence[str] = ()) -> Manifest:
        """Replace the content of all stores, or of some, by that of a backup, and empty Redis.

        No instance may run. Checks the files and all targets first. Each database changes in one transaction;
        after a failure repeat the restore with `overwrite`.

        Raises:
            RestoreRefused: the backup is damaged, or a target is in use, or not empty and not to be
                overwritten. The checks at first change nothing. A part that differs, or a database that is in
                use only after them, is refused later: the stores before it are restored.
        """
        manifest = read_manifest(folder)
        chosen = [name for name in STORE_ORDER if not only or name in only]
        if unknown := set(only or STORE_ORDER) - (manifest.stores.keys() & set(STORE_ORDER)):
            raise RestoreRefused(f"The backup has no store {', '.join(sorted(unknown))}.")
        for name in chosen:
            await self._stores[name].check_target(manifest.stores[name], overwrite=overwrite)
        for name in chosen:
            await self._stores[name].restore(manifest.stores[name], partial(read_part, folder, name))
            self._report(f"{name}: {manifest.count_rows(name)} rows restored")
        removed = [await store.clear() for store in self._volatile_stores]
        self._report(f"redis: {sum(removed)} keys removed")
        return manifest


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
