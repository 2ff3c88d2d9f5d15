"""Random sequences of sends, retries, reads and presence changes on two instances, compared with a model."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.protocol.results import SendResult
from client.client import Client
from client.errors import RequestRejected
from tests.conftest import LoopThread
from tests.end_to_end.conftest import Pair
from tests.end_to_end.conversation_model import ConversationModel
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.user_api import UserApi, wait_until_equal

USERS = 3
STEPS = 25


class Send(msgspec.Struct, frozen=True):
    """New messages, sent concurrently: (user, instance, over HTTP) each."""

    sends: list[tuple[int, int, bool]]


class Resend(msgspec.Struct, frozen=True):
    """Send a message of the log again, with the same or with other content."""

    index: int
    instance: int
    over_http: bool
    other_content: bool


class Read(msgspec.Struct, frozen=True):
    user: int
    instance: int
    seq: int


class CheckView(msgspec.Struct, frozen=True):
    """Read part of the conversation as a user and compare it with the model."""

    user: int
    instance: int
    view: Literal["conversation", "history", "changes"]


class SetAway(msgspec.Struct, frozen=True):
    """Set the presence of the user's device on that instance."""

    user: int
    instance: int
    away: bool


Step = Send | Resend | Read | CheckView | SetAway
users = st.integers(0, USERS - 1)
instances = st.integers(0, 1)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Send, st.lists(st.tuples(users, instances, st.booleans()), min_size=1, max_size=6)),
    st.builds(Resend, st.integers(0, 40), instances, st.booleans(), st.booleans()),
    st.builds(Read, users, instances, st.integers(0, 60)),
    st.builds(CheckView, users, instances, st.sampled_from(["conversation", "history", "changes"])),
    st.builds(SetAway, users, instances, st.booleans()),
)


@pytest.fixture(scope="module")
def registered_users(pair: Pair, background: LoopThread) -> list[RegisteredUser]:
    """Users shared by all examples; each example creates a new conversation."""
    return [
        background.run(RegisteredUser.register(f"p{number}", pair[number % 2])) for number in range(USERS)
    ]


@pytest.mark.timeout(900 if LONG_TESTS else 120)
@settings(
    max_examples=300 if LONG_TESTS else 15,
    deadline=None,
    derandomize=not LONG_TESTS,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=st.lists(steps, max_size=STEPS))
def test_random_sequences_agree_with_the_model(
    pair: Pair, registered_users: list[RegisteredUser], sequence: list[Step]
) -> None:
    """Every reply equals the model's, and in the end every client has received the same log."""
    asyncio.run(run_sequence(pair, registered_users, sequence))


async def run_sequence(pair: Pair, users: list[RegisteredUser], sequence: list[Step]) -> None:
    group = await users[0].create_group(pair[0], users[1:])
    async with AsyncExitStack() as stack:
        runner = SequenceRunner(pair, users, group)
        await runner.connect_clients(stack)
        for step in sequence:
            await runner.run_step(step)
        await runner.check_final_state()


