"""The registry: actors by key, woken by the first message and put to sleep when idle.

It supervises too: a crash restarts the actor from storage with its mail kept, within a budget; past the
budget the key is quarantined, its mail refused, and the operator told. It never holds an actor awake
without mail for longer than the idle time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

import msgspec

from actors.runtime.actor import Stopped, Wakeful
from actors.runtime.cell import Cell
from actors.runtime.run_queue import RunQueue
from actors.runtime.wheel import Wheel

Key = TypeVar("Key", bound=Hashable)
M = TypeVar("M")
_log = logging.getLogger(__name__)


class RegistryStatistics(msgspec.Struct, frozen=True):
    awake: int
    woken: int
    slept: int
    restarts: int
    quarantined: int
    mailbox_depth: int
    mailbox_depth_max: int


class Budget(msgspec.Struct, frozen=True):
    """How many crashes within how long a key may have; then it rests for the same time."""

    restarts: int
    window_s: float


class Registry(Generic[Key, M]):
    def __init__(
        self,
        make: Callable[[Key], Wakeful[M]],
        queue: RunQueue,
        wheel: Wheel,
        *,
        mailbox: int,
        idle_s: float,
        budget: Budget,
    ) -> None:
        self._make = make
        self._queue = queue
        self._wheel = wheel
        self._mailbox = mailbox
        self._idle_s = idle_s
        self._budget = budget
        self._cells: dict[Key, Cell[M]] = {}
        self._keys: dict[Cell[M], Key] = {}
        self._crashes: dict[Key, deque[float]] = {}
        self._quarantine: dict[Key, float] = {}
        self._used: set[Key] = set()
        self._sweeping = False
        self._asleep: dict[Key, asyncio.Task[None]] = {}
        self._closed = False
        self._woken = self._slept = self._restarts = 0

    def cell(self, key: Key) -> Cell[M]:
        """The cell of `key`, woken if need be. Good for this turn of the loop only.

        Raises:
            Stopped: the key is quarantined, or the registry is closed.
        """
        cell = self._cells.get(key)
        if cell is None:
            cell = self._wake(key)
        self._used.add(key)
        return cell

    def tell(self, key: Key, message: M) -> None:
        """`Cell.tell` to the actor of `key`."""
        self.cell(key).tell(message)

    def awake(self, key: Key) -> Cell[M] | None:
        """The cell of `key` if there is one; nobody is woken."""
        return self._cells.get(key)

    def statistics(self) -> RegistryStatistics:
        depths = [cell.depth for cell in self._cells.values()]
        return RegistryStatistics(
            awake=len(depths),
            woken=self._woken,
            slept=self._slept,
            restarts=self._restarts,
            quarantined=len(self._quarantine),
            mailbox_depth=sum(depths),
            mailbox_depth_max=max(depths, default=0),
        )

    async def close(self, deadline_s: float) -> None:
        """Take nothing new, let everybody finish and write, then end what is still busy."""
        self._closed = True
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        while self._cells and loop.time() < end:
            for key, cell in list(self._cells.items()):
                if cell.idle and not self._busy(cell):
                    self._put_to_sleep(key, cell)
            if self._asleep:
                await asyncio.wait(self._asleep.values(), timeout=max(0.0, end - loop.time()))
            elif self._cells:
                await asyncio.sleep(0.005)
        for key, cell in list(self._cells.items()):
            _log.warning("an actor was still busy when the server stopped", extra={"key": str(key)})
            self._drop(key, cell)
            cell.stop(Stopped())

    def _busy(self, cell: Cell[M]) -> bool:
        return self._actors(cell).busy

    def _actors(self, cell: Cell[M]) -> Wakeful[M]:
        return cast("Wakeful[M]", cell.actor)

    def _wake(self, key: Key) -> Cell[M]:
        if self._closed:
            raise Stopped
        until = self._quarantine.get(key)
        if until is not None:
            if asyncio.get_running_loop().time() < until:
                raise Stopped
            del self._quarantine[key]
        actor = self._make(key)
        cell: Cell[M] = Cell(actor, self._queue, self._mailbox, self._crashed)
        self._cells[key] = cell
        self._keys[cell] = key
        self._woken += 1
        cell.begin(self._rise(key, actor))
        if not self._sweeping:
            self._sweeping = True
            self._wheel.after(self._idle_s, self._sweep)
        return cell

    async def _rise(self, key: Key, actor: Wakeful[M]) -> None:
        before = self._asleep.get(key)
        if before is not None:
            # What the last life still writes must be in the store before the next one reads it.
            await asyncio.wait([before])
        await actor.wake()

    def _drop(self, key: Key, cell: Cell[M]) -> None:
        self._cells.pop(key, None)
        self._keys.pop(cell, None)

    def _sweep(self) -> None:
        used, self._used = self._used, set()
        for key, cell in list(self._cells.items()):
            if key not in used and cell.idle and not self._busy(cell):
                self._put_to_sleep(key, cell)
        if self._cells and not self._closed:
            self._wheel.after(self._idle_s, self._sweep)
        else:
            self._sweeping = False

    def _put_to_sleep(self, key: Key, cell: Cell[M]) -> None:
        actor = self._actors(cell)
        self._drop(key, cell)
        cell.stop(Stopped())
        self._slept += 1
        task = asyncio.create_task(self._sleep(key, actor))
        self._asleep[key] = task
        task.add_done_callback(lambda done: self._asleep.pop(key) if self._asleep.get(key) is done else None)

    async def _sleep(self, key: Key, actor: Wakeful[M]) -> None:
        try:
            await actor.sleep()
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            _log.exception("an actor could not write before its sleep", extra={"key": str(key)})

    def _crashed(self, cell: Cell[M], error: Exception) -> None:
        key = self._keys[cell]
        self._actors(cell).abandon(error)
        now = asyncio.get_running_loop().time()
        crashes = self._crashes.setdefault(key, deque(maxlen=self._budget.restarts + 1))
        while crashes and crashes[0] < now - self._budget.window_s:
            crashes.popleft()
        crashes.append(now)
        if len(crashes) > self._budget.restarts:
            _log.error("an actor is quarantined", extra={"key": str(key)}, exc_info=error)
            self._quarantine[key] = now + self._budget.window_s
            del self._crashes[key]
            self._drop(key, cell)
            cell.stop(Stopped())
            return
        _log.error("an actor crashed and is restarted", extra={"key": str(key)}, exc_info=error)
        self._restarts += 1
        actor = self._make(key)
        cell.replace(actor, self._rise(key, actor))
