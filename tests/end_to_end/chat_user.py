"""A chat user: sends with a real client and reports everything sent and received to an oracle."""

import asyncio
import itertools
import uuid
from collections.abc import Sequence
from typing import Self

import msgspec

from actors.protocol.results import SendResult
from actors.protocol.server_frames import ServerFrame
from client.client import Client
from client.client_settings import ClientSettings
from client.encoding import JSON, Encoding
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_at_most
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess

FAST_SETTINGS = ClientSettings(
    connect_timeout_s=5.0,
    resend_after_s=5.0,
    request_timeout_s=60.0,
    http_timeout_s=5.0,
    heartbeat_interval_s=4.0,
    stable_after_s=1.0,
    backoff_base_s=0.05,
    backoff_cap_s=1.0,
    read_backoff_cap_s=0.5,
)


class ChatUser:
    """A registered user with a client.

    `instances` (or URLs) are tried in order. `other_oracles` observe further conversations of the user.
    """

    def __init__(
        self,
        user: RegisteredUser,
        oracle: Oracle,
        instances: Sequence[ServerProcess | str],
        settings: ClientSettings = FAST_SETTINGS,
        encoding: Encoding = JSON,
        other_oracles: Sequence[Oracle] = (),
    ) -> None:
        self.user = user
        self.frames: list[ServerFrame] = []
        self.acknowledged = 0
        self._oracle = oracle
        # Two chat users of the same account must not share client ids.
        self._name = f"{user.username}-{uuid.uuid4().hex[:8]}"
        self._oracles = (oracle, *other_oracles)
        self._views = [each.add_view(user.username) for each in self._oracles]
        self._numbers = itertools.count(1)
        urls = [instance if isinstance(instance, str) else instance.url for instance in instances]
        settings = msgspec.structs.replace(settings, encoding=encoding)
        self.client = Client(urls, user.token, settings=settings, on_frame=self._on_frame)
        for each in self._oracles:
            self.client.subscribe(each.conversation_id)

    async def __aenter__(self) -> Self:
        await self.client.connect()
        return self

    async def __aexit__(self, *_exit: object) -> None:
        await self.client.close()

    async def send(self, content: str = "", other_oracle: Oracle | None = None) -> SendResult:
        """Send one message and wait for its acknowledgement."""
        oracle = other_oracle or self._oracle
        number = next(self._numbers)
        client_id = f"{self._name}-{number}"
        content = content or f"{number} by {self.user.username}"
        oracle.record_sending(self.user.id, client_id, content)
        result = await self.client.send(oracle.conversation_id, content, client_id=client_id)
        self.acknowledged += 1
        oracle.record_stored(self.user.id, client_id, result)
        return result

    async def send_many(self, messages: int, concurrency: int = 8) -> list[SendResult]:
        """Send `messages` messages, at most `concurrency` at once; return the results in send order."""
        semaphore = asyncio.Semaphore(concurrency)

        async def send_one() -> SendResult:
            try:
                return await self.send()
            finally:
                semaphore.release()

        sends = []
        for _ in range(messages):
            await semaphore.acquire()
            sends.append(asyncio.create_task(send_one()))
        return await asyncio.gather(*sends)

    async def send_until(self, stop: asyncio.Event, concurrency: int = 4, pause_s: float = 0.0) -> None:
        """Send in `concurrency` concurrent loops, each with a pause after a message, until `stop` is set."""

        async def send_repeatedly() -> None:
            while not stop.is_set():
                await self.send()
                await wait_at_most(stop, pause_s)

        await asyncio.gather(*(send_repeatedly() for _ in range(concurrency)))

    async def send_periodically(self, stop: asyncio.Event, interval_s: float) -> None:
        """Send every `interval_s`, to each conversation in turn, until `stop` is set."""
        for oracle in itertools.cycle(self._oracles):
            await self.send(other_oracle=oracle)
            if await wait_at_most(stop, interval_s):
                return

    @property
    def unannounced_gaps(self) -> int:
        return self.client.statistics().unannounced_gaps

    def _on_frame(self, frame: ServerFrame) -> None:
        self.frames.append(frame)
        for view in self._views:
            view.on_frame(frame)
