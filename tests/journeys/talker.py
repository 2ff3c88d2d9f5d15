"""A person with a client, who tells the oracle all that is said and heard."""

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import Sequence
from typing import Self

from actors.protocol.server_frames import SendResult, ServerFrame
from client.client import Client
from client.encoding import JSON, Encoding
from client.timing import Timing
from tests.journeys.instance import Instance
from tests.journeys.oracle import Oracle
from tests.journeys.person import Person

QUICK = Timing(
    open_s=5.0,
    answer_s=5.0,
    send_s=60.0,
    http_s=5.0,
    heartbeat_s=4.0,
    steady_s=1.0,
    backoff_base_s=0.05,
    backoff_cap_s=1.0,
    read_backoff_cap_s=0.5,
)


class Talker:
    """`places` are instances, or anything with a URL, in the order in which they are tried.

    `others` watch over further conversations, in which the talker is heard as well.
    """

    def __init__(
        self,
        person: Person,
        oracle: Oracle,
        places: Sequence[Instance | str],
        timing: Timing = QUICK,
        encoding: Encoding = JSON,
        others: Sequence[Oracle] = (),
    ) -> None:
        self.person = person
        self.frames: list[ServerFrame] = []
        self.answered = 0
        self._oracle = oracle
        # A second talker of the same person says other things.
        self._name = f"{person.username}-{uuid.uuid4().hex[:8]}"
        self._oracles = (oracle, *others)
        self._views = [one.view(person.username) for one in self._oracles]
        self._numbers = itertools.count(1)
        urls = [place if isinstance(place, str) else place.url for place in places]
        self.client = Client(urls, person.token, timing=timing, on_frame=self._hear, encoding=encoding)
        for one in self._oracles:
            self.client.follow(one.conversation_id)

    async def __aenter__(self) -> Self:
        await self.client.connect()
        return self

    async def __aexit__(self, *_exit: object) -> None:
        await self.client.close()

    async def say(self, content: str = "", to: Oracle | None = None) -> SendResult:
        """Send one message, until it is acknowledged."""
        oracle = to or self._oracle
        number = next(self._numbers)
        client_id = f"{self._name}-{number}"
        said = content or f"{number} by {self.person.username}"
        oracle.sending(self.person.id, client_id, said)
        result = await self.client.send(oracle.conversation_id, said, client_id=client_id)
        self.answered += 1
        oracle.stored(self.person.id, client_id, result)
        return result

    async def flood(self, messages: int, at_once: int = 8) -> list[SendResult]:
        """Send many, some at once; answers them in the order in which they were sent."""
        free = asyncio.Semaphore(at_once)

        async def one() -> SendResult:
            try:
                return await self.say()
            finally:
                free.release()

        sends = []
        for _ in range(messages):
            await free.acquire()
            sends.append(asyncio.create_task(one()))
        return await asyncio.gather(*sends)

    async def talk(self, enough: asyncio.Event, at_once: int = 4) -> None:
        """Send one after another, in some strands at once, until it is enough."""

        async def strand() -> None:
            while not enough.is_set():
                await self.say()

        await asyncio.gather(*(strand() for _ in range(at_once)))

    async def chat(self, enough: asyncio.Event, pace_s: float) -> None:
        """Say something now and then, in each conversation in turn, until it is enough."""
        for oracle in itertools.cycle(self._oracles):
            await self.say(to=oracle)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pace_s):
                    await enough.wait()
                return

    @property
    def silent_gaps(self) -> int:
        return self.client.statistics().silent_gaps

    def _hear(self, frame: ServerFrame) -> None:
        self.frames.append(frame)
        for view in self._views:
            view.hear(frame)
