"""TCP links between instances and stores, for faults of the network: delay, black hole, reset.

    instance -> link (127.0.0.1) -> store

The links run in a thread with its own event loop. Bytes are forwarded unchanged and in order.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import msgspec

CHUNK_BYTES = 65_536
CHUNKS_QUEUED_MAX = 64
POSTGRES_SOCKET = ".s.PGSQL.5432"
START_S = 10.0
Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect: TypeAlias = Callable[[], Awaitable[Streams]]


class LinkFault(msgspec.Struct, frozen=True):
    """What happens to the bytes of a link, in both directions.

    `delayed_share` of the chunks arrive `delay_s` later, and those after them no earlier. With `is_blocked`
    nothing arrives until the fault ends.
    """

    delay_s: float = 0.0
    delayed_share: float = 1.0
    is_blocked: bool = False


class StoreLink:
    """Accepts connections on a free port and forwards them to one store."""

    def __init__(self, connect: Connect, rng: random.Random) -> None:
        self._connect = connect
        self._rng = rng
        self._fault = LinkFault()
        self._passable = asyncio.Event()
        self._passable.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Return the port."""
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set_fault(self, fault: LinkFault) -> None:
        self._fault = fault
        if fault.is_blocked:
            self._passable.clear()
        else:
            self._passable.set()

    def reset(self) -> None:
        """Abort all connections: both ends get a reset."""
        for writer in self._writers:
            writer.transport.abort()

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = {writer}
        self._writers.add(writer)
        try:
            await self._passable.wait()
            upstream_reader, upstream_writer = await self._connect()
            ends.add(upstream_writer)
            self._writers.add(upstream_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, upstream_writer))
                group.create_task(self._forward(upstream_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                self._writers.discard(end)
                end.transport.abort()
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward until one end closes, which ends both directions. Raises `ConnectionError` then."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_QUEUED_MAX)
        time = asyncio.get_running_loop().time

        async def read() -> None:
            while chunk := await reader.read(CHUNK_BYTES):
                fault = self._fault
                is_delayed = fault.delay_s > 0 and self._rng.random() < fault.delayed_share
                await queue.put((time() + (fault.delay_s if is_delayed else 0.0), chunk))
            await queue.put((time(), b""))

        async def write() -> None:
            while True:
                due, chunk = await queue.get()
                await asyncio.sleep(max(0.0, due - time()))
                await self._passable.wait()
                if not chunk:
                    raise ConnectionError
                writer.write(chunk)
                await writer.drain()

        await asyncio.gather(read(), write())


class StoreLinks:
    """A link to each store of an environment as `BenchStores` has it. `environment` points at the links."""

    def __init__(self, environment: Mapping[str, str], seed: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="store links", daemon=True)
        self._thread.start()
        self._links: dict[str, StoreLink] = {}
        self.environment = self._run(self._start(environment, random.Random(seed))).result(START_S)

    def set_fault(self, fault: LinkFault, variable: str | None = None) -> None:
        """Apply a fault to the link to the store of `variable`, or to all; `LinkFault()` ends it."""
        for name, link in self._links.items():
            if variable in {None, name}:
                self._loop.call_soon_threadsafe(link.set_fault, fault)

    def reset(self) -> None:
        """Reset all connections of all links."""
        for link in self._links.values():
            self._loop.call_soon_threadsafe(link.reset)

    def close(self) -> None:
        self._run(self._close()).result(START_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _start(self, environment: Mapping[str, str], rng: random.Random) -> dict[str, str]:
        linked = dict(environment)
        for variable, url in environment.items():
            link = StoreLink(_connect_to(url), rng)
            self._links[variable] = link
            linked[variable] = _at_port(url, await link.start())
        return linked

    async def _close(self) -> None:
        for link in self._links.values():
            await link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def _connect_to(url: str) -> Connect:
    """Return what connects to the store of an embedded store's URL."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host")
    if parts.scheme == "unix":
        return lambda: asyncio.open_unix_connection(unquote(parts.path))
    if folder:
        return lambda: asyncio.open_unix_connection(f"{folder[0]}/{POSTGRES_SOCKET}")
    return lambda: asyncio.open_connection(parts.hostname, parts.port)


def _at_port(url: str, port: int) -> str:
    """Return the URL with a loopback port in place of its host, port or socket."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"redis://127.0.0.1:{port}/{parse_qs(parts.query).get('db', ['0'])[0]}"
    user = parts.netloc.rpartition("@")[0]
    query = "" if "host" in parse_qs(parts.query) else parts.query
    address = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
    return urlunsplit((parts.scheme, address, parts.path, query, ""))
