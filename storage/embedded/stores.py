"""The three embedded stores on one folder, shared by all processes that use it.

The first process starts the servers, later ones join, one of them supervises, and the last one to leave stops
them.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from storage.embedded.binaries import INSTALL_HINT, Binaries, StoresUnavailable, find_binaries
from storage.embedded.document_store import choose_document_store
from storage.embedded.postgres import Postgres
from storage.embedded.server_command import identify
from storage.embedded.server_process import ServerProcess, run_to_completion
from storage.embedded.settings import EmbeddedStatistics, StoresSettings, StoreUrls
from storage.embedded.store_supervisor import WATCH_INTERVAL_S, Store, StoreSupervisor
from storage.embedded.stores_folder import FolderLocks, StoresFolder
from storage.embedded.valkey import Valkey


class Watchdog:
    """Supervises the stores while this process holds the lock for it, and otherwise waits for that lock."""

    def __init__(
        self, supervisors: Sequence[StoreSupervisor], locks: FolderLocks, report: Callable[[str, str], None]
    ) -> None:
        self._supervisors = supervisors
        self._locks = locks
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.active = False

    def start(self) -> None:
        self.active = self._locks.try_supervise()
        self._task = asyncio.create_task(self._run(), name="embedded stores")

    async def stop(self) -> None:
        """Stop supervising. A start in progress is cancelled; the next user finds its process."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.active = False
        self._locks.stop_supervising()

    async def _run(self) -> None:
        # An error raised during cancellation can replace it, so the flag ends the loop.
        while not self._stopping:
            try:
                while not self._locks.try_supervise():  # noqa: ASYNC110 - a file lock has no event
                    await asyncio.sleep(WATCH_INTERVAL_S)
                self.active = True
                async with asyncio.TaskGroup() as group:
                    for supervisor in self._supervisors:
                        group.create_task(supervisor.watch())
            except Exception as error:  # noqa: BLE001 - supervision must continue after any error
                self._report("supervisor", f"supervision failed and restarts: {error!r}")
                await asyncio.sleep(WATCH_INTERVAL_S)


LOCK_TIMEOUT_S = 180.0


def ignore_report(store: str, what: str) -> None:
    """Discard a report."""


class EmbeddedStores:
    """Embedded stores that run while any process uses the folder.

    `report` is called in the event loop with a store's name and a text; it must not block. A folder that was
    once opened with `keep` is kept. `mongo_url` is a document store elsewhere. Otherwise `mongod` is the
    program for a new one, and without it the wheel's server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep: bool = True,
        report: Callable[[str, str], None] = ignore_report,
        mongo_url: str | None = None,
        mongod: Path | None = None,
    ) -> None:
        self._mongo_url = mongo_url
        self._mongod = mongod
        self._folder = StoresFolder(folder)
        self._keep = keep
        self._report = report
        self._locks = FolderLocks(self._folder.lock_folder, LOCK_TIMEOUT_S)
        self._supervisors: tuple[StoreSupervisor, ...] = ()
        self._watchdog: Watchdog | None = None

    async def start(self) -> StoreUrls:
        """Start the stores or join the running ones; on return each has passed a health check.

        After a cancellation or an error, servers that it started are stopped.

        Raises:
            StoresUnavailable: the text states the cause and what to install or set.
        """
        if self._supervisors:
            msg = "These embedded stores are already started."
            raise StoresUnavailable(msg)
        binaries = find_binaries()
        if self._mongo_url is None:
            # Refused before the folder is made. The choice is made later, when no other process can make one.
            choose_document_store(self._folder.path, self._mongod, ignore_report)
        if not _can_inspect_processes():
            msg = f"The embedded stores need /proc or psutil, and neither is available here: {INSTALL_HINT}."
            raise StoresUnavailable(msg)
        try:
            async with self._locks.lock("join"):
                settings = self._folder.prepare(keep=self._keep)
                joining = self._locks.has_other_users()
                self._locks.add_user()
                urls = await self._ensure_running(binaries, settings, may_change_address=not joining)
        except OSError as error:
            await self.stop()
            msg = f"The stores cannot use the folder {self._folder.path}: {error}."
            raise StoresUnavailable(msg) from error
        except BaseException:
            await self.stop()
            raise
        self._watchdog = Watchdog(self._supervisors, self._locks, self._report)
        self._watchdog.start()
        return urls

    async def stop(self) -> None:
        """Leave the folder. The last user stops the servers and deletes a folder that is not kept.

        A cancellation is deferred until that is done.
        """
        await run_to_completion(self._leave())

    def statistics(self) -> EmbeddedStatistics:
        supervising = self._watchdog is not None and self._watchdog.active
        return EmbeddedStatistics(
            supervising,
            tuple(supervisor.statistics(supervising=supervising) for supervisor in self._supervisors),
        )

    async def __aenter__(self) -> StoreUrls:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _leave(self) -> None:
        if self._watchdog is not None:
            await self._watchdog.stop()
            self._watchdog = None
        supervisors, self._supervisors = self._supervisors, ()
        try:
            if supervisors:
                async with self._locks.lock("join"):
                    if self._locks.is_last_user():
                        _raise_first(
                            await asyncio.gather(
                                *(supervisor.stop() for supervisor in supervisors), return_exceptions=True
                            )
                        )
                        await asyncio.to_thread(self._folder.clean_up)
                    self._locks.release_all()
        finally:
            self._locks.release_all()
            for supervisor in supervisors:
                await supervisor.close()

    async def _ensure_running(
        self, binaries: Binaries, settings: StoresSettings, *, may_change_address: bool
    ) -> StoreUrls:
        postgres = Postgres(binaries, self._folder, settings)
        valkey = Valkey(binaries, self._folder, settings)
        stores: list[Store] = [postgres, valkey]
        if self._mongo_url is None:
            kind, program = choose_document_store(self._folder.path, self._mongod, self._report)
            documents = kind(program, self._folder, settings)
            stores.append(documents)
        self._supervisors = tuple(self._create_supervisor(store) for store in stores)
        starts = (
            supervisor.ensure_running(may_change_address=may_change_address)
            for supervisor in self._supervisors
        )
        # Wait for all, so that none is still starting when the others are stopped.
        _raise_first(await asyncio.gather(*starts, return_exceptions=True))
        # The port is final only now.
        mongo_url = self._mongo_url or documents.url
        return StoreUrls(postgres.url, mongo_url, valkey.url, await postgres.create_service_databases())

    def _create_supervisor(self, store: Store) -> StoreSupervisor:
        pid_file = self._folder.run_folder / f"{store.name}.pid"
        process = ServerProcess(
            store.program, store.data, pid_file, self._folder.log_folder / f"{store.name}.log"
        )
        return StoreSupervisor(store, process, self._locks, self._report)


def _can_inspect_processes() -> bool:
    try:
        return identify(os.getpid()) is not None
    except ImportError:
        return False


def _raise_first(results: list[BaseException | None]) -> None:
    for result in results:
        if result is not None:
            raise result
