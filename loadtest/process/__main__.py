"""`python -m loadtest.process`: a worker on its standard input and output. Not for people."""

import asyncio
import contextlib
import gc
import os
import sys
from typing import BinaryIO

import uvloop

from loadtest.process.letters import Begin, Heads, Plan, Stop
from loadtest.process.pipe import receive, sealed, to_worker
from loadtest.process.worker import TICK_S, Worker


class Outgoing:
    """The way to the leading process."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def say(self, letter: object) -> None:
        self._transport.write(sealed(letter))  # type: ignore[arg-type]


async def main(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Work until the leading process ends, or all is judged."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), incoming)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, outgoing)
    out = Outgoing(transport)
    plan = await receive(reader, to_worker)
    if not isinstance(plan, Plan):
        return
    worker = Worker(plan)
    gc.collect()
    gc.freeze()
    ticking = asyncio.create_task(_tick(worker, out))
    coming = asyncio.create_task(_come(worker, out))
    try:
        while (letter := await receive(reader, to_worker)) is not None:
            if isinstance(letter, Begin):
                worker.begin(letter)
            elif isinstance(letter, Stop):
                coming.cancel()
                out.say(await worker.stop(letter))
            elif isinstance(letter, Heads):
                ended = await worker.judge(letter)
                out.say(worker.tick())
                out.say(ended)
    finally:
        ticking.cancel()
        coming.cancel()
        await asyncio.gather(ticking, coming, return_exceptions=True)
        await worker.close()


async def _come(worker: Worker, out: Outgoing) -> None:
    out.say(await worker.come())


async def _tick(worker: Worker, out: Outgoing) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        out.say(worker.tick())


if __name__ == "__main__":
    with (
        os.fdopen(os.dup(sys.stdin.fileno()), "rb", 0) as said,
        os.fdopen(os.dup(sys.stdout.fileno()), "wb", 0) as told,
    ):
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            uvloop.run(main(said, told))
