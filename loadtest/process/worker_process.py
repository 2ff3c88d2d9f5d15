"""A worker process as the leading one sees it: letters to it, letters from it, and its end.

It has a session of its own, so that Ctrl-C reaches only the leading process. It never outlives `close`.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from loadtest.process.pipe import encode_message, from_worker_decoder, receive
from loadtest.process.worker_protocol import ConnectionsOpened, Tick

ROOT: Final = Path(__file__).resolve().parents[2]
EXIT_TIMEOUT_S: Final = 10.0
Letter = TypeVar("Letter")


class WorkerDied(Exception):  # noqa: N818 - what happened
    """A process that makes the load ended before its time."""


class WorkerProcess:
    """`on_tick` is called with each tick, as it comes."""

    def __init__(self, process: asyncio.subprocess.Process, on_tick: Callable[[Tick], None]) -> None:
        self._process = process
        self._on_tick = on_tick
        self._messages: asyncio.Queue[object] = asyncio.Queue()
        self._read_task = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, on_tick: Callable[[Tick], None]) -> "WorkerProcess":
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

    async def send(self, message: msgspec.Struct) -> None:
        """Raises `WorkerDied`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode_message(message))
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise WorkerDied("a process of the load tester has ended") from error

    async def next_message(self, message_type: type[Letter]) -> Letter:
        """The next letter, which has to be of that kind. Raises `WorkerDied`."""
        letter = await self._messages.get()
        if isinstance(letter, ConnectionsOpened) and message_type is not ConnectionsOpened:
            # Who was told to stop while everybody came may still have said so.
            letter = await self._messages.get()
        if not isinstance(letter, message_type):
            raise WorkerDied("a process of the load tester has ended")
        return letter

    async def close(self) -> None:
        """Have it end, and see that it has."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(EXIT_TIMEOUT_S):
                await self._read_task
        except TimeoutError:
            self._process.kill()
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            letter = await receive(self._process.stdout, from_worker_decoder)
            if isinstance(letter, Tick):
                self._on_tick(letter)
                continue
            self._messages.put_nowait(letter)
            if letter is None:
                return
