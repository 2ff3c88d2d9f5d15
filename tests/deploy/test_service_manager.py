"""What an instance tells systemd, which starts it with `Type=notify`."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.end_to_end.server_process import START_TIMEOUT_S, STOP_TIMEOUT_S, ServerProcess, ServerStores


@pytest.mark.stores
async def test_instance_notifies_the_service_manager_of_start_and_stop(
    server_stores: ServerStores, tmp_path: Path
) -> None:
    """READY=1 once it is listening, STOPPING=1 when the drain begins, and nothing else."""
    address = tmp_path / "notify"
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.setblocking(False)
        instance = ServerProcess(server_stores, tmp_path / "instance.log")
        instance._environment["NOTIFY_SOCKET"] = str(address)
        try:
            await instance.start()
            async with asyncio.timeout(START_TIMEOUT_S):
                assert await loop.sock_recv(manager, 100) == b"READY=1"
            assert await instance.stop() == 0
            async with asyncio.timeout(STOP_TIMEOUT_S):
                assert await loop.sock_recv(manager, 100) == b"STOPPING=1"
            with pytest.raises(BlockingIOError):
                manager.recv(100)
        finally:
            instance.close()
