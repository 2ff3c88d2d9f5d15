"""What people read and answer to: whom they follow, posts, events.

Everybody follows the next ones in order, so every feed has something. It never makes conversations.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from client.retrying_http import HttpRequest
from loadtest.accounts.users_file import LoadUser
from loadtest.run_plan import ContentIds
from loadtest.setup.conversations import CreatedConversation
from loadtest.setup.setup_client import CreatedObject, SetupClient
from loadtest.setup.setup_state import SetupState

FOLLOWS_PER_USER: Final = 2
USERS_PER_POST: Final = 4
USERS_PER_EVENT: Final = 50
CAPACITY: Final = 10
DAYS_AHEAD: Final = 30


class NewPost(msgspec.Struct, frozen=True):
    content: str


class NewEvent(msgspec.Struct, frozen=True):
    title: str
    category: str
    start_datetime: str
    end_datetime: str
    capacity: int


class CreatedEvent(msgspec.Struct, frozen=True):
    id: str
    conversation_id: str


async def create_follows(client: SetupClient, state: SetupState) -> None:
    """Everybody follows the next few."""
    people = state.users
    pairs = [
        (place, (place + step) % len(people))
        for place in range(len(people))
        for step in range(1, min(FOLLOWS_PER_USER, len(people) - 1) + 1)
    ]

    async def create_follow(number: int, pair: tuple[int, int]) -> None:
        follower, followed = people[pair[0]], people[pair[1]]
        await client.execute(HttpRequest("PUT", f"/v1/users/{followed.id}/follow", follower.token), number)

    await client.for_each("follows", pairs, create_follow)


async def create_posts(client: SetupClient, state: SetupState) -> None:
    """A post by one of a few; they become props."""
    authors = state.users[::USERS_PER_POST]

    async def create_post(number: int, author: LoadUser) -> str:
        request = HttpRequest("POST", "/v1/posts", author.token, NewPost(f"Load post {number + 1}"))
        return (await client.request(CreatedObject, request, number)).id

    posts = await client.for_each("posts", authors, create_post)
    state.content_ids = ContentIds(posts, state.content_ids.events)


async def create_events(client: SetupClient, state: SetupState) -> None:
    """An event of one of many, with room for few; they become props. Its talk follows a moment later."""
    hosts = state.users[::USERS_PER_EVENT]
    start = datetime.now(UTC) + timedelta(days=DAYS_AHEAD)

    async def create_event(number: int, host: LoadUser) -> str:
        event = NewEvent(
            f"Load event {number + 1}",
            "load",
            start.isoformat(),
            (start + timedelta(hours=2)).isoformat(),
            CAPACITY,
        )
        made = await client.request(
            CreatedEvent, HttpRequest("POST", "/v1/events", host.token, event), number
        )
        talk = HttpRequest("GET", f"/v1/conversations/{made.conversation_id}", host.token)
        found = await client.wait_for(CreatedConversation, talk, number)
        state.passive_conversations[number * USERS_PER_EVENT][found.id] = found.last_seq
        state.new_conversations.append(found.id)
        return made.id

    events = await client.for_each("events", hosts, create_event)
    state.content_ids = ContentIds(state.content_ids.posts, events)
