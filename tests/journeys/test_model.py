"""Stories that nobody thought of, told to two instances and a model: sends, retries, reads, devices away."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.protocol.server_frames import SendResult
from client.client import Client
from client.errors import Refused
from tests.conftest import LoopThread
from tests.journeys.caller import Caller, becomes
from tests.journeys.conftest import Pair
from tests.journeys.model import Model
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person

PEOPLE = 3
STEPS = 25


class Send(msgspec.Struct, frozen=True):
    """New messages, sent at once: each by a person at an instance, over the socket or over HTTP."""

    by: list[tuple[int, int, bool]]


class Again(msgspec.Struct, frozen=True):
    """A message that was sent, from the start of the log on, sent again; `other`: with another content."""

    of: int
    at: int
    over_http: bool
    other: bool


class Read(msgspec.Struct, frozen=True):
    person: int
    at: int
    seq: int


class Look(msgspec.Struct, frozen=True):
    """What a person is shown at an instance."""

    person: int
    at: int
    what: Literal["conversation", "history", "changes"]


class Be(msgspec.Struct, frozen=True):
    """With the device that is at that instance."""

    person: int
    at: int
    away: bool


Step = Send | Again | Read | Look | Be
someone = st.integers(0, PEOPLE - 1)
somewhere = st.integers(0, 1)
step: st.SearchStrategy[Step] = st.one_of(
    st.builds(Send, st.lists(st.tuples(someone, somewhere, st.booleans()), min_size=1, max_size=6)),
    st.builds(Again, st.integers(0, 40), somewhere, st.booleans(), st.booleans()),
    st.builds(Read, someone, somewhere, st.integers(0, 60)),
    st.builds(Look, someone, somewhere, st.sampled_from(["conversation", "history", "changes"])),
    st.builds(Be, someone, somewhere, st.booleans()),
)


@pytest.fixture(scope="module")
def people(pair: Pair, background: LoopThread) -> list[Person]:
    """Known at both instances; each story makes a conversation of its own."""
    return [background.run(Person.register(f"p{number}", pair[number % 2])) for number in range(PEOPLE)]


@pytest.mark.timeout(900 if LONG else 120)
@settings(
    max_examples=300 if LONG else 15,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=st.lists(step, max_size=STEPS))
def test_every_story_agrees_with_the_model(pair: Pair, people: list[Person], story: list[Step]) -> None:
    """Each answer is the one that the model gives, and in the end everybody has seen the same log."""
    asyncio.run(told(pair, people, story))


async def told(pair: Pair, people: list[Person], story: list[Step]) -> None:
    group = await people[0].group(pair[0], people[1:])
    async with AsyncExitStack() as stack:
        narrator = Narrator(pair, people, group)
        await narrator.enter(stack)
        for one in story:
            await narrator.tell(one)
        await narrator.finish()


class Narrator:
    """Tells a story to the servers and to the model."""

    def __init__(self, pair: Pair, people: list[Person], group: str) -> None:
        self._pair = pair
        self._people = people
        self._group = group
        self._model = Model(len(people))
        self._oracle = Oracle(group)
        self._clients: dict[tuple[int, int], Client] = {}

    async def enter(self, stack: AsyncExitStack) -> None:
        for person, who in enumerate(self._people):
            for at, where in enumerate(self._pair):
                view = self._oracle.view(f"{who.username} at {at}")

                client = Client([where.url], who.token, on_frame=view.hear)
                client.follow(self._group)
                self._clients[person, at] = await stack.enter_async_context(client)

    async def tell(self, one: Step) -> None:
        match one:
            case Send(by=by):
                new = [(who, uuid.uuid4().hex) for who, _, _ in by]
                results = await asyncio.gather(
                    *(
                        self._send(who, at, client_id, f"text {client_id}", over_http=over_http)
                        for (_, at, over_http), (who, client_id) in zip(by, new, strict=True)
                    )
                )
                said = [(who, client_id, f"text {client_id}") for who, client_id in new]
                self._model.sent(dict(zip(said, results, strict=True)))
            case Again():
                await self._again(one)
            case Read(person=person, at=at, seq=seq):
                result = await self._clients[person, at].read(self._group, seq)
                self._model.read(person, seq, result)
            case Look():
                await self._look(one)
            case Be(person=person, at=at, away=away):
                await self._clients[person, at].set_presence(away=away)
                self._model.be(person, at, away=away)
                await self._look_for(person, 1 - at)

    async def finish(self) -> None:
        await eventually(lambda: self._oracle.all_saw(self._model.head))
        assert [client.statistics().silent_gaps for client in self._clients.values()] == [0] * 6
        for at in self._pair:
            self._oracle.check(await self._people[0].log(at, self._group), at.url)

    async def _send(
        self, person: int, at: int, client_id: str, content: str, *, over_http: bool
    ) -> SendResult:
        who = self._people[person]
        self._oracle.sending(who.id, client_id, content)
        if over_http:
            async with who.http(self._pair[at]) as http:
                message = await http.send(self._group, content, client_id=client_id)
            # Over HTTP a repeat is told by its status alone: the model knows which it was.
            known = any(one[1] == client_id for one in self._model.log)
            result = SendResult(message.id, message.seq, message.created_at, known)
        else:
            result = await self._clients[person, at].send(self._group, content, client_id=client_id)
        self._oracle.stored(who.id, client_id, result)
        return result

    async def _again(self, one: Again) -> None:
        if not self._model.log:
            return
        person, client_id, content = self._model.log[one.of % self._model.head]
        if not one.other:
            result = await self._send(person, one.at, client_id, content, over_http=one.over_http)
            self._model.sent_again(person, client_id, result)
            return
        with pytest.raises(Refused) as refused:
            await self._clients[person, one.at].send(self._group, "other", client_id=client_id)
        assert refused.value.code == "idempotency.conflict"

    async def _look_for(self, person: int, at: int) -> None:
        """How somebody is, asked by the next one: it settles, so it may take a moment."""
        path = f"/v1/presence?user_ids={self._people[person].id}"
        async with Caller(self._people[(person + 1) % PEOPLE], self._pair[at]) as caller:

            async def status() -> str:
                found: str = (await caller.get(path))["items"][0]["status"]
                return found

            await becomes(status, self._model.presence(person), timeout_s=5.0)

    async def _look(self, look: Look) -> None:
        model = self._model
        async with self._people[look.person].http(self._pair[look.at]) as http:
            match look.what:
                case "conversation":
                    shown = await http.conversation(self._group)
                    assert (shown.last_seq, shown.read_seq, shown.unread_count) == (
                        model.head,
                        model.read_seq(look.person),
                        model.unread(look.person),
                    )
                case "history":
                    newest = await http.history(self._group, limit=100)
                    said = [(one.seq, one.client_id, one.content) for one in reversed(newest)]
                    whole = [(seq, *entry[1:]) for seq, entry in enumerate(model.log, 1)]
                    assert said == whole[-100:]
                case "changes":
                    changes = await http.changes(self._group, 0)
                    assert [frame.seq for frame in changes.items] == list(range(1, min(model.head, 100) + 1))
                    assert (changes.last_seq, changes.has_more) == (min(model.head, 100), model.head > 100)
