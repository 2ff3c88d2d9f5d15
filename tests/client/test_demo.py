"""A town of twelve on a whole server: it comes to life, and building it again adds nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import asyncpg
import msgspec
import pytest

from actors.protocol.objects import Conversation, OwnUser, User
from actors.protocol.social_objects import Event, Post, SocialStats
from client.answers import Page, SignedIn
from client.demo.arriving import Login, Occupied, Profile, Registration
from client.demo.plan import plan_town
from client.demo.requests import Request, Requests
from client.demo.summary import Summary
from client.demo.town import Town
from client.errors import Unanswered
from config.limits import Limits
from config.settings import ServerSettings, Settings, StoreSettings
from run import Instance
from storage.embedded import StoreUrls
from storage.stores import SERVICES

PASSWORD = "convene-demo"
SEED = 3
PEOPLE = 12
Serve = Callable[..., Awaitable[str]]
Databases = dict[str, str]
PAGE = (("limit", "100"),)


class Seen(msgspec.Struct, frozen=True):
    """What can be counted in a town."""

    follows: list[tuple[int, int]]
    posts: list[tuple[str, int, int]]
    events: list[tuple[str, int, int]]
    talks: list[tuple[str, int, int]]


class Visitor:
    def __init__(self, requests: Requests, token: str) -> None:
        self._requests = requests
        self._token = token

    @classmethod
    async def login(cls, requests: Requests, username: str) -> "Visitor":
        body = Login(username, PASSWORD)
        signed_in = await requests.ask(SignedIn, Request("POST", "/v1/sessions", body=body))
        return cls(requests, signed_in.token)

    async def feed(self) -> list[Post]:
        return (await self._requests.ask(Page[Post], self._get("/v1/feed"))).items

    async def events(self) -> list[Event]:
        return (await self._requests.ask(Page[Event], self._get("/v1/events"))).items

    async def conversations(self) -> list[Conversation]:
        return (await self._requests.ask(Page[Conversation], self._get("/v1/conversations"))).items

    async def user(self, username: str) -> User:
        return await self._requests.ask(User, self._get(f"/v1/users/by-username/{username}"))

    async def rewrite(self, bio: str) -> None:
        request = Request("PATCH", "/v1/users/me", self._token, Profile(bio))
        await self._requests.ask(OwnUser, request)

    async def look(self, usernames: list[str]) -> Seen:
        """Count these people and what they made; of conversations one's own, but those of events."""
        follows: list[tuple[int, int]] = []
        posts: list[tuple[str, int, int]] = []
        for username in usernames:
            path = f"/v1/users/{(await self.user(username)).id}"
            stats = await self._requests.ask(SocialStats, self._get(f"{path}/stats"))
            follows.append((stats.followers_count, stats.following_count))
            page = await self._requests.ask(Page[Post], self._get(f"{path}/posts"))
            posts += [(post.id, post.like_count, post.comment_count) for post in page.items]
        events = await self.events()
        gathered = {event.conversation_id for event in events}
        talks = [talk for talk in await self.conversations() if talk.id not in gathered]
        return Seen(
            follows=follows,
            posts=posts,
            events=[(event.id, event.going_count, event.interested_count) for event in events],
            talks=[(talk.id, talk.last_seq, talk.unread_count) for talk in talks],
        )

    def _get(self, path: str) -> Request:
        return Request("GET", path, self._token, query=PAGE)


@pytest.fixture
def databases(fresh_database: Callable[[str], str]) -> Databases:
    """Empty databases of a server's own, so that every name in town is free."""
    return {service: fresh_database(service) for service in SERVICES}


@pytest.fixture
async def serve(stores: StoreUrls, databases: Databases) -> AsyncIterator[Serve]:
    """Starts a server, answers its URL; keyword arguments are fields of `Limits`."""
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
    async with aiohttp.ClientSession() as one:
        yield one


async def build(url: str, told: list[tuple[str, int, int]] | None = None) -> Summary:
    seen: list[tuple[str, int, int]] = [] if told is None else told
    return await Town().build(
        url, seed=SEED, password=PASSWORD, people=PEOPLE, progress=lambda *step: seen.append(step)
    )


