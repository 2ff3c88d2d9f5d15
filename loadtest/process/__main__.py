"""`python -m loadtest.process`: a worker process. Started by the coordinator, not by operators."""

import asyncio
import contextlib
import gc
import os
import sys
from typing import BinaryIO

import uvloop

from loadtest.process.worker import TICK_S, Worker
from loadtest.process.worker_protocol import (
    CheckDelivery,
    StartLoad,
    StopLoad,
    encode_message,
    receive,
    to_worker_decoder,
)
from loadtest.run_plan import WorkerPlan


class CoordinatorPipe:
    """Sends messages to the coordinator."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def send(self, message: object) -> None:
        self._transport.write(encode_message(message))  # type: ignore[arg-type]


async def main(input_pipe: BinaryIO, output_pipe: BinaryIO) -> None:
    """Run until the coordinator closes the pipe."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), input_pipe)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, output_pipe)
    coordinator = CoordinatorPipe(transport)
    plan = await receive(reader, to_worker_decoder)
    if not isinstance(plan, WorkerPlan):
        return
    worker = Worker(plan)
    gc.collect()
    gc.freeze()
    tick_task = asyncio.create_task(_send_ticks(worker, coordinator))
    connect_task = asyncio.create_task(_connect(worker, coordinator))
    try:
        while (command := await receive(reader, to_worker_decoder)) is not None:
            if isinstance(command, StartLoad):
                worker.start_load(command)
            elif isinstance(command, StopLoad):
                connect_task.cancel()
                coordinator.send(await worker.stop_load(command))
            elif isinstance(command, CheckDelivery):
                checked = await worker.check_delivery(command)
                coordinator.send(worker.tick())
                coordinator.send(checked)
    finally:
        tick_task.cancel()
        connect_task.cancel()
        await asyncio.gather(tick_task, connect_task, return_exceptions=True)
        await worker.close()


async def _connect(worker: Worker, coordinator: CoordinatorPipe) -> None:
    coordinator.send(await worker.open_connections())


async def _send_ticks(worker: Worker, coordinator: CoordinatorPipe) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        coordinator.send(worker.tick())


if __name__ == "__main__":
    with (
        os.fdopen(os.dup(sys.stdin.fileno()), "rb", 0) as input_file,
        os.fdopen(os.dup(sys.stdout.fileno()), "wb", 0) as output_file,
    ):
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            uvloop.run(main(input_file, output_file))
