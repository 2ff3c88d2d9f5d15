"""`python -m loadtest.process`: a worker on its standard input and output. Not for people."""

import asyncio
import contextlib
import gc
import os
import sys
from typing import BinaryIO

import uvloop

from loadtest.process.pipe import encode_message, receive, to_worker_decoder
from loadtest.process.worker import TICK_S, Worker
from loadtest.process.worker_protocol import CheckDelivery, StartLoad, StopLoad
from loadtest.run_plan import WorkerPlan


class CoordinatorPipe:
    """The way to the leading process."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def send(self, message: object) -> None:
        self._transport.write(encode_message(message))  # type: ignore[arg-type]


async def main(input_pipe: BinaryIO, output_pipe: BinaryIO) -> None:
    """Work until the leading process ends, or all is judged."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), input_pipe)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, output_pipe)
    out = CoordinatorPipe(transport)
    plan = await receive(reader, to_worker_decoder)
    if not isinstance(plan, WorkerPlan):
        return
    worker = Worker(plan)
    gc.collect()
    gc.freeze()
    ticking = asyncio.create_task(_send_ticks(worker, out))
    coming = asyncio.create_task(_connect(worker, out))
    try:
        while (letter := await receive(reader, to_worker_decoder)) is not None:
            if isinstance(letter, StartLoad):
                worker.start_load(letter)
            elif isinstance(letter, StopLoad):
                coming.cancel()
                out.send(await worker.stop_load(letter))
            elif isinstance(letter, CheckDelivery):
                ended = await worker.check_delivery(letter)
                out.send(worker.tick())
                out.send(ended)
    finally:
        ticking.cancel()
        coming.cancel()
        await asyncio.gather(ticking, coming, return_exceptions=True)
        await worker.close()


async def _connect(worker: Worker, coordinator: CoordinatorPipe) -> None:
    coordinator.send(await worker.open_connections())


async def _send_ticks(worker: Worker, coordinator: CoordinatorPipe) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        coordinator.send(worker.tick())


if __name__ == "__main__":
    with (
        os.fdopen(os.dup(sys.stdin.fileno()), "rb", 0) as said,
        os.fdopen(os.dup(sys.stdout.fileno()), "wb", 0) as told,
    ):
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            uvloop.run(main(said, told))
