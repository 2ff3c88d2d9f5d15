"""A reverse proxy that runs with the files of `deploy/`, before instances on other ports."""

import os
import pwd
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Self

from tests.certificates import CertificateFiles
from tests.end_to_end.polling import POLL_S
from tests.end_to_end.server_process import ServerProcess, free_port

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
SLOW_CLIENT_S = 3
"""In place of the 10 s of the files, so that tests need not wait as long."""

CONNECTIONS_MAX = 80
"""In place of the 1,000 of an address."""


def adapt(text: str, replacements: Mapping[str, str]) -> str:
    """Replace what a test must choose itself. Everything that is replaced must be there."""
    for old, new in replacements.items():
        assert old in text, f"{old!r} is not in the file"
        text = text.replace(old, new)
    return text


class ProxyProcess:
    """Made by `nginx` or `caddy`."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, port: int, trusted: ssl.SSLContext | None = None
    ) -> None:
        self._arguments = arguments
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._trusted = trusted
        self.url = f"{'https' if trusted else 'http'}://127.0.0.1:{port}"
        self.port = port

    @classmethod
    def nginx(
        cls,
        program: str,
        source: Path,
        folder: Path,
        instances: Sequence[ServerProcess],
        certificate: CertificateFiles | None = None,
    ) -> Self:
        """Copy the configuration, with other ports and folders, and shorter times for slow clients.

        With a certificate the server block is the one for TLS.
        """
        folder.mkdir()
        port = free_port()
        name = "server.conf" if certificate is None else "server-tls.conf"
        user = pwd.getpwuid(os.getuid()).pw_name
        temporary = "".join(
            f"    {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        replacements = {
            "nginx.conf": {
                "user www-data;": f"user {user};" if user == "root" else "",
                "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;\ndaemon off;",
                "/var/log/nginx": str(folder),
                "worker_processes auto;": "worker_processes 2;",
                "worker_rlimit_nofile 65536;": "worker_rlimit_nofile 4096;",
                "worker_connections 32768;": "worker_connections 2048;",
                "http {\n": f"http {{\n{temporary}",
                "include server.conf;": f"include {name};",
            },
            "limits.conf": {
                "/var/log/nginx": str(folder),
                "client_header_timeout 10s;": f"client_header_timeout {SLOW_CLIENT_S}s;",
                "client_body_timeout 10s;": f"client_body_timeout {SLOW_CLIENT_S}s;",
            },
            "upstream.conf": _upstreams(instances),
            name: _server_changes(port, certificate),
            "proxy.conf": {
                "/var/log/nginx": str(folder),
                "convene_connections 1000;": f"convene_connections {CONNECTIONS_MAX};",
            },
        }
        for file, changes in replacements.items():
            (folder / file).write_text(adapt((source / file).read_text(), changes))
        trusted = None if certificate is None else certificate.trusted()
        command = [program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        return cls(command, folder, port, trusted)

    @classmethod
    def caddy(cls, program: str, source: Path, folder: Path, instances: Sequence[ServerProcess]) -> Self:
        """As `nginx`, of one file."""
        folder.mkdir()
        port = free_port()
        replacements = {
            "\n:8080 {": f"\n:{port} {{\n\tbind 127.0.0.1",
            "{\n\tservers {": "{\n\tadmin off\n\tservers {",
            "read_header 10s": f"read_header {SLOW_CLIENT_S}s",
            **_upstreams(instances),
        }
        (folder / "Caddyfile").write_text(adapt((source / "Caddyfile").read_text(), replacements))
        return cls(
            [program, "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"], folder, port
        )

    def start(self) -> None:
        """Start the proxy and wait until an instance answers through it."""
        with (self.folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                self._arguments,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            output_text = (self.folder / "output.log").read_text()
            assert self._process.poll() is None, f"the proxy exited:\n{output_text}"
            assert time.monotonic() < deadline, f"the proxy did not start:\n{output_text}"
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5, context=self._trusted) as response:
                return bool(response.status == HTTPStatus.OK)
        except OSError:
            return False

    def close(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _server_changes(port: int, certificate: CertificateFiles | None) -> dict[str, str]:
    if certificate is None:
        return {"listen 8080 ": f"listen 127.0.0.1:{port} "}
    live = "/etc/letsencrypt/live/convene.example.org"
    return {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2 backlog=4096;\n": "",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        f"{live}/fullchain.pem": str(certificate.certificate),
        f"{live}/privkey.pem": str(certificate.key),
    }


def _upstreams(instances: Sequence[ServerProcess]) -> dict[str, str]:
    return {
        f"127.0.0.1:808{number}": instance.url.removeprefix("http://")
        for number, instance in enumerate(instances, 1)
    }
