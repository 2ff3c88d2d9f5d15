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
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.user_api import UserApi


class PresenceWatcher:
    """Is at one instance; `passing` and `leaving` tell of another's time too."""

    def __init__(self, watched: RegisteredUser, instance: ServerProcess) -> None:
        self._watched = watched
        self._instance = instance
        self._frames: list[ServerFrame] = []
        self._stack = AsyncExitStack()
        self._reference_users: list[RegisteredUser] = []

    async def __aenter__(self) -> Self:
        me = await RegisteredUser.register("onlooker", self._instance)
        self._reference_users = [
            await RegisteredUser.register(name, self._instance) for name in ("passer.by", "guest")
        ]
        followed = [self._watched, *self._reference_users]
        async with UserApi(me, self._instance) as caller:
            for one in followed:
                await caller.follow(one.id)
        client = Client([self._instance.url], me.token, on_frame=self._frames.append)
        await self._stack.enter_async_context(client)
        await client.watch_presence([one.id for one in followed])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def statuses_seen(self) -> list[str]:
        """What the person was seen to be, one after the other."""
        return statuses(self._frames, self._watched)

    async def wait_for_delivery(self, instance: ServerProcess) -> None:
        """Until what was done at an instance before is seen, if it is to be seen."""
        passer_by = self._reference_users[0]
        before = len(statuses(self._frames, passer_by))
        async with Client([instance.url], passer_by.token) as client:
            await client.set_presence(away=before % 2 == 0)
            await client.ping()
            await wait_until(lambda: len(statuses(self._frames, passer_by)) > before)

    async def wait_for_grace(self, instance: ServerProcess) -> None:
        """Until the grace of whoever left that instance before is over."""
        guest = self._reference_users[1]
        async with Client([instance.url], guest.token):
            await wait_until(lambda: statuses(self._frames, guest)[-1:] == ["online"])
        await wait_until(lambda: statuses(self._frames, guest)[-1:] == ["offline"])


def statuses(frames: Sequence[ServerFrame], user: RegisteredUser) -> list[str]:
    return [
        one.status
        for frame in frames
        if isinstance(frame, PresenceChanged)
        for one in frame.presences
        if one.user_id == user.id
    ]
