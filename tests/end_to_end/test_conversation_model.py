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
from client.errors import RequestRejected
from tests.conftest import LoopThread
from tests.end_to_end.conftest import Pair
from tests.end_to_end.conversation_model import ConversationModel
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi, wait_until_equal

PEOPLE = 3
STEPS = 25


class Send(msgspec.Struct, frozen=True):
    """New messages, sent at once: each by a person at an instance, over the socket or over HTTP."""

    by: list[tuple[int, int, bool]]


class Resend(msgspec.Struct, frozen=True):
    """A message that was sent, from the start of the log on, sent again; `other`: with another content."""

    of: int
    at: int
    over_http: bool
    other_content: bool


class Read(msgspec.Struct, frozen=True):
    person: int
    at: int
    seq: int


class CheckView(msgspec.Struct, frozen=True):
    """What a person is shown at an instance."""

    person: int
    at: int
    what: Literal["conversation", "history", "changes"]


class SetAway(msgspec.Struct, frozen=True):
    """With the device that is at that instance."""

    person: int
    at: int
    away: bool


Step = Send | Resend | Read | CheckView | SetAway
users = st.integers(0, PEOPLE - 1)
instances = st.integers(0, 1)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Send, st.lists(st.tuples(users, instances, st.booleans()), min_size=1, max_size=6)),
    st.builds(Resend, st.integers(0, 40), instances, st.booleans(), st.booleans()),
    st.builds(Read, users, instances, st.integers(0, 60)),
    st.builds(CheckView, users, instances, st.sampled_from(["conversation", "history", "changes"])),
    st.builds(SetAway, users, instances, st.booleans()),
)


@pytest.fixture(scope="module")
def people(pair: Pair, background: LoopThread) -> list[RegisteredUser]:
    """Known at both instances; each story makes a conversation of its own."""
    return [
        background.run(RegisteredUser.register(f"p{number}", pair[number % 2])) for number in range(PEOPLE)
    ]


@pytest.mark.timeout(900 if LONG_TESTS else 120)
@settings(
    max_examples=300 if LONG_TESTS else 15,
    deadline=None,
    derandomize=not LONG_TESTS,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=st.lists(steps, max_size=STEPS))
def test_random_stories_agree_with_the_model(
    pair: Pair, people: list[RegisteredUser], story: list[Step]
) -> None:
    """Each answer is the one that the model gives, and in the end everybody has seen the same log."""
    asyncio.run(run_story(pair, people, story))


async def run_story(pair: Pair, users: list[RegisteredUser], story: list[Step]) -> None:
    group = await users[0].create_group(pair[0], users[1:])
    async with AsyncExitStack() as stack:
        narrator = StoryRunner(pair, users, group)
        await narrator.connect_clients(stack)
        for one in story:
            await narrator.run_step(one)
        await narrator.check_final_state()


class StoryRunner:
    """Tells a story to the servers and to the model."""

    def __init__(self, pair: Pair, users: list[RegisteredUser], group: str) -> None:
        self._pair = pair
        self._users = users
        self._group = group
        self._model = ConversationModel(len(users))
        self._oracle = Oracle(group)
        self._clients: dict[tuple[int, int], Client] = {}

    async def connect_clients(self, stack: AsyncExitStack) -> None:
        for person, who in enumerate(self._users):
            for at, where in enumerate(self._pair):
                view = self._oracle.add_view(f"{who.username} at {at}")

                client = Client([where.url], who.token, on_frame=view.on_frame)
                client.subscribe(self._group)
                self._clients[person, at] = await stack.enter_async_context(client)

    async def run_step(self, step: Step) -> None:
        match step:
            case Send(by=by):
                new = [(who, uuid.uuid4().hex) for who, _, _ in by]
                results = await asyncio.gather(
                    *(
                        self._send(who, at, client_id, f"text {client_id}", over_http=over_http)
                        for (_, at, over_http), (who, client_id) in zip(by, new, strict=True)
                    )
                )
                said = [(who, client_id, f"text {client_id}") for who, client_id in new]
                self._model.record_sent(dict(zip(said, results, strict=True)))
            case Resend():
                await self._resend(step)
            case Read(person=person, at=at, seq=seq):
                result = await self._clients[person, at].mark_read(self._group, seq)
                self._model.record_read(person, seq, result)
            case CheckView():
                await self._check_view(step)
            case SetAway(person=person, at=at, away=away):
                await self._clients[person, at].set_presence(away=away)
                self._model.set_away(person, at, away=away)
                await self._check_presence(person, 1 - at)

    async def check_final_state(self) -> None:
        await wait_until(lambda: self._oracle.all_received(self._model.head))
        assert [client.statistics().unannounced_gaps for client in self._clients.values()] == [0] * 6
        for at in self._pair:
            self._oracle.check(await self._users[0].read_history(at, self._group), at.url)

    async def _send(self, user: int, at: int, client_id: str, content: str, *, over_http: bool) -> SendResult:
        who = self._users[user]
        self._oracle.record_sending(who.id, client_id, content)
        if over_http:
            async with who.http(self._pair[at]) as http:
                message = await http.send(self._group, content, client_id=client_id)
            # Over HTTP a repeat is told by its status alone: the model knows which it was.
            known = any(one[1] == client_id for one in self._model.log)
            result = SendResult(message.id, message.seq, message.created_at, known)
        else:
            result = await self._clients[user, at].send(self._group, content, client_id=client_id)
        self._oracle.record_stored(who.id, client_id, result)
        return result

    async def _resend(self, step: Resend) -> None:
        if not self._model.log:
            return
        person, client_id, content = self._model.log[step.of % self._model.head]
        if not step.other_content:
            result = await self._send(person, step.at, client_id, content, over_http=step.over_http)
            self._model.check_duplicate(person, client_id, result)
            return
        with pytest.raises(RequestRejected) as refused:
            await self._clients[person, step.at].send(self._group, "other", client_id=client_id)
        assert refused.value.code == "idempotency.conflict"

    async def _check_presence(self, user: int, at: int) -> None:
        """How somebody is, asked by the next one: it settles, so it may take a moment."""
        path = f"/v1/presence?user_ids={self._users[user].id}"
        async with UserApi(self._users[(user + 1) % PEOPLE], self._pair[at]) as caller:

            async def status() -> str:
                found: str = (await caller.get(path))["items"][0]["status"]
                return found

            await wait_until_equal(status, self._model.presence(user), timeout_s=5.0)

    async def _check_view(self, step: CheckView) -> None:
        model = self._model
        async with self._users[step.person].http(self._pair[step.at]) as http:
            match step.what:
                case "conversation":
                    shown = await http.conversation(self._group)
                    assert (shown.last_seq, shown.read_seq, shown.unread_count) == (
                        model.head,
                        model.read_seq(step.person),
                        model.unread_count(step.person),
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
