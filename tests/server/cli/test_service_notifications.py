"""What systemd is told about a service with `Type=notify`."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli.service_notifications import READY, SOCKET_VARIABLE, STOPPING, notify_service_manager


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(5.0)
        yield receiver


def test_states_are_sent_to_the_socket(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One datagram per state."""
    manager.bind(str(tmp_path / "notify"))
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path / "notify"))
    notify_service_manager(READY)
    notify_service_manager(STOPPING)
    assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_abstract_sockets_are_written_with_an_at_sign(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd writes them."""
    name = f"convene-test-{tmp_path.name}-{id(manager)}"
    manager.bind(f"\0{name}")
    monkeypatch.setenv(SOCKET_VARIABLE, f"@{name}")
    notify_service_manager(READY)
    assert manager.recv(100) == b"READY=1"


def test_a_manager_that_is_gone_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server goes on."""
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path / "nothing"))
    with caplog.at_level(logging.WARNING):
        notify_service_manager(READY)
    assert "was not notified of READY=1" in caplog.text


def test_nothing_is_sent_without_a_manager(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when it is started by hand."""
    monkeypatch.delenv(SOCKET_VARIABLE, raising=False)
    notify_service_manager(READY)
    assert caplog.text == ""
