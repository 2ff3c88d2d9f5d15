"""Actors by key, activated by the first message and passivated when idle.

The registry also supervises. A crashed actor is replaced by a new one, which is activated from storage and
gets the mailbox. A key that exceeds the restart policy is quarantined for a while: its messages are refused,
and an error is logged. An actor without messages is passivated within two idle periods, unless it is busy.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar, cast

import msgspec

from actors.runtime.actor import PersistentActor, Stopped
from actors.runtime.actor_ref import ActorRef
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from storage.errors import Unavailable

Key = TypeVar("Key", bound=Hashable)
M = TypeVar("M")

_log = logging.getLogger(__name__)


class RegistryStatistics(msgspec.Struct, frozen=True):
    """Counts of actors, of mailboxes, and of the keys whose messages are refused now (`quarantined`)."""

    active: int
    activations: int
    passivations: int
    restarts: int
    quarantined: int
    mailbox_depth: int
    mailbox_depth_max: int


class RestartPolicy(msgspec.Struct, frozen=True):
    """The number of restarts a key may have within a window; the quarantine lasts one window."""

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
        log_field: str = "key",
    ) -> None:
        self._create_actor = create_actor
        self._run_queue = run_queue
        self._wheel = wheel
        self._mailbox_limit = mailbox_limit
        self._idle_s = idle_s
        self._restart_policy = restart_policy
        self._log_field = log_field
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
        """Return the reference of `key`, activating its actor if necessary.

        The reference is valid until control returns to the event loop.

        Raises:
            Stopped: no actor is active, and the key is quarantined or the registry is closed.
        """
        ref = self._refs.get(key)
        if ref is None:
            ref = self._activate(key)
        self._recently_used.add(key)
        return ref

    def tell(self, key: Key, message: M) -> None:
        """Send `message` to the actor of `key`. Raises as `ensure_active` and `ActorRef.tell`."""
        self.ensure_active(key).tell(message)

    def get_active(self, key: Key) -> ActorRef[M] | None:
        """Return the reference of `key` if its actor is active; does not activate it."""
        return self._refs.get(key)

    def items(self) -> Iterator[tuple[Key, ActorRef[M]]]:
        """Return the active actors with their keys, in the order of their activation."""
        return iter(self._refs.items())

    def statistics(self) -> RegistryStatistics:
        now = asyncio.get_running_loop().time()
        depths = [ref.depth for ref in self._refs.values()]
        return RegistryStatistics(
            active=len(depths),
            activations=self._activations,
            passivations=self._passivations,
            restarts=self._restarts,
            quarantined=sum(until > now for until in self._quarantined_until.values()),
            mailbox_depth=sum(depths),
            mailbox_depth_max=max(depths, default=0),
        )

    async def close(self, deadline_s: float) -> None:
        """Activate no more actors, passivate the active ones as they become idle, and stop the rest.

        Returns once all have saved their state, at most `deadline_s` later. Until it is passivated, an active
        actor receives messages.
        """
        self._closed = True
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        while (self._refs or self._passivating) and loop.time() < end:
            for key, ref in list(self._refs.items()):
                if ref.idle and not self._is_busy(ref):
                    self._passivate(key, ref)
            if self._passivating:
                await asyncio.wait(self._passivating.values(), timeout=max(0.0, end - loop.time()))
            elif self._refs:
                await asyncio.sleep(0.005)
        for key, ref in list(self._refs.items()):
            _log.warning("actor still busy at shutdown", extra={self._log_field: str(key)})
            self._remove(key, ref)
            ref.stop(Stopped())

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
        ref: ActorRef[M] = ActorRef(actor, self._run_queue, self._mailbox_limit, self._on_crash)
        self._refs[key] = ref
        self._keys[ref] = key
        self._activations += 1
        ref.start(self._run_activation(key, actor))
        if not self._idle_check_scheduled:
            self._idle_check_scheduled = True
            self._wheel.call_later(self._idle_s, self._passivate_idle)
        return ref

    async def _run_activation(self, key: Key, actor: PersistentActor[M]) -> None:
        previous = self._passivating.get(key)
        if previous is not None:
            # The previous actor's writes must be in the store before the new one reads them.
            await asyncio.wait([previous])
        await actor.activate()

    def _remove(self, key: Key, ref: ActorRef[M]) -> None:
        self._refs.pop(key, None)
        self._keys.pop(ref, None)

    def _passivate_idle(self) -> None:
        used, self._recently_used = self._recently_used, set()
        for key, ref in list(self._refs.items()):
            if key not in used and ref.idle and not self._is_busy(ref):
                self._passivate(key, ref)
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
        except Unavailable:
            _log.debug("actor could not save its state on passivation", extra={self._log_field: str(key)})
        except Exception:  # noqa: BLE001 - one failed actor must not stop the others
            _log.exception("actor could not save its state on passivation", extra={self._log_field: str(key)})

    def _on_crash(self, ref: ActorRef[M], error: Exception) -> None:
        key = self._keys[ref]
        self._persistent_actor(ref).on_crash(error)
        now = asyncio.get_running_loop().time()
        crashes = self._crashes.setdefault(key, deque(maxlen=self._restart_policy.max_restarts + 1))
        while crashes and crashes[0] < now - self._restart_policy.window_s:
            crashes.popleft()
        crashes.append(now)
        if len(crashes) > self._restart_policy.max_restarts:
            _log.error("actor quarantined", extra={self._log_field: str(key)}, exc_info=error)
            self._quarantined_until[key] = now + self._restart_policy.window_s
            del self._crashes[key]
            self._remove(key, ref)
            ref.stop(Stopped())
            return
        _log.error("actor crashed, restarting", extra={self._log_field: str(key)}, exc_info=error)
        self._restarts += 1
        actor = self._create_actor(key)
        ref.replace(actor, self._run_activation(key, actor))
