"""Demo data of twelve users on a whole server; creating it again adds nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import asyncpg
import msgspec
import pytest

from actors.protocol.event_objects import Event
from actors.protocol.objects import Conversation, OwnUser, User
from actors.protocol.social_objects import Post, SocialStats
from client.errors import RequestTimeout
from client.http_requests import Login, NewUser, ProfileUpdate
from client.http_responses import LoginResponse, Page
from client.retrying_http import HttpRequest, RetryingHttpClient
from config.limits import Limits
from config.settings import ServerSettings, Settings, StoreSettings
from examples.demo.demo_data import DemoData
from examples.demo.demo_plan import plan_demo_data
from examples.demo.register_users import UsernameTaken
from examples.demo.summary import DemoSummary
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.roles import SERVICES

PASSWORD = "convene-demo"
SEED = 3
USERS = 12
StartServer = Callable[..., Awaitable[str]]
Databases = dict[str, str]
PAGE = (("limit", "100"),)


class ObjectCounts(msgspec.Struct, frozen=True):
    """The countable objects of the demo data."""

    follows: list[tuple[int, int]]
    posts: list[tuple[str, int, int]]
    events: list[tuple[str, int, int]]
    conversations: list[tuple[str, int, int]]


class DemoVisitor:
    def __init__(self, requests: RetryingHttpClient, token: str) -> None:
        self._requests = requests
        self._token = token

    @classmethod
    async def login(cls, requests: RetryingHttpClient, username: str) -> "DemoVisitor":
        body = Login(username, PASSWORD)
        response = await requests.request(LoginResponse, HttpRequest("POST", "/v1/sessions", body=body))
        return cls(requests, response.token)

    async def feed(self) -> list[Post]:
        return (await self._requests.request(Page[Post], self._get("/v1/feed"))).items

    async def events(self) -> list[Event]:
        return (await self._requests.request(Page[Event], self._get("/v1/events"))).items

    async def conversations(self) -> list[Conversation]:
        return (await self._requests.request(Page[Conversation], self._get("/v1/conversations"))).items

    async def user(self, username: str) -> User:
        return await self._requests.request(User, self._get(f"/v1/users/by-username/{username}"))

    async def set_bio(self, bio: str) -> None:
        request = HttpRequest("PATCH", "/v1/users/me", self._token, ProfileUpdate(bio))
        await self._requests.request(OwnUser, request)

    async def count_objects(self, usernames: list[str]) -> ObjectCounts:
        """Count what these users made, and the visitor's conversations except those of events."""
        follows: list[tuple[int, int]] = []
        posts: list[tuple[str, int, int]] = []
        for username in usernames:
            path = f"/v1/users/{(await self.user(username)).id}"
            stats = await self._requests.request(SocialStats, self._get(f"{path}/stats"))
            follows.append((stats.followers_count, stats.following_count))
            page = await self._requests.request(Page[Post], self._get(f"{path}/posts"))
            posts += [(post.id, post.like_count, post.comment_count) for post in page.items]
        events = await self.events()
        event_conversations = {event.conversation_id for event in events}
        conversations = [
            conversation
            for conversation in await self.conversations()
            if conversation.id not in event_conversations
        ]
        return ObjectCounts(
            follows=follows,
            posts=posts,
            events=[(event.id, event.going_count, event.interested_count) for event in events],
            conversations=[
                (conversation.id, conversation.last_seq, conversation.unread_count)
                for conversation in conversations
            ],
        )

    def _get(self, path: str) -> HttpRequest:
        return HttpRequest("GET", path, self._token, query=PAGE)


@pytest.fixture
def databases(fresh_database: Callable[[str], str]) -> Databases:
    """Empty databases, so that every username is free."""
    return {service: fresh_database(service) for service in SERVICES}


@pytest.fixture
async def start_server(stores: StoreUrls, databases: Databases) -> AsyncIterator[StartServer]:
    """Start a server and return its URL; keyword arguments are fields of `Limits`."""
    started: list[Instance] = []

    async def start(**limits: object) -> str:
        urls = {f"postgres_url_{service}": url for service, url in databases.items()}
        settings = Settings(
            server=ServerSettings(port=0),
            stores=msgspec.structs.replace(StoreSettings(), **urls),
            limits=msgspec.structs.replace(Limits(), **limits),
        )
        started.append(Instance(settings, stores))
        await started[-1].start()
        return f"http://127.0.0.1:{started[-1].port}"

    yield start
    for instance in started:
        await instance.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client_session:
        yield client_session


