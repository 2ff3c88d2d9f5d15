"""Records what a bus delivers."""

import asyncio

from tests.storage.bus_cluster import (
    CheckedBus,
)


class RecordingSubscriber:
    """Records the frames that a bus delivered, in order."""

    def __init__(self, bus: CheckedBus) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.gaps = 0
        bus.set_message_callback(lambda topic, frame: self.received.append((topic, frame)))
        bus.set_loss_callback(self._gap)

    def _gap(self) -> None:
        self.gaps += 1

    @property
    def frames(self) -> list[bytes]:
        return [frame for _, frame in self.received]


async def wait_delivered(*buses: CheckedBus) -> None:
    """Wait until earlier frames are delivered: later ones on the same route have arrived."""
    for bus in buses:
        await bus.check()
    await asyncio.sleep(0)
