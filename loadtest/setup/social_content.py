"""Creates follows, posts and events.

Each user follows the next ones, so that every feed has content.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from client.http_requests import NewEvent, NewPost
from client.retrying_http import HttpRequest
from loadtest.accounts.users_file import LoadUser
from loadtest.run_plan import SeededIds
from loadtest.setup.conversations import CreatedConversation
from loadtest.setup.setup_client import CreatedObject, SetupClient
from loadtest.setup.setup_state import SetupState

FOLLOWS_PER_USER: Final = 2
USERS_PER_POST: Final = 4
USERS_PER_EVENT: Final = 50
CAPACITY: Final = 10
DAYS_AHEAD: Final = 30


class CreatedEvent(msgspec.Struct, frozen=True):
    id: str
    conversation_id: str


async def create_follows(client: SetupClient, state: SetupState) -> None:
    """Let each user follow the next `FOLLOWS_PER_USER` users."""
    users = state.users
    pairs = [
        (index, (index + step) % len(users))
        for index in range(len(users))
        for step in range(1, min(FOLLOWS_PER_USER, len(users) - 1) + 1)
    ]

    async def create_follow(number: int, pair: tuple[int, int]) -> None:
        follower, followed = users[pair[0]], users[pair[1]]
        await client.execute(HttpRequest("PUT", f"/v1/users/{followed.id}/follow", follower.token), number)

    await client.for_each("follows", pairs, create_follow)


async def create_posts(client: SetupClient, state: SetupState) -> None:
    """Create a post by every `USERS_PER_POST`th user."""
    authors = state.users[::USERS_PER_POST]

    async def create_post(number: int, author: LoadUser) -> str:
        request = HttpRequest("POST", "/v1/posts", author.token, NewPost(f"Load post {number + 1}"))
        return (await client.request(CreatedObject, request, number)).id

    posts = await client.for_each("posts", authors, create_post)
    state.seeded_ids = SeededIds(posts, state.seeded_ids.events)


async def create_events(client: SetupClient, state: SetupState) -> None:
    """Create an event by every `USERS_PER_EVENT`th user, and wait until the server has its conversation."""
    hosts = state.users[::USERS_PER_EVENT]
    start = datetime.now(UTC) + timedelta(days=DAYS_AHEAD)

    async def create_event(number: int, host: LoadUser) -> str:
        event = NewEvent(
            title=f"Load event {number + 1}",
            category="load",
            start_datetime=start,
            end_datetime=start + timedelta(hours=2),
            capacity=CAPACITY,
        )
        created = await client.request(
            CreatedEvent, HttpRequest("POST", "/v1/events", host.token, event), number
        )
        request = HttpRequest("GET", f"/v1/conversations/{created.conversation_id}", host.token)
        conversation = await client.wait_for(CreatedConversation, request, number)
        state.passive_conversations[number * USERS_PER_EVENT][conversation.id] = conversation.last_seq
        state.new_conversations.append(conversation.id)
        return created.id

    events = await client.for_each("events", hosts, create_event)
    state.seeded_ids = SeededIds(state.seeded_ids.posts, events)
