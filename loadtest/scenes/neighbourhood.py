"""What people read and answer to: whom they follow, posts, events.

Everybody follows the next ones in order, so every feed has something. It never makes conversations.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from client.demo.requests import Request
from loadtest.people.users_file import Person
from loadtest.process.letters import Props
from loadtest.scenes.making import Identified, Making
from loadtest.scenes.stage import Stage
from loadtest.scenes.talks import ConversationMade

FOLLOWS: Final = 2
PEOPLE_PER_POST: Final = 4
PEOPLE_PER_EVENT: Final = 50
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


class EventMade(msgspec.Struct, frozen=True):
    id: str
    conversation_id: str


async def make_follows(making: Making, stage: Stage) -> None:
    """Everybody follows the next few."""
    people = stage.people
    pairs = [
        (place, (place + step) % len(people))
        for place in range(len(people))
        for step in range(1, min(FOLLOWS, len(people) - 1) + 1)
    ]

    async def one(number: int, pair: tuple[int, int]) -> None:
        follower, followed = people[pair[0]], people[pair[1]]
        await making.do(Request("PUT", f"/v1/users/{followed.id}/follow", follower.token), number)

    await making.each("follows", pairs, one)


async def make_posts(making: Making, stage: Stage) -> None:
    """A post by one of a few; they become props."""
    authors = stage.people[::PEOPLE_PER_POST]

    async def one(number: int, author: Person) -> str:
        request = Request("POST", "/v1/posts", author.token, NewPost(f"Load post {number + 1}"))
        return (await making.make(Identified, request, number)).id

    posts = await making.each("posts", authors, one)
    stage.props = Props(posts, stage.props.events)


async def make_events(making: Making, stage: Stage) -> None:
    """An event of one of many, with room for few; they become props. Its talk follows a moment later."""
    hosts = stage.people[::PEOPLE_PER_EVENT]
    start = datetime.now(UTC) + timedelta(days=DAYS_AHEAD)

    async def one(number: int, host: Person) -> str:
        event = NewEvent(
            f"Load event {number + 1}",
            "load",
            start.isoformat(),
            (start + timedelta(hours=2)).isoformat(),
            CAPACITY,
        )
        made = await making.make(EventMade, Request("POST", "/v1/events", host.token, event), number)
        talk = Request("GET", f"/v1/conversations/{made.conversation_id}", host.token)
        found = await making.find(ConversationMade, talk, number)
        stage.others[number * PEOPLE_PER_EVENT][found.id] = found.last_seq
        stage.fresh.append(found.id)
        return made.id

    events = await making.each("events", hosts, one)
    stage.props = Props(stage.props.posts, events)
