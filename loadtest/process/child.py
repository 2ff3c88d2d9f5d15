"""A worker process as the leading one sees it: letters to it, letters from it, and its end.

It has a session of its own, so that Ctrl-C reaches only the leading process. It never outlives `close`.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from loadtest.process.letters import Came, Tick
from loadtest.process.pipe import from_worker, receive, sealed

ROOT: Final = Path(__file__).resolve().parents[2]
END_S: Final = 10.0
Letter = TypeVar("Letter")


class WorkerDied(Exception):  # noqa: N818 - what happened
    """A process that makes the load ended before its time."""


class Child:
    """`on_tick` is called with each tick, as it comes."""

    def __init__(self, process: asyncio.subprocess.Process, on_tick: Callable[[Tick], None]) -> None:
        self._process = process
        self._on_tick = on_tick
        self._letters: asyncio.Queue[object] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, on_tick: Callable[[Tick], None]) -> "Child":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "loadtest.process",
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        return cls(process, on_tick)

    async def say(self, letter: msgspec.Struct) -> None:
        """Raises `WorkerDied`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(sealed(letter))
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise WorkerDied("a process of the load tester has ended") from error

    async def hear(self, kind: type[Letter]) -> Letter:
        """The next letter, which has to be of that kind. Raises `WorkerDied`."""
        letter = await self._letters.get()
        if isinstance(letter, Came) and kind is not Came:
            # Who was told to stop while everybody came may still have said so.
            letter = await self._letters.get()
        if not isinstance(letter, kind):
            raise WorkerDied("a process of the load tester has ended")
        return letter

    async def close(self) -> None:
        """Have it end, and see that it has."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await self._reading
        except TimeoutError:
            self._process.kill()
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            letter = await receive(self._process.stdout, from_worker)
            if isinstance(letter, Tick):
                self._on_tick(letter)
                continue
            self._letters.put_nowait(letter)
            if letter is None:
                return
