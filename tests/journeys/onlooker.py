"""Somebody who watches a person's presence, and waits by what is seen of others: a passer-by, and a guest.

News come to an onlooker in the order in which they are made; so what happened before a passer-by was seen
to change is seen as well, if it is to be seen. It never waits for a time.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from actors.protocol.presence import PresenceChanged
from actors.protocol.server_frames import ServerFrame
from client.client import Client
from tests.journeys.caller import Caller
from tests.journeys.instance import Instance
from tests.journeys.patience import eventually
from tests.journeys.person import Person


class Onlooker:
    """Is at one instance; `passing` and `leaving` tell of another's time too."""

    def __init__(self, whom: Person, at: Instance) -> None:
        self._whom = whom
        self._at = at
        self._frames: list[ServerFrame] = []
        self._stack = AsyncExitStack()
        self._others: list[Person] = []

    async def __aenter__(self) -> Self:
        me = await Person.register("onlooker", self._at)
        self._others = [await Person.register(name, self._at) for name in ("passer.by", "guest")]
        followed = [self._whom, *self._others]
        async with Caller(me, self._at) as caller:
            for one in followed:
                await caller.follow(one.id)
        client = Client([self._at.url], me.token, on_frame=self._frames.append)
        await self._stack.enter_async_context(client)
        await client.watch_presence([one.id for one in followed])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def seen(self) -> list[str]:
        """What the person was seen to be, one after the other."""
        return statuses(self._frames, self._whom)

    async def a_moment(self, at: Instance) -> None:
        """Until what was done at an instance before is seen, if it is to be seen."""
        passer_by = self._others[0]
        before = len(statuses(self._frames, passer_by))
        async with Client([at.url], passer_by.token) as client:
            await client.set_presence(away=before % 2 == 0)
            await client.ping()
            await eventually(lambda: len(statuses(self._frames, passer_by)) > before)

    async def a_grace(self, at: Instance) -> None:
        """Until the grace of whoever left that instance before is over."""
        guest = self._others[1]
        async with Client([at.url], guest.token):
            await eventually(lambda: statuses(self._frames, guest)[-1:] == ["online"])
        await eventually(lambda: statuses(self._frames, guest)[-1:] == ["offline"])


def statuses(frames: Sequence[ServerFrame], whom: Person) -> list[str]:
    return [
        one.status
        for frame in frames
        if isinstance(frame, PresenceChanged)
        for one in frame.presences
        if one.user_id == whom.id
    ]
