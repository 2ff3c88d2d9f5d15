"""Somebody who has read a view over HTTP, keeps it up by what is pushed, and holds it against a new one."""

from collections import Counter
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

from actors.protocol.server_frames import LogFrame, ServerFrame, StreamFrame
from client.client import Client
from tests.end_to_end.client_state import ClientState, differences, read_state
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess

DELIVERY_TIMEOUT_S = 6.0
"""What the contract allows a frame to take."""

Answer = TypeVar("Answer")


class StateViewer:
    """Reads the view once, as soon as it is ready; from then on only frames change it."""

    def __init__(self, user: RegisteredUser, instance: ServerProcess) -> None:
        self._user = user
        self._instance = instance
        self._client = Client([instance.url], user.token, on_frame=self._on_frame)
        self._received: Counter[type[ServerFrame]] = Counter()
        self.state: ClientState | None = None

    async def __aenter__(self) -> Self:
        await self._client.connect()
        self.state = await read_state(self._user, self._instance)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def expect(self, change: Awaitable[Answer], *frames: type[ServerFrame]) -> Answer:
        """The change is made, these frames are told, and what they show is what is read anew."""
        before = await read_state(self._user, self._instance)
        assert self.state is not None
        assert self.state == before, differences(self.state, before)
        self._received.clear()
        answer = await change
        wanted = Counter(frames)
        await wait_until(
            lambda: wanted <= self._received, DELIVERY_TIMEOUT_S, f"{self._received}, not {wanted}"
        )
        after = await read_state(self._user, self._instance)
        assert after != before
        # The history of what one has come into is read, as any client would.
        for opened in after.messages.keys() - self.state.messages.keys():
            self.state.messages[opened] = after.messages[opened]
        assert self.state == after, differences(self.state, after)
        return answer

    def _on_frame(self, frame: ServerFrame) -> None:
        if self.state is not None and isinstance(frame, LogFrame | StreamFrame):
            self._received[type(frame)] += 1
            self.state.apply(frame)