async def test_a_town_comes_to_life(serve: Serve, session: aiohttp.ClientSession) -> None:
    """Those whom one logs in as find posts, events, talk, and something left to read."""
    url = await serve()
    told: list[tuple[str, int, int]] = []
    summary = await build(url, told)
    visitors = [await Visitor.login(Requests(session, url, patience_s=5.0), name) for name in summary.logins]
    ana = visitors[0]
    talks = [await visitor.conversations() for visitor in visitors]

    assert summary.logins == ("ana", "ben", "cyd")
    assert summary.counts.people == PEOPLE
    assert min(msgspec.structs.astuple(summary.counts)) > 0
    async with asyncio.timeout(10.0):  # feeds may follow later than all else
        while len(await ana.feed()) <= 10:
            pass
    assert sum(post.comment_count for post in await ana.feed()) > 0
    assert all(len(found) >= 3 for found in talks)
    assert any(talk.unread_count for found in talks for talk in found)
    assert all(done <= total for _, done, total in told)
    assert [step for step, done, total in told if done == total] == list(dict.fromkeys(s for s, *_ in told))


async def test_the_full_event_has_somebody_waiting(serve: Serve, session: aiohttp.ClientSession) -> None:
    """It is full, not more, and ana is the second in line; all events are yet to come."""
    url = await serve()
    summary = await build(url)
    ana = await Visitor.login(Requests(session, url, patience_s=5.0), "ana")
    events = {event.id: event for event in await ana.events()}

    assert summary.full_event_id is not None
    full = events[summary.full_event_id]
    assert full.going_count == full.capacity
    assert full.my_waitlist_position == 2
    assert min(event.start_datetime for event in events.values()) > datetime.now(UTC).isoformat()


async def test_building_again_adds_nothing(
    serve: Serve, session: aiohttp.ClientSession, databases: Databases
) -> None:
    """Neither at once nor when the server has long forgotten which request made what."""
    url = await serve()
    first = await build(url)
    ana = await Visitor.login(Requests(session, url, patience_s=5.0), "ana")
    names = [person.username for person in plan_town(PEOPLE, SEED, datetime.now(UTC).date()).people]
    seen = await ana.look(names)
    assert await build(url) == first
    assert await ana.look(names) == seen

    for database in databases.values():
        connection = await asyncpg.connect(database)
        await connection.execute("DELETE FROM idempotency_keys")
        await connection.close()
    assert await build(url) == first
    assert await ana.look(names) == seen


async def test_what_somebody_said_of_themselves_stays(serve: Serve, session: aiohttp.ClientSession) -> None:
    """A visitor's changes outlive the next building."""
    url = await serve()
    await build(url)
    requests = Requests(session, url, patience_s=5.0)
    ana = await Visitor.login(requests, "ana")
    await ana.rewrite("Here only for the cake.")
    await build(url)

    assert (await ana.user("ana")).bio == "Here only for the cake."


async def test_a_server_that_is_tight_only_takes_longer(serve: Serve) -> None:
    """Registrations are refused at first, and made when the server says."""
    url = await serve(registrations_per_s=20, registrations_burst=2, password_hashes_queued=1)

    assert (await build(url)).counts.people == PEOPLE


async def test_a_name_that_is_somebody_elses_is_told(serve: Serve, session: aiohttp.ClientSession) -> None:
    """Nothing is built over other people's heads."""
    url = await serve()
    stranger = Registration("stranger@example.test", "ben", "another password", "Ben")
    await Requests(session, url, patience_s=5.0).ask(SignedIn, Request("POST", "/v1/users", body=stranger))

    with pytest.raises(Occupied) as occupied:
        await build(url)
    assert occupied.value.username == "ben"


async def test_a_server_that_is_not_there_is_told_of_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is for a server that is busy."""
    monkeypatch.setattr("client.demo.town.REACH_S", 0.1)

    with pytest.raises(Unanswered):
        await build("http://127.0.0.1:1")
