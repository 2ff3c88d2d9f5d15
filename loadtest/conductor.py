"""Leads a run: sets the stage, has the workers come, play, stop and judge, and gathers what they tell.

    stage over HTTP -> plans -> workers come -> play -> stop -> what was acknowledged -> all see it -> judged

Told to stop, it goes on to the judging with what there is. It makes no load itself, so that what it shows
costs the load nothing.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec

from loadtest.check.ledger import Acknowledged
from loadtest.figures.clock import now_us
from loadtest.figures.series import Series
from loadtest.figures.servers import Reading, Servers
from loadtest.options import Options
from loadtest.people.registering import register
from loadtest.people.users_file import Person
from loadtest.process.child import Child
from loadtest.process.files import check_files
from loadtest.process.letters import Begin, Came, Ended, Heads, Stop, Stopped, Tick
from loadtest.process.seating import plans_of
from loadtest.scenes.making import Making
from loadtest.scenes.scenes import SCENES, people_wanted
from loadtest.scenes.stage import Stage
from loadtest.show.show import Show
from loadtest.verdict import own_kind

COME_S: Final = 90.0
POINT_S: Final = 1.0
LEAD_S: Final = 0.3
"""So long after it was told does everybody begin, so that all begin together."""


class NotReached(Exception):  # noqa: N818 - what is the matter, said to a person
    """A server did not answer before the load began."""


class Findings(msgspec.Struct, frozen=True):
    """All that there is to report of. Times of the wall clock in s since the epoch."""

    options: Options
    run: str
    began_at: float
    load_s: float
    series: Series
    before: dict[str, Reading]
    readings: dict[str, list[Reading]]
    unanswered: int
    absent: int
    users_checked: int
    conversations_checked: int
    interrupted: bool
    complete: bool


class Conductor:
    """`people` come from a file, or are registered where there are none. `show` is told how it goes."""

    def __init__(self, options: Options, people: list[Person], show: Show) -> None:
        self._options = options
        self._people = people
        self._show = show
        self._run = f"l{secrets.token_hex(5)}"
        self._series = Series(options.processes, own_kind(options.scenario))
        self._stopping = asyncio.Event()
        self._children: list[Child] = []
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}

    @property
    def stopping(self) -> bool:
        """Whether it was told to end early."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End it early, with what there is."""
        self._stopping.set()

    async def run(self) -> Findings:
        """Raises `OptionsFaulty`, `TooFewFiles`, `NotReached`, `WorkerDied`, or a `ClientError`."""
        options = self._options
        options.check()
        check_files(options.connections, options.processes)
        began_at = time.time()
        async with aiohttp.ClientSession() as session:
            await self._reach(session)
            stage = await self._set(session)
            servers = Servers(options.urls, session)
            await servers.read()
            before = {url: readings[-1] for url, readings in servers.readings.items() if readings}
            watching = asyncio.create_task(self._watch(servers))
            try:
                return await self._lead(stage, servers, before, began_at)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await asyncio.gather(*(child.close() for child in self._children))

    # --- before

    async def _reach(self, session: aiohttp.ClientSession) -> None:
        for url in self._options.urls:
            try:
                async with session.get(f"{url}/healthz", timeout=aiohttp.ClientTimeout(total=5)) as response:
                    if response.status == 200:
                        continue
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise NotReached(f"{url} does not answer: {type(error).__name__}") from error
            raise NotReached(f"{url}/healthz answers with {response.status}")

    async def _set(self, session: aiohttp.ClientSession) -> Stage:
        making = Making(session, self._options.urls, self._show.making)
        wanted = people_wanted(self._options)
        people = self._people[:wanted] or await register(making, wanted)
        stage = Stage(people)
        await SCENES[self._options.scenario](making, stage)
        return stage

    # --- the load

    async def _lead(
        self, stage: Stage, servers: Servers, before: dict[str, Reading], began_at: float
    ) -> Findings:
        plans = plans_of(self._options, stage, self._run)
        for number, plan in enumerate(plans):
            child = await Child.start(self._ticked(number))
            self._children.append(child)
            await child.say(plan)
        self._show.phase("coming")
        came = await self._come()
        load_s = 0.0
        if came:
            load_s = await self._play(servers)
        stopped = await self._stop()
        ended = await self._judge(stopped)
        self._series.close_point()
        return Findings(
            options=self._options,
            run=self._run,
            began_at=began_at,
            load_s=load_s,
            series=self._series,
            before=before,
            readings=self._loaded(servers),
            unanswered=sum(one.unanswered for one in stopped),
            absent=sum(one.absent for one in ended),
            users_checked=sum(one.users_checked for one in ended),
            conversations_checked=sum(one.conversations_checked for one in ended),
            interrupted=self._stopping.is_set(),
            complete=True,
        )

    async def _come(self) -> bool:
        """Wait until everybody is there; False where it was stopped before."""

        async def come() -> None:
            await asyncio.gather(*(child.hear(Came) for child in self._children))

        coming = asyncio.create_task(come())
        stopping = asyncio.create_task(self._stop_asked())
        await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            return False
        await coming
        return True

    async def _stop_asked(self) -> None:
        await self._stopping.wait()

    async def _play(self, servers: Servers) -> float:
        """Have everybody play; answers for how long they did, in s."""
        await servers.read()
        self._first = {url: len(readings) for url, readings in servers.readings.items()}
        begin = Begin(now_us() + int(LEAD_S * 1_000_000))
        for child in self._children:
            await child.say(begin)
        self._phase("load")
        began = time.monotonic()
        try:
            async with asyncio.timeout(LEAD_S + self._options.duration_s):
                await self._stopping.wait()
        except TimeoutError:
            pass
        await servers.read()
        self._last = {url: len(readings) for url, readings in servers.readings.items()}
        return max(0.0, time.monotonic() - began - LEAD_S)

    def _loaded(self, servers: Servers) -> dict[str, list[Reading]]:
        """The readings of the load alone."""
        return {
            url: readings[max(0, self._first.get(url, 1) - 1) : self._last.get(url)]
            for url, readings in servers.readings.items()
        }

    # --- after

    async def _stop(self) -> list[Stopped]:
        self._phase("answers")
        for child in self._children:
            await child.say(Stop(self._options.answers_s))
        return [await child.hear(Stopped) for child in self._children]

    async def _judge(self, stopped: list[Stopped]) -> list[Ended]:
        self._phase("judging")
        heads: dict[str, int] = {}
        for one in stopped:
            for conversation_id, head in one.heads.items():
                heads[conversation_id] = max(head, heads.get(conversation_id, 0))
        acknowledged: list[Acknowledged] = [each for one in stopped for each in one.acknowledged]
        checks = -(-self._options.unread_checks // max(1, len(self._children)))
        for child in self._children:
            await child.say(Heads(heads, acknowledged, self._options.drain_s, checks))
        return [await child.hear(Ended) for child in self._children]

    # --- meanwhile

    def _ticked(self, number: int) -> Callable[[Tick], None]:
        def ticked(tick: Tick) -> None:
            self._series.add(number, tick)

        return ticked

    def _phase(self, phase: str) -> None:
        self._series.close_point()
        self._series.phase = phase
        self._show.phase(phase)

    async def _watch(self, servers: Servers) -> None:
        while True:
            await asyncio.sleep(POINT_S)
            await servers.read()
            self._series.close_point()
            self._show.update(self._series, servers.readings)
