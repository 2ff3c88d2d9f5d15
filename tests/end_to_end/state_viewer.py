"""A client whose state is read once, updated by pushed frames, and compared with fresh reads."""

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
"""The maximum delivery time in the API contract."""

Result = TypeVar("Result")


class StateViewer:
    """Reads the state once after `ready`; afterwards only frames change it."""

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

    async def expect(self, change: Awaitable[Result], *frames: type[ServerFrame]) -> Result:
        """Make a change, wait for these frames, and check that the pushed state equals a fresh read."""
        before = await read_state(self._user, self._instance)
        assert self.state is not None
        assert self.state == before, differences(self.state, before)
        self._received.clear()
        result = await change
        expected = Counter(frames)
        await wait_until(
            lambda: expected <= self._received,
            DELIVERY_TIMEOUT_S,
            f"received {self._received}, expected {expected}",
        )
        after = await read_state(self._user, self._instance)
        assert after != before
        # The history of a newly joined conversation is read over HTTP, as a real client does.
        for joined_id in after.messages.keys() - self.state.messages.keys():
            self.state.messages[joined_id] = after.messages[joined_id]
        assert self.state == after, differences(self.state, after)
        return result

    def _on_frame(self, frame: ServerFrame) -> None:
        if self.state is not None and isinstance(frame, LogFrame | StreamFrame):
            self._received[type(frame)] += 1
            self.state.apply(frame)
