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

from actors.runtime.actor import PersistentActor, Stopped
from actors.runtime.actor_ref import ActorRef
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel

Key = TypeVar("Key", bound=Hashable)
M = TypeVar("M")
_log = logging.getLogger(__name__)


class RegistryStatistics(msgspec.Struct, frozen=True):
    active: int
    activations: int
    passivations: int
    restarts: int
    quarantined: int
    mailbox_depth: int
    mailbox_depth_max: int


class RestartPolicy(msgspec.Struct, frozen=True):
    """How many crashes within how long a key may have; then it rests for the same time."""

    max_restarts: int
    window_s: float


class Registry(Generic[Key, M]):
    def __init__(
        self,
        create_actor: Callable[[Key], PersistentActor[M]],
        run_queue: RunQueue,
        wheel: TimerWheel,
        *,
        mailbox_limit: int,
        idle_s: float,
        restart_policy: RestartPolicy,
    ) -> None:
        self._create_actor = create_actor
        self._run_queue = run_queue
        self._wheel = wheel
        self._mailbox_limit = mailbox_limit
        self._idle_s = idle_s
        self._restart_policy = restart_policy
        self._refs: dict[Key, ActorRef[M]] = {}
        self._keys: dict[ActorRef[M], Key] = {}
        self._crashes: dict[Key, deque[float]] = {}
        self._quarantined_until: dict[Key, float] = {}
        self._recently_used: set[Key] = set()
        self._idle_check_scheduled = False
        self._passivating: dict[Key, asyncio.Task[None]] = {}
        self._closed = False
        self._activations = self._passivations = self._restarts = 0

    def ensure_active(self, key: Key) -> ActorRef[M]:
        """The cell of `key`, woken if need be. Good for this turn of the loop only.

        Raises:
            Stopped: the key is quarantined, or the registry is closed.
        """
        cell = self._refs.get(key)
        if cell is None:
            cell = self._activate(key)
        self._recently_used.add(key)
        return cell

    def tell(self, key: Key, message: M) -> None:
        """`Cell.tell` to the actor of `key`."""
        self.ensure_active(key).tell(message)

    def get_active(self, key: Key) -> ActorRef[M] | None:
        """The cell of `key` if there is one; nobody is woken."""
        return self._refs.get(key)

    def statistics(self) -> RegistryStatistics:
        depths = [cell.depth for cell in self._refs.values()]
        return RegistryStatistics(
            active=len(depths),
            activations=self._activations,
            passivations=self._passivations,
            restarts=self._restarts,
            quarantined=len(self._quarantined_until),
            mailbox_depth=sum(depths),
            mailbox_depth_max=max(depths, default=0),
        )

    async def close(self, deadline_s: float) -> None:
        """Take nothing new, let everybody finish and write, then end what is still busy."""
        self._closed = True
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        while self._refs and loop.time() < end:
            for key, cell in list(self._refs.items()):
                if cell.idle and not self._is_busy(cell):
                    self._passivate(key, cell)
            if self._passivating:
                await asyncio.wait(self._passivating.values(), timeout=max(0.0, end - loop.time()))
            elif self._refs:
                await asyncio.sleep(0.005)
        for key, cell in list(self._refs.items()):
            _log.warning("an actor was still busy when the server stopped", extra={"key": str(key)})
            self._remove(key, cell)
            cell.stop(Stopped())

    def _is_busy(self, ref: ActorRef[M]) -> bool:
        return self._persistent_actor(ref).busy

    def _persistent_actor(self, ref: ActorRef[M]) -> PersistentActor[M]:
        return cast("PersistentActor[M]", ref.actor)

    def _activate(self, key: Key) -> ActorRef[M]:
        if self._closed:
            raise Stopped
        until = self._quarantined_until.get(key)
        if until is not None:
            if asyncio.get_running_loop().time() < until:
                raise Stopped
            del self._quarantined_until[key]
        actor = self._create_actor(key)
        cell: ActorRef[M] = ActorRef(actor, self._run_queue, self._mailbox_limit, self._on_crash)
        self._refs[key] = cell
        self._keys[cell] = key
        self._activations += 1
        cell.start(self._run_activation(key, actor))
        if not self._idle_check_scheduled:
            self._idle_check_scheduled = True
            self._wheel.call_later(self._idle_s, self._passivate_idle)
        return cell

    async def _run_activation(self, key: Key, actor: PersistentActor[M]) -> None:
        before = self._passivating.get(key)
        if before is not None:
            # What the last life still writes must be in the store before the next one reads it.
            await asyncio.wait([before])
        await actor.activate()

    def _remove(self, key: Key, ref: ActorRef[M]) -> None:
        self._refs.pop(key, None)
        self._keys.pop(ref, None)

    def _passivate_idle(self) -> None:
        used, self._recently_used = self._recently_used, set()
        for key, cell in list(self._refs.items()):
            if key not in used and cell.idle and not self._is_busy(cell):
                self._passivate(key, cell)
        if self._refs and not self._closed:
            self._wheel.call_later(self._idle_s, self._passivate_idle)
        else:
            self._idle_check_scheduled = False

    def _passivate(self, key: Key, ref: ActorRef[M]) -> None:
        actor = self._persistent_actor(ref)
        self._remove(key, ref)
        ref.stop(Stopped())
        self._passivations += 1
        task = asyncio.create_task(self._run_passivation(key, actor))
        self._passivating[key] = task
        task.add_done_callback(
            lambda done: self._passivating.pop(key) if self._passivating.get(key) is done else None
        )

    async def _run_passivation(self, key: Key, actor: PersistentActor[M]) -> None:
        try:
            await actor.passivate()
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            _log.exception("an actor could not write before its sleep", extra={"key": str(key)})

    def _on_crash(self, ref: ActorRef[M], error: Exception) -> None:
        key = self._keys[ref]
        self._persistent_actor(ref).on_crash(error)
        now = asyncio.get_running_loop().time()
        crashes = self._crashes.setdefault(key, deque(maxlen=self._restart_policy.max_restarts + 1))
        while crashes and crashes[0] < now - self._restart_policy.window_s:
            crashes.popleft()
        crashes.append(now)
        if len(crashes) > self._restart_policy.max_restarts:
            _log.error("an actor is quarantined", extra={"key": str(key)}, exc_info=error)
            self._quarantined_until[key] = now + self._restart_policy.window_s
            del self._crashes[key]
            self._remove(key, ref)
            ref.stop(Stopped())
            return
        _log.error("an actor crashed and is restarted", extra={"key": str(key)}, exc_info=error)
        self._restarts += 1
        actor = self._create_actor(key)
        ref.replace(actor, self._run_activation(key, actor))
