"""The peers' Redis: Valkey on a unix socket and the other core, for pub/sub only, without persistence."""

import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from bench.harness.process_cpu import OTHER_CORE
from bench.harness.server import Process, ServerFailed
from storage.embedded.binaries import StoresUnavailable, find_binaries

START_S = 15.0


class RedisBroker:
    def __init__(self) -> None:
        try:
            program = find_binaries().valkey
        except StoresUnavailable as error:
            raise ServerFailed(str(error)) from error
        self._folder = tempfile.TemporaryDirectory()
        self._socket = Path(self._folder.name) / "valkey.sock"
        command = [str(program), "--dir", self._folder.name, "--port", "0"]
        command += ["--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = Process(command, OTHER_CORE)
        try:
            self._wait_listening()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}"

    def _wait_listening(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self._process.raise_if_exited()
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self._socket)) == 0:
                    return
            time.sleep(0.05)
        raise ServerFailed(f"Valkey did not start within {START_S:.0f} s:\n{self._process.output()}")

    def close(self) -> None:
        self._process.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
