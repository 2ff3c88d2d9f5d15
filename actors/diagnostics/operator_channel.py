"""Asks all instances for an operator, over the bus, with a deadline.

    asking instance -- Question on `ops` -> every instance -- Reply on `ops:<asking instance>` ->

The topics are separate from the control topic, so that instances of earlier versions, which do not know these
messages, are not subscribed and count no malformed message. They are reported as not answering.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from actors.diagnostics.queries import ANSWER_TYPES, Answer, Query, query_decoder
from actors.protocol.errors import overloaded
from storage.contracts.bus import Bus
from storage.errors import Unavailable

OPERATOR_TOPIC: Final = "ops"
ANSWER_TIMEOUT_S: Final = 1.5
QUESTIONS_MAX: Final = 16
"""Questions of operators that wait for answers at the same time on one instance."""

ListInstances = Callable[[], Awaitable[Sequence[str]]]
"""Return the live instances, this one included. Raises `Unavailable`."""


class Question(msgspec.Struct, frozen=True, tag=1, array_like=True):
    origin: str
    number: int
    query: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, tag=2, array_like=True):
    instance: str
    number: int
    answer: msgspec.Raw


_message_decoder: "msgspec.msgpack.Decoder[Question | Reply]" = msgspec.msgpack.Decoder(Question | Reply)
_encoder = msgspec.msgpack.Encoder()


class Answers(msgspec.Struct, frozen=True):
    """`unanswered` are live instances without an answer in time; unknown instances are not among them.

    `instances_known` is False if the list of live instances could not be read.
    """

    answers: list[Answer]
    unanswered: list[str]
    instances_known: bool


class _Waiting:
    """The answers to one question."""

    def __init__(self, answer_type: type[Answer]) -> None:
        self.answer_type = answer_type
        self.answers: dict[str, Answer] = {}
        self.changed = asyncio.Event()


class OperatorChannel:
    def __init__(
        self, bus: Bus, instance: str, answer: Callable[[Query], Answer], list_instances: ListInstances
    ) -> None:
        self._bus = bus
        self._instance = instance
        self._answer = answer
        self._list_instances = list_instances
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}

    @property
    def topics(self) -> tuple[str, str]:
        return OPERATOR_TOPIC, _answer_topic(self._instance)

    def on_bus_message(self, message: bytes) -> None:
        """Answer a question of another instance, or take an answer. Raises `MsgspecError`."""
        match _message_decoder.decode(message):
            case Question(origin=origin, number=number, query=query):
                if origin != self._instance:
                    answer = msgspec.Raw(_encoder.encode(self._answer(query_decoder.decode(query))))
                    reply = Reply(self._instance, number, answer)
                    self._bus.publish(_answer_topic(origin), _encoder.encode(reply))
            case Reply(instance=instance, number=number, answer=answer):
                waiting = self._waiting.get(number)
                if waiting is not None:
                    waiting.answers[instance] = msgspec.msgpack.decode(answer, type=waiting.answer_type)
                    waiting.changed.set()

    async def ask(self, query: Query, timeout_s: float = ANSWER_TIMEOUT_S) -> Answers:
        """Return the answers of all instances that answer in time, this one's first.

        Raises:
            ApiError: server.overloaded, with too many questions at the same time.
        """
        if len(self._waiting) >= QUESTIONS_MAX:
            raise overloaded("Too many questions of operators are waiting; retry later.", 1000)
        number, waiting = next(self._numbers), _Waiting(ANSWER_TYPES[type(query)])
        self._waiting[number] = waiting
        try:
            question = Question(self._instance, number, msgspec.Raw(_encoder.encode(query)))
            self._bus.publish(OPERATOR_TOPIC, _encoder.encode(question))
            try:
                expected: set[str] | None = set(await self._list_instances())
            except Unavailable:
                expected = None
            waiting.answers[self._instance] = self._answer(query)
            try:
                async with asyncio.timeout(timeout_s):
                    while expected is None or expected - waiting.answers.keys():
                        waiting.changed.clear()
                        await waiting.changed.wait()
            except TimeoutError:
                pass
            own = waiting.answers.pop(self._instance)
            others = [waiting.answers[name] for name in sorted(waiting.answers)]
            unanswered = sorted((expected or set()) - waiting.answers.keys() - {self._instance})
            return Answers([own, *others], unanswered, instances_known=expected is not None)
        finally:
            del self._waiting[number]


def _answer_topic(instance: str) -> str:
    return f"{OPERATOR_TOPIC}:{instance}"
