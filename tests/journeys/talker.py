"""A person with a client, who tells the oracle all that is said and heard."""

import asyncio
import itertools
import uuid
from collections.abc import Sequence
from typing import Self

from actors.wire.frames import SendResult, ServerFrame
from client.client import Client
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
    """`places` are instances, or anything with a URL, in the order in which they are tried."""

    def __init__(
        self, person: Person, oracle: Oracle, places: Sequence[Instance | str], timing: Timing = QUICK
    ) -> None:
        self.person = person
        self.frames: list[ServerFrame] = []
        self.answered = 0
        self._oracle = oracle
        # A second talker of the same person says other things.
        self._name = f"{person.username}-{uuid.uuid4().hex[:8]}"
        self._view = oracle.view(person.username)
        self._numbers = itertools.count(1)
        urls = [place if isinstance(place, str) else place.url for place in places]
        self.client = Client(urls, person.token, timing=timing, on_frame=self._hear)
        self.client.follow(oracle.conversation_id)

    async def __aenter__(self) -> Self:
        await self.client.connect()
        return self

    async def __aexit__(self, *_exit: object) -> None:
        await self.client.close()

    async def say(self, content: str = "") -> SendResult:
        """Send one message, until it is acknowledged."""
        number = next(self._numbers)
        client_id = f"{self._name}-{number}"
        said = content or f"{number} by {self.person.username}"
        self._oracle.sending(self.person.id, client_id, said)
        result = await self.client.send(self._oracle.conversation_id, said, client_id=client_id)
        self.answered += 1
        self._oracle.stored(self.person.id, client_id, result)
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

    @property
    def silent_gaps(self) -> int:
        return self.client.statistics().silent_gaps

    def _hear(self, frame: ServerFrame) -> None:
        self.frames.append(frame)
        self._view.hear(frame)
