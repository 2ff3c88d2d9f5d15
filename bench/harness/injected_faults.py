"""Faults that a benchmark injects: killed or stalled stores and instances, reset or slow links."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import psutil  # type: ignore[import-untyped]

from bench.harness.convene_server import ConveneServer
from bench.harness.store_links import LinkFault, StoreLinks
from bench.harness.stores import BenchStores

STALL_S = 15.0
INSTANCE_STALL_S = 20.0
DELAY_S = 0.2
STORES = {
    "document store": ("secantusd", "CONVENE_MONGO_URL"),
    "PostgreSQL": ("postgres", "CONVENE_POSTGRES_URL"),
    "Valkey": ("valkey", "CONVENE_REDIS_URL"),
}
"""Per store its command, and the variable with its URL."""


class Installation(msgspec.Struct, frozen=True):
    stores: BenchStores
    servers: Sequence[ConveneServer]
    links: StoreLinks


class Fault(msgspec.Struct, frozen=True):
    """`inject` returns when the fault has ended: the store runs again, or the link forwards again."""

    name: str
    inject: Callable[[Installation], Awaitable[None]]


def list_faults() -> list[Fault]:
    faults = []
    for name, (command, variable) in STORES.items():
        blocked = LinkFault(is_blocked=True)
        faults += [
            Fault(f"{name} killed", _kill_store(command)),
            Fault(f"{name} stalled {STALL_S:g} s", _stall_store(command)),
            Fault(f"{name} cut off {STALL_S:g} s", _disturb_links(blocked, variable)),
        ]
    return [
        *faults,
        Fault(f"instance stalled {INSTANCE_STALL_S:g} s", _stall_instance),
        Fault("all connections to stores reset", _reset_links),
        Fault(f"links {DELAY_S * 1000:g} ms slower for {STALL_S:g} s", _disturb_links(LinkFault(DELAY_S))),
        Fault(
            f"half of the bytes {DELAY_S * 1000:g} ms later for {STALL_S:g} s",
            _disturb_links(LinkFault(DELAY_S, delayed_share=0.5)),
        ),
    ]


def _kill_store(command: str) -> Callable[[Installation], Awaitable[None]]:
    async def inject(installation: Installation) -> None:
        process = installation.stores.find_process(command)
        process.send_signal(signal.SIGKILL)
        while True:
            await asyncio.sleep(0.1)
            if installation.stores.is_restarted(command, process.pid):
                break

    return inject


def _stall_store(command: str) -> Callable[[Installation], Awaitable[None]]:
    async def inject(installation: Installation) -> None:
        await _stall(installation.stores.find_process(command), STALL_S)

    return inject


async def _stall_instance(installation: Installation) -> None:
    await _stall(psutil.Process(installation.servers[0].pids[0]), INSTANCE_STALL_S)


async def _stall(process: psutil.Process, stall_s: float) -> None:
    process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(stall_s)
    finally:
        process.send_signal(signal.SIGCONT)


async def _reset_links(installation: Installation) -> None:
    installation.links.reset()


def _disturb_links(
    fault: LinkFault, variable: str | None = None
) -> Callable[[Installation], Awaitable[None]]:
    async def inject(installation: Installation) -> None:
        installation.links.set_fault(fault, variable)
        try:
            await asyncio.sleep(STALL_S)
        finally:
            installation.links.set_fault(LinkFault())

    return inject
