"""A client that watches a user's presence, and two reference users to wait by instead of a fixed time.

Presence changes arrive in the order in which they were made. So once a later change of a reference user has
arrived, every earlier change of the watched user has arrived as well.
"""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from actors.protocol.server_frames import ServerFrame
from client.client import Client
from tests.end_to_end.polling import wait_until
from tests.end_to_end.received_frames import statuses_of
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.user_api import UserApi


class PresenceWatcher:
    """Watches `watched` from one instance; `wait_*` synchronize with changes made on any instance."""

    def __init__(self, watched: RegisteredUser, instance: ServerProcess) -> None:
        self._watched = watched
        self._instance = instance
        self._frames: list[ServerFrame] = []
        self._stack = AsyncExitStack()
        self._reference_users: list[RegisteredUser] = []

    async def __aenter__(self) -> Self:
        watcher = await RegisteredUser.register("watcher", self._instance)
        self._reference_users = [
            await RegisteredUser.register(name, self._instance) for name in ("online", "leaving")
        ]
        followed = [self._watched, *self._reference_users]
        async with UserApi(watcher, self._instance) as api:
            for user in followed:
                await api.follow(user.id)
        client = Client([self._instance.url], watcher.token, on_frame=self._frames.append)
        await self._stack.enter_async_context(client)
        await client.watch_presence([user.id for user in followed])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def statuses_seen(self) -> list[str]:
        """The statuses of the watched user in the order received."""
        return statuses_of(self._frames, self._watched.id)

    async def wait_for_delivery(self, instance: ServerProcess) -> None:
        """Wait until every change made on `instance` so far has arrived."""
        reference = self._reference_users[0]
        async with Client([instance.url], reference.token) as client:
            other = "online" if statuses_of(self._frames, reference.id)[-1:] == ["away"] else "away"
            await client.set_presence(away=other == "away")
            await wait_until(lambda: statuses_of(self._frames, reference.id)[-1:] == [other])

    async def wait_for_grace(self, instance: ServerProcess) -> None:
        """Wait until the grace period of every user who left `instance` so far has ended."""
        reference = self._reference_users[1]
        async with Client([instance.url], reference.token):
            await wait_until(lambda: statuses_of(self._frames, reference.id)[-1:] == ["online"])
        await wait_until(lambda: statuses_of(self._frames, reference.id)[-1:] == ["offline"])