class SequenceRunner:
    """Applies steps to the servers and to the model."""

    def __init__(self, pair: Pair, users: list[RegisteredUser], group: str) -> None:
        self._pair = pair
        self._users = users
        self._group = group
        self._model = ConversationModel(len(users))
        self._oracle = Oracle(group)
        self._clients: dict[tuple[int, int], Client] = {}

    async def connect_clients(self, stack: AsyncExitStack) -> None:
        for user_index, user in enumerate(self._users):
            for instance_index, instance in enumerate(self._pair):
                view = self._oracle.add_view(f"{user.username} on instance {instance_index}")
                client = Client([instance.url], user.token, on_frame=view.on_frame)
                client.subscribe(self._group)
                self._clients[user_index, instance_index] = await stack.enter_async_context(client)

    async def run_step(self, step: Step) -> None:
        match step:
            case Send(sends=sends):
                client_ids = [uuid.uuid4().hex for _ in sends]
                results = await asyncio.gather(
                    *(
                        self._send(user, instance, client_id, f"text {client_id}", over_http=over_http)
                        for (user, instance, over_http), client_id in zip(sends, client_ids, strict=True)
                    )
                )
                sent = [
                    (user, client_id, f"text {client_id}")
                    for (user, _, _), client_id in zip(sends, client_ids, strict=True)
                ]
                self._model.record_sent(dict(zip(sent, results, strict=True)))
            case Resend():
                await self._resend(step)
            case Read(user=user, instance=instance, seq=seq):
                result = await self._clients[user, instance].mark_read(self._group, seq)
                self._model.record_read(user, seq, result)
            case CheckView():
                await self._check_view(step)
            case SetAway(user=user, instance=instance, away=away):
                await self._clients[user, instance].set_presence(away=away)
                self._model.set_away(user, instance, away=away)
                await self._check_presence(user, 1 - instance)

    async def check_final_state(self) -> None:
        await wait_until(lambda: self._oracle.all_received(self._model.head))
        assert [client.statistics().unannounced_gaps for client in self._clients.values()] == [0] * 6
        for instance in self._pair:
            self._oracle.check(await self._users[0].read_history(instance, self._group), instance.url)

    async def _send(
        self, user: int, instance: int, client_id: str, content: str, *, over_http: bool
    ) -> SendResult:
        sender = self._users[user]
        self._oracle.record_sending(sender.id, client_id, content)
        if over_http:
            async with sender.http(self._pair[instance]) as http:
                message = await http.send(self._group, content, client_id=client_id)
            # Over HTTP only the status marks a duplicate, so it is taken from the model.
            duplicate = any(entry[1] == client_id for entry in self._model.log)
            result = SendResult(message.id, message.seq, message.created_at, duplicate)
        else:
            result = await self._clients[user, instance].send(self._group, content, client_id=client_id)
        self._oracle.record_stored(sender.id, client_id, result)
        return result

    async def _resend(self, step: Resend) -> None:
        if not self._model.log:
            return
        user, client_id, content = self._model.log[step.index % self._model.head]
        if not step.other_content:
            result = await self._send(user, step.instance, client_id, content, over_http=step.over_http)
            self._model.check_duplicate(user, client_id, result)
            return
        with pytest.raises(RequestRejected) as rejected:
            await self._clients[user, step.instance].send(self._group, "other", client_id=client_id)
        assert rejected.value.code == "idempotency.conflict"

    async def _check_presence(self, user: int, instance: int) -> None:
        """Read the user's presence as another user until it equals the model's: presence is eventual."""
        path = f"/v1/presence?user_ids={self._users[user].id}"
        async with UserApi(self._users[(user + 1) % USERS], self._pair[instance]) as api:

            async def status() -> str:
                value: str = (await api.get(path))["items"][0]["status"]
                return value

            await wait_until_equal(status, self._model.presence(user), timeout_s=5.0)

    async def _check_view(self, step: CheckView) -> None:
        model = self._model
        async with self._users[step.user].http(self._pair[step.instance]) as http:
            match step.view:
                case "conversation":
                    conversation = await http.conversation(self._group)
                    assert (conversation.last_seq, conversation.read_seq, conversation.unread_count) == (
                        model.head,
                        model.read_seq(step.user),
                        model.unread_count(step.user),
                    )
                case "history":
                    newest = await http.history(self._group, limit=100)
                    history = [
                        (message.seq, message.client_id, message.content) for message in reversed(newest)
                    ]
                    expected = [(seq, *entry[1:]) for seq, entry in enumerate(model.log, 1)]
                    assert history == expected[-100:]
                case "changes":
                    changes = await http.changes(self._group, 0)
                    assert [frame.seq for frame in changes.items] == list(range(1, min(model.head, 100) + 1))
                    assert (changes.last_seq, changes.has_more) == (min(model.head, 100), model.head > 100)
