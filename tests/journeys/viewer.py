"""Somebody who has read a view over HTTP, keeps it up by what is pushed, and holds it against a new one."""

from collections import Counter
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

from actors.protocol.server_frames import LogFrame, ServerFrame, StreamFrame
from client.client import Client
from tests.journeys.instance import Instance
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.shown import Shown, differences, read_anew

LATE_S = 6.0
"""What the contract allows a frame to take."""

Answer = TypeVar("Answer")


class Viewer:
    """Reads the view once, as soon as it is ready; from then on only frames change it."""

    def __init__(self, who: Person, at: Instance) -> None:
        self._who = who
        self._at = at
        self._client = Client([at.url], who.token, on_frame=self._hear)
        self._told: Counter[type[ServerFrame]] = Counter()
        self.shown: Shown | None = None

    async def __aenter__(self) -> Self:
        await self._client.connect()
        self.shown = await read_anew(self._who, self._at)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def sees(self, change: Awaitable[Answer], *frames: type[ServerFrame]) -> Answer:
        """The change is made, these frames are told, and what they show is what is read anew."""
        before = await read_anew(self._who, self._at)
        assert self.shown is not None
        assert self.shown == before, differences(self.shown, before)
        self._told.clear()
        answer = await change
        wanted = Counter(frames)
        await eventually(lambda: wanted <= self._told, LATE_S, f"{self._told}, not {wanted}")
        after = await read_anew(self._who, self._at)
        assert after != before
        # The history of what one has come into is read, as any client would.
        for opened in after.messages.keys() - self.shown.messages.keys():
            self.shown.messages[opened] = after.messages[opened]
        assert self.shown == after, differences(self.shown, after)
        return answer

    def _hear(self, frame: ServerFrame) -> None:
        if self.shown is not None and isinstance(frame, LogFrame | StreamFrame):
            self._told[type(frame)] += 1
            self.shown.put(frame)
