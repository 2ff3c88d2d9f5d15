"""Stands in for MongoDB's `mongod`: takes its options, and answers through the wheel's server.

    mongod --dbpath D --port P ...: records its options in D/../mongod.calls, relays P to secantusd-rs

It refuses writes until the replica set was initiated with the address it listens on, as MongoDB does.
"""

import argparse
import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import bson

HEADER = struct.Struct("<iiii")
OP_MSG = 2013
NOT_PRIMARY = {"ok": 0.0, "errmsg": "not primary", "code": 10107, "codeName": "NotWritablePrimary"}
WRITES = {"createUser", "update", "insert"}


class FakeMongod:
    def __init__(self, options: argparse.Namespace, server_port: int) -> None:
        self._server_port = server_port
        self._file = options.dbpath / "replica_set.json"
        self._address = f"127.0.0.1:{options.port}"
        self._name = options.replSet

    def replace_answer(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer that secantusd-rs cannot give, or None."""
        configuration = json.loads(self._file.read_text()) if self._file.exists() else None
        name = next(iter(command))
        match name:
            case "replSetInitiate" if configuration is None and command[name]["_id"] == self._name:
                self._file.write_text(json.dumps(command[name] | {"version": 1}))
            case "replSetGetConfig" if configuration is not None:
                return {"ok": 1.0, "config": configuration}
            case "replSetReconfig" if command["force"]:
                self._file.write_text(json.dumps(command[name]))
            case "replSetInitiate" | "replSetGetConfig" | "replSetReconfig":
                return {"ok": 0.0, "errmsg": f"refused {name}", "code": 93, "codeName": "Refused"}
            case _:
                primary = configuration is not None and configuration["members"][0]["host"] == self._address
                return NOT_PRIMARY if name in WRITES and not primary else None
        return {"ok": 1.0}

    def relay(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(EOFError, OSError),
            client,
            socket.create_connection(("127.0.0.1", self._server_port)) as server,
        ):
            while True:
                message = read_message(client)
                answer = None
                _, request_id, _, opcode = HEADER.unpack(message[:16])
                if opcode == OP_MSG and message[20] == 0:
                    answer = self.replace_answer(bson.decode(message[21 : 21 + size_at(message, 21)]))
                if answer is None:
                    server.sendall(message)
                    client.sendall(read_message(server))
                    continue
                body = b"\0\0\0\0\0" + bson.encode(answer)
                client.sendall(HEADER.pack(16 + len(body), 0, request_id, OP_MSG) + body)


def size_at(message: bytes, offset: int) -> int:
    return int(struct.unpack_from("<i", message, offset)[0])


def read_message(source: socket.socket) -> bytes:
    head = read_exactly(source, 16)
    return head + read_exactly(source, size_at(head, 0) - 16)


def read_exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = source.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse options by MongoDB's names; an unknown one ends the process, as with MongoDB."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name, kind in (
        ("dbpath", Path),
        ("keyFile", Path),
        ("port", int),
        ("bind_ip", str),
        ("replSet", str),
    ):
        parser.add_argument(f"--{name}", type=kind, required=True)
    for name in ("wiredTigerCacheSizeGB", "oplogSize", "slowms"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("nounixsocket", "quiet"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args(arguments)


def main(program: str, arguments: list[str]) -> None:
    options = parse(arguments)
    with (options.dbpath.parent / "mongod.calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    key = options.keyFile
    if key.stat().st_mode & 0o077 or not 6 <= len(key.read_text()) <= 1024:
        sys.exit("permissions or length of the key file")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        server_port = probe.getsockname()[1]
    configuration = options.dbpath / "secantusd.toml"
    configuration.touch()
    server = subprocess.Popen(
        [
            *(program, "--config", str(configuration), "--host", "127.0.0.1", "--port", str(server_port)),
            *("--storage-path", str(options.dbpath / "files"), "--log-file-max", "16MB"),
        ],
        preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),  # noqa: PLW1509 - no threads yet
        stdout=subprocess.DEVNULL,
    )

    def stop(*_: object) -> None:
        server.terminate()
        server.wait()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    fake = FakeMongod(options, server_port)
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        while True:
            threading.Thread(target=fake.relay, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3:])
