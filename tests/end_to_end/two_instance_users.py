"""Users who write on one instance, and read and are connected on the other one."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar

from actors.protocol.event_objects import Place
from actors.protocol.notification_objects import Notification, NotificationType
from actors.protocol.server_frames import (
    FeedPostCreated,
    NotificationCreated,
    NotificationRead,
    ServerFrame,
)
from client.client import Client
from client.errors import RequestRejected
from client.http_client import HttpClient
from client.http_requests import NewEvent
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser

WAIT_S = 60.0
Frame = TypeVar("Frame", bound=ServerFrame)


class TwoInstanceUser:
    """`first` and `second` send requests to the instances; `frames` come from a socket on the second one.

    `second_url` is the address of the second one.
    """

    def __init__(self, user: RegisteredUser, first: HttpClient, second: HttpClient, second_url: str) -> None:
        self.id = user.id
        self.username = user.username
        self.first = first
        self.second = second
        self.second_url = second_url
        self.frames: list[ServerFrame] = []

    async def wait_for_frame(self, kind: type[Frame], condition: Callable[[Frame], object]) -> Frame:
        """Wait for a frame on the socket that satisfies the condition."""

        def find() -> Frame | None:
            return next(
                (frame for frame in self.frames if isinstance(frame, kind) and condition(frame)), None
            )

        await wait_until(find, WAIT_S, f"no {kind.__name__} of {self.username} in time")
        found = find()
        assert found is not None
        return found

    async def wait_for_notification(
        self, notification_type: NotificationType, text: str = ""
    ) -> Notification:
        """Wait until a notification of a type whose text contains `text` is pushed."""
        frame = await self.wait_for_frame(
            NotificationCreated,
            lambda one: one.notification.type == notification_type and text in one.notification.message,
        )
        return frame.notification

    async def wait_for_withdrawal(self, notification: Notification) -> NotificationRead:
        """Wait until the withdrawal of a notification is pushed."""
        return await self.wait_for_frame(
            NotificationRead, lambda frame: frame.withdrawn and notification.id in (frame.ids or ())
        )

    async def wait_for_hint_of(self, author: Self) -> list[FeedPostCreated]:
        """Wait until a post of an author is pushed. Returns all that were."""
        await self.wait_for_frame(FeedPostCreated, lambda frame: frame.post.author.id == author.id)
        return self.hints_of(author)

    def hints_of(self, author: Self) -> list[FeedPostCreated]:
        """Return the posts of an author that were pushed."""
        return [
            frame
            for frame in self.frames
            if isinstance(frame, FeedPostCreated) and frame.post.author.id == author.id
        ]


async def connect_users(pair: Pair, names: Sequence[str], stack: AsyncExitStack) -> list[TwoInstanceUser]:
    """Register users on the first instance and connect their sockets to the second one."""
    first, second = pair
    users = []
    for name in names:
        registered = await RegisteredUser.register(name, first)
        user = TwoInstanceUser(
            registered,
            await stack.enter_async_context(registered.http(first)),
            await stack.enter_async_context(registered.http(second)),
            second.url,
        )
        await stack.enter_async_context(Client([second.url], registered.token, on_frame=user.frames.append))
        users.append(user)
    return users


async def error_code(request: Awaitable[object]) -> str:
    """Return the code of a request that must be rejected."""
    try:
        await request
    except RequestRejected as rejected:
        return rejected.code
    raise AssertionError("the request succeeded")


def make_event(
    title: str = "Boules",
    *,
    starts_in: timedelta = timedelta(days=2),
    capacity: int = 5,
    approval: bool = False,
    rrule: str | None = None,
) -> NewEvent:
    """Return an event of an hour in Berlin."""
    start = datetime.now(UTC).replace(microsecond=0) + starts_in
    return NewEvent(
        title=title,
        category="SPORT",
        start_datetime=start,
        end_datetime=start + timedelta(hours=1),
        capacity=capacity,
        timezone="Europe/Berlin",
        place=Place("Tempelhof", "Berlin", 52.473, 13.403),
        url="https://example.org/boules",
        approval=approval,
        rrule=rrule,
    )
