"""The three stores on one folder, shared by all processes that use it.

The first user starts the servers, later ones join, one of the living watches, the last one out stops
them in order. It never deletes a folder that was ever to be kept.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from storage.embedded.binaries import Binaries, find_binaries
from storage.embedded.completion import complete
from storage.embedded.errors import REMEDY, StoresUnavailable
from storage.embedded.folder import StoresFolder
from storage.embedded.identity import identify
from storage.embedded.keeper import StoreKeeper
from storage.embedded.lease import Lease
from storage.embedded.postgres import Postgres
from storage.embedded.process import ServerProcess
from storage.embedded.secantus import Secantus
from storage.embedded.settings import Settings
from storage.embedded.statistics import EmbeddedStatistics
from storage.embedded.store import Store
from storage.embedded.supervisor import Supervisor
from storage.embedded.urls import StoreUrls
from storage.embedded.valkey import Valkey

DOOR_PATIENCE_S = 180.0


def silent(store: str, what: str) -> None:
    """Report to nobody."""


class EmbeddedStores:
    """Real stores for as long as somebody uses the folder.

    `report` is called with a store's name and a plain sentence, in the event loop, and must not wait.
    """

    def __init__(
        self, folder: Path, *, keep: bool = True, report: Callable[[str, str], None] = silent
    ) -> None:
        self._folder = StoresFolder(folder)
        self._keep = keep
        self._report = report
        self._lease = Lease(self._folder.lease, DOOR_PATIENCE_S)
        self._keepers: tuple[StoreKeeper, ...] = ()
        self._supervisor: Supervisor | None = None

    async def start(self) -> StoreUrls:
        """Start the stores or join the running ones; on return each has done a real write and read.

        Cancelled or failed, it leaves nothing running that was not running before.

        Raises:
            StoresUnavailable: why not, and what to install or set.
        """
        if self._keepers:
            msg = "These embedded stores are started already."
            raise StoresUnavailable(msg)
        binaries = find_binaries()
        if identify(os.getpid()) is None:
            msg = f"The embedded stores need /proc, which this machine does not show: {REMEDY}."
            raise StoresUnavailable(msg)
        try:
            async with self._lease.hold("door"):
                settings = self._folder.prepare(keep=self._keep)
                joining = self._lease.taken()
                self._lease.join()
                urls = await self._open(binaries, settings, may_move=not joining)
        except OSError as error:
            await self.stop()
            msg = f"The stores cannot use the folder {self._folder.path}: {error}."
            raise StoresUnavailable(msg) from error
        except BaseException:
            await self.stop()
            raise
        self._supervisor = Supervisor(self._keepers, self._lease, self._report)
        self._supervisor.start()
        return urls

    async def stop(self) -> None:
        """Leave. The last user stops the servers in order, and deletes a folder that is not to be kept.

        A cancellation is obeyed only once that is done.
        """
        await complete(self._leave())

    def statistics(self) -> EmbeddedStatistics:
        supervising = self._supervisor is not None and self._supervisor.active
        return EmbeddedStatistics(
            supervising, tuple(keeper.statistics(supervising=supervising) for keeper in self._keepers)
        )

    async def __aenter__(self) -> StoreUrls:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _leave(self) -> None:
        if self._supervisor is not None:
            await self._supervisor.stop()
            self._supervisor = None
        keepers, self._keepers = self._keepers, ()
        try:
            if keepers:
                async with self._lease.hold("door"):
                    if self._lease.alone():
                        _raise_first(
                            await asyncio.gather(
                                *(keeper.stop() for keeper in keepers), return_exceptions=True
                            )
                        )
                        await asyncio.to_thread(self._folder.tidy)
                    self._lease.leave()
        finally:
            self._lease.leave()
            for keeper in keepers:
                await keeper.close()

    async def _open(self, binaries: Binaries, settings: Settings, *, may_move: bool) -> StoreUrls:
        postgres = Postgres(binaries, self._folder, settings)
        valkey = Valkey(binaries, self._folder, settings)
        secantus = Secantus(binaries, self._folder, settings)
        stores: tuple[Store, ...] = (postgres, valkey, secantus)
        self._keepers = tuple(self._keeper(store) for store in stores)
        starts = (keeper.ensure(may_move=may_move) for keeper in self._keepers)
        # All are waited for, so that none is still starting when the others are stopped.
        _raise_first(await asyncio.gather(*starts, return_exceptions=True))
        return StoreUrls(postgres.url, secantus.url, valkey.url)

    def _keeper(self, store: Store) -> StoreKeeper:
        pid_file = self._folder.run / f"{store.name}.pid"
        process = ServerProcess(store.program, store.data, pid_file, self._folder.logs / f"{store.name}.log")
        return StoreKeeper(store, process, self._lease, self._report)


def _raise_first(results: list[BaseException | None]) -> None:
    for result in results:
        if result is not None:
            raise result
