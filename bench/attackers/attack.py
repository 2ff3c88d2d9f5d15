"""What an attacker process gets, and what it reports."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec

STARTED = "started"
"""The line that a process prints when its attack begins."""


class Account(msgspec.Struct, frozen=True):
    id: str
    token: str


class Target(msgspec.Struct, frozen=True):
    """The server, the attacker's accounts, and what these may use.

    Attributes:
        group: A conversation of all accounts.
        post: A post of a well-behaved user.
        followed: The account that many users follow.
    """

    port: int
    accounts: list[Account]
    group: str
    post: str
    followed: Account


class AttackResult(msgspec.Struct, frozen=True):
    """How many frames, requests or connections were sent, and the answers by code.

    Answers are close codes, error codes of frames and problems, "closed" for a connection that ended without
    one, and "served".
    """

    sent: int
    answers: dict[str, int]


class Attack:
    """One attack in progress: counts what is sent and answered, until its time is over."""

    def __init__(self, target: Target, seconds: float) -> None:
        self.target = target
        self.sent = 0
        self.answers: Counter[str] = Counter()
        self.random = random.Random(1)
        self._end = time.monotonic() + seconds

    @property
    def running(self) -> bool:
        return time.monotonic() < self._end

    @property
    def remaining_s(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def account(self, number: int) -> Account:
        return self.target.accounts[number % len(self.target.accounts)]

    def unknown_id(self, digits: int = 24) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    async def repeat(self, concurrency: int, step: Callable[[int], Awaitable[None]]) -> None:
        """Run `step` again and again in `concurrency` tasks until the time is over."""

        async def loop(number: int) -> None:
            while self.running:
                try:
                    await step(number)
                except (OSError, asyncio.IncompleteReadError):
                    self.answers["closed"] += 1
                    await asyncio.sleep(0)

        loops = [asyncio.create_task(loop(number)) for number in range(concurrency)]
        _, unfinished = await asyncio.wait(loops, timeout=self.remaining_s)
        for each in unfinished:
            each.cancel()
        await asyncio.gather(*loops, return_exceptions=True)

    def result(self) -> AttackResult:
        return AttackResult(self.sent, dict(self.answers))
