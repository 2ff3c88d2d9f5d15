"""A worker process, from the coordinator's side.

It runs in a new OS session, so that Ctrl-C only reaches the coordinator.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from loadtest.process.worker_protocol import (
    ConnectionsOpened,
    Tick,
    encode_message,
    from_worker_decoder,
    receive,
)

ROOT: Final = Path(__file__).resolve().parents[2]
EXIT_TIMEOUT_S: Final = 10.0
Message = TypeVar("Message")


class WorkerDied(Exception):  # noqa: N818 - an event
    """A worker process ended early."""


class WorkerProcess:
    """`on_tick` is called with each tick."""

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
            raise WorkerDied("a worker process of the load tester has exited") from error

    async def next_message(self, message_type: type[Message]) -> Message:
        """Return the next message, which must be of that type. Raises `WorkerDied`."""
        message = await self._messages.get()
        if isinstance(message, ConnectionsOpened) and message_type is not ConnectionsOpened:
            # A worker stopped while connecting may already have sent this.
            message = await self._messages.get()
        if not isinstance(message, message_type):
            raise WorkerDied("a worker process of the load tester has exited")
        return message

    async def close(self) -> None:
        """Close the pipe, wait for the process to exit, and kill it if it does not."""
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
            message = await receive(self._process.stdout, from_worker_decoder)
            if isinstance(message, Tick):
                self._on_tick(message)
                continue
            self._messages.put_nowait(message)
            if message is None:
                return
