"""A Valkey server for one test that can be killed, paused and restarted on the same files."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from storage.embedded.binaries import find_binaries

START_TIMEOUT_S = 20.0


class ValkeyServer:
    def __init__(self, *options: str) -> None:
        self._options = options
        self.folder = Path(tempfile.mkdtemp(prefix="convene-"))
        self.socket = self.folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def client(self) -> redis.Redis:
        return redis.Redis(
            unix_socket_path=str(self.socket), decode_responses=True, retry=Retry(NoBackoff(), 0)
        )

    def start(self) -> None:
        """Start the server; return when it replies."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            (
                *(str(find_binaries().valkey), "--dir", str(self.folder), "--port", "0"),
                *("--unixsocket", str(self.socket), "--unixsocketperm", "700", "--save", ""),
                *("--appendonly", "yes", *self._options),
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready():
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def close(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.AuthenticationError:
            return True
        except redis.RedisError:
            return False
