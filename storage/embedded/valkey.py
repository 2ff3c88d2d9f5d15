"""Embedded Valkey 9 on a unix socket in a private folder, with an append-only file.

Its data can be rebuilt, so an unreadable append-only file is moved away. It does not listen on a network
address.
"""

import contextlib
import secrets
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

import redis.asyncio as redis

from storage.embedded.binaries import Binaries
from storage.embedded.server_command import ServerCommand
from storage.embedded.server_process import StopSteps
from storage.embedded.settings import StoresSettings
from storage.embedded.stores_folder import StoresFolder, ensure_private_folder


class Valkey:
    name = "redis"
    stop_steps: StopSteps = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
    restart_on_failed_checks = False

    def __init__(self, binaries: Binaries, folder: StoresFolder, settings: StoresSettings) -> None:
        self.program = binaries.valkey
        self._keep = settings.keep
        self.data = folder.path / "valkey"
        self._socket = Path(settings.sockets) / "valkey.sock"
        self._client: redis.Redis | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}?db=0"

    async def prepare(self) -> ServerCommand:
        ensure_private_folder(self.data)
        self._socket.unlink(missing_ok=True)
        return ServerCommand(
            argv=(
                *(str(self.program), "--dir", str(self.data), "--port", "0"),
                *("--unixsocket", str(self._socket), "--unixsocketperm", "700"),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                # A process title would overwrite the command line, by which a server is recognized.
                *("--set-proc-title", "no", "--daemonize", "no", "--loglevel", "notice"),
            ),
            working_folder=self.data,
            parent_death_signal=None if self._keep else signal.SIGKILL,
        )

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:  # noqa: ARG002 - a socket path does not change
        """Move an unreadable append-only file away, keeping one generation, and start without it."""
        if not any(word in log_tail.lower() for word in ("append only file", "aof", "rdb")):
            return None
        unreadable = self.data / "unreadable"
        shutil.rmtree(unreadable, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            (self.data / "appendonlydir").rename(unreadable)
        return "its append-only file could not be read and was moved away"

    async def check(self) -> None:
        if self._client is None:
            self._client = redis.Redis(unix_socket_path=str(self._socket), decode_responses=True)
        value = secrets.token_hex(8)
        await self._client.set("convene:health", value, ex=60)
        if await self._client.get("convene:health") != value:
            raise RuntimeError("the value read differs from the value written")

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()
