"""A reference to one actor, with its mailbox.

States: idle (empty mailbox), queued (waits for its turn), running (inside `receive`), waiting (a coroutine
of the actor is running), stopped. The mailbox is allocated with the first message and freed with the last.
An actor runs one message at a time. A message that cannot be handled is passed to the actor's `refuse`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from actors.runtime.actor import Actor, MailboxFull, Stopped
from actors.runtime.run_queue import RunQueue

M = TypeVar("M")
Reply = TypeVar("Reply")

IDLE, QUEUED, RUNNING, WAITING, STOPPED = range(5)
STATE_NAMES = ("idle", "queued", "running", "waiting", "stopped")
MESSAGES_PER_TURN = 64
"""Messages that an actor handles at most in one turn: amortizes scheduling, and lets others run soon."""


class ActorRef(Generic[M]):
    __slots__ = (
        "_mailbox",
        "_mailbox_limit",
        "_on_crash",
        "_put_waiters",
        "_queue",
        "_replies",
        "_state",
        "_task",
        "actor",
    )

    def __init__(
        self,
        actor: Actor[M],
        queue: RunQueue,
        mailbox_limit: int,
        on_crash: "Callable[[ActorRef[M], Exception], None]",
    ) -> None:
        self.actor = actor
        self._queue = queue
        self._mailbox_limit = mailbox_limit
        self._on_crash = on_crash
        self._mailbox: deque[M] | None = None
        # The first `_replies` messages of the mailbox are replies.
        self._replies = 0
        self._put_waiters: deque[asyncio.Future[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._state = IDLE

    @property
    def depth(self) -> int:
        """The number of messages in the mailbox."""
        return len(self._mailbox) if self._mailbox else 0

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self._state]

    @property
    def idle(self) -> bool:
        return self._state == IDLE

    @property
    def stopped(self) -> bool:
        return self._state == STOPPED

    def tell(self, message: M) -> None:
        """Append a message to the mailbox and return at once.

        Raises:
            MailboxFull: the message was not accepted.
            Stopped: the message was not accepted.
        """
        mailbox = self._mailbox
        if mailbox is None:
            if self._state == STOPPED:
                raise Stopped
            mailbox = self._mailbox = deque()
        elif len(mailbox) >= self._mailbox_limit:
            raise MailboxFull
        mailbox.append(message)
        if self._state == IDLE:
            self._state = QUEUED
            self._queue.schedule(self)

    def deliver_inline(self, message: M) -> None:
        """As `tell`, but `receive` of an idle actor is called before this returns.

        For messages that need not wait for those of other actors.
        """
        if self._state != IDLE:
            self.tell(message)
            return
        self._state = RUNNING
        try:
            coroutine = self.actor.receive(message)
        except Exception as error:  # noqa: BLE001 - the supervisor decides
            self._handle_crash(message, error)
            return
        if coroutine is not None:
            self._start_task(message, coroutine)
            return
        self._finish_turn()

    def deliver_reply(self, message: M) -> None:
        """Deliver the reply to a request of the actor.

        Replies precede other messages, keep their order among themselves, and ignore the mailbox limit. A
        stopped actor drops them.
        """
        if self._state == IDLE:
            self.deliver_inline(message)
        elif self._state != STOPPED:
            if self._mailbox is None:
                self._mailbox = deque()
            self._mailbox.insert(self._replies, message)
            self._replies += 1

    async def put(self, message: M) -> None:
        """As `tell`, but wait for space. Raises `Stopped`.

        If cancelled while waiting, the message was not accepted.
        """
        while True:
            try:
                self.tell(message)
            except MailboxFull:
                if self._put_waiters is None:
                    self._put_waiters = deque()
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._put_waiters.append(waiter)
                await waiter
            else:
                return

    async def ask(self, make_message: "Callable[[asyncio.Future[Reply]], M]", deadline_s: float) -> Reply:
        """Tell `make_message(reply)` and wait for the reply.

        Raises:
            TimeoutError: no reply in time. The message may still be handled.
            MailboxFull, Stopped: as `tell`.
            Exception: what the actor set as the reply.
        """
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.tell(make_message(reply))
        async with asyncio.timeout(deadline_s):
            return await reply

    def run_turn(self) -> None:
        """Handle up to `MESSAGES_PER_TURN` messages. Called by the run queue only."""
        if self._state != QUEUED:
            return
        self._state = RUNNING
        mailbox = self._mailbox
        receive = self.actor.receive
        for _ in range(MESSAGES_PER_TURN):
            if not mailbox:
                break
            message = mailbox.popleft()
            if self._replies:
                self._replies -= 1
            try:
                coroutine = receive(message)
            except Exception as error:  # noqa: BLE001 - the supervisor decides
                self._handle_crash(message, error)
                return
            if coroutine is not None:
                self._start_task(message, coroutine)
                return
        self._finish_turn()

    def start(self, activation: Coroutine[Any, Any, None]) -> None:
        """Run `activation` before the first message is handled."""
        self._state = RUNNING
        self._start_task(None, activation)

    def replace(self, actor: Actor[M], activation: Coroutine[Any, Any, None]) -> None:
        """Replace a crashed actor and keep the mailbox. Called by the supervisor."""
        self.actor = actor
        self.start(activation)

    def stop(self, reason: Exception) -> None:
        """Stop the actor: refuse waiting messages with `reason`, and cancel the running coroutine."""
        self._state = STOPPED
        if self._task is not None:
            self._task.cancel()
        mailbox, self._mailbox = self._mailbox, None
        for message in mailbox or ():
            self.actor.refuse(message, reason)
        self._release_put_waiters()

    def _finish_turn(self) -> None:
        if self._state == STOPPED:
            return
        if self._mailbox:
            self._state = QUEUED
            self._queue.schedule(self)
        else:
            self._mailbox = None
            self._state = IDLE
        if self._put_waiters:
            self._release_put_waiters()

    def _release_put_waiters(self) -> None:
        while self._put_waiters:
            waiter = self._put_waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _start_task(self, message: M | None, coroutine: Coroutine[Any, Any, None]) -> None:
        self._state = WAITING
        self._task = asyncio.create_task(self._run_task(message, coroutine))

    async def _run_task(self, message: M | None, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except Exception as error:  # noqa: BLE001 - the supervisor decides
            self._task = None
            if self._state != STOPPED:
                self._handle_crash(message, error)
            return
        except asyncio.CancelledError:
            if message is not None:
                self.actor.refuse(message, Stopped())
            raise
        self._task = None
        self._finish_turn()

    def _handle_crash(self, message: M | None, error: Exception) -> None:
        self._state = WAITING
        if message is not None:
            self.actor.refuse(message, error)
        self._on_crash(self, error)