async def create_demo_data(url: str, steps: list[tuple[str, int, int]] | None = None) -> DemoSummary:
    seen: list[tuple[str, int, int]] = [] if steps is None else steps
    return await DemoData().create(
        url, seed=SEED, password=PASSWORD, users=USERS, progress=lambda *step: seen.append(step)
    )


async def test_demo_users_have_posts_events_and_unread_messages(
    start_server: StartServer, session: aiohttp.ClientSession
) -> None:
    """Login users see posts, events, conversations and unread messages."""
    url = await start_server()
    progress: list[tuple[str, int, int]] = []
    summary = await create_demo_data(url, progress)
    visitors = [
        await DemoVisitor.login(RetryingHttpClient(session, url, retry_for_s=5.0), name)
        for name in summary.login_usernames
    ]
    ana = visitors[0]
    conversations = [await visitor.conversations() for visitor in visitors]

    assert summary.login_usernames == ("ana", "ben", "cyd")
    assert summary.counts.users == USERS
    assert min(msgspec.structs.astuple(summary.counts)) > 0
    async with asyncio.timeout(10.0):  # feeds may follow later than all else
        while len(await ana.feed()) <= 10:
            pass
    assert sum(post.comment_count for post in await ana.feed()) > 0
    assert all(len(listed) >= 3 for listed in conversations)
    assert any(conversation.unread_count for listed in conversations for conversation in listed)
    assert all(done <= total for _, done, total in progress)
    assert [step for step, done, total in progress if done == total] == list(
        dict.fromkeys(s for s, *_ in progress)
    )


async def test_overbooked_event_has_a_waitlist(
    start_server: StartServer, session: aiohttp.ClientSession
) -> None:
    """The event is full, ana is second on the waitlist, and all events are in the future."""
    url = await start_server()
    summary = await create_demo_data(url)
    ana = await DemoVisitor.login(RetryingHttpClient(session, url, retry_for_s=5.0), "ana")
    events = {event.id: event for event in await ana.events()}

    assert summary.overbooked_event_id is not None
    event = events[summary.overbooked_event_id]
    assert event.going_count == event.capacity
    assert event.my_waitlist_position == 2
    assert min(event.start_datetime for event in events.values()) > datetime.now(UTC).isoformat()


async def test_creating_twice_adds_nothing(
    start_server: StartServer, session: aiohttp.ClientSession, databases: Databases
) -> None:
    """Neither at once nor after the server has forgotten the idempotency keys."""
    url = await start_server()
    first = await create_demo_data(url)
    ana = await DemoVisitor.login(RetryingHttpClient(session, url, retry_for_s=5.0), "ana")
    names = [user.username for user in plan_demo_data(USERS, SEED, datetime.now(UTC).date()).users]
    counts = await ana.count_objects(names)
    assert await create_demo_data(url) == first
    assert await ana.count_objects(names) == counts

    for database in databases.values():
        connection = await asyncpg.connect(database)
        await connection.execute("DELETE FROM idempotency_keys")
        await connection.close()
    assert await create_demo_data(url) == first
    assert await ana.count_objects(names) == counts


async def test_edited_bio_survives_a_second_run(
    start_server: StartServer, session: aiohttp.ClientSession
) -> None:
    """A second run does not overwrite changes of a user."""
    url = await start_server()
    await create_demo_data(url)
    requests = RetryingHttpClient(session, url, retry_for_s=5.0)
    ana = await DemoVisitor.login(requests, "ana")
    await ana.set_bio("Here only for the cake.")
    await create_demo_data(url)

    assert (await ana.user("ana")).bio == "Here only for the cake."


async def test_rate_limited_server_only_takes_longer(start_server: StartServer) -> None:
    """Rate-limited registrations are retried."""
    url = await start_server(registrations_per_s=20, registrations_burst=2, password_hashes_queued=1)

    assert (await create_demo_data(url)).counts.users == USERS


async def test_taken_username_is_reported(start_server: StartServer, session: aiohttp.ClientSession) -> None:
    """A username of another user raises `UsernameTaken`."""
    url = await start_server()
    outsider = NewUser("stranger@example.test", "ben", "another password", "Ben")
    await RetryingHttpClient(session, url, retry_for_s=5.0).request(
        LoginResponse, HttpRequest("POST", "/v1/users", body=outsider)
    )

    with pytest.raises(UsernameTaken) as taken:
        await create_demo_data(url)
    assert taken.value.username == "ben"


async def test_unreachable_server_fails_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The long retry time applies only to servers that respond."""
    monkeypatch.setattr("examples.demo.demo_data.REACHABILITY_TIMEOUT_S", 0.1)

    with pytest.raises(RequestTimeout):
        await create_demo_data("http://127.0.0.1:1")
