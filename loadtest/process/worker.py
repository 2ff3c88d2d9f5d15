"""One process that makes load: it is told a plan, brings its guests, plays, and judges what they saw.

It speaks over its standard input and output, and ends when the leading process does. It never shows
anything to a person.
"""

import asyncio
import random
from typing import Final

from loadtest.check.catching_up import CatchingUp
from loadtest.check.faults import Faults
from loadtest.check.ledger import Ledger
from loadtest.check.unread import UnreadCheck
from loadtest.figures.clock import now_us
from loadtest.figures.latencies import Latencies
from loadtest.figures.tally import Tally
from loadtest.guests.crowd import Crowd
from loadtest.guests.ground import Ground
from loadtest.guests.guest import Guest
from loadtest.play.calls import Calls
from loadtest.play.pace import Pace
from loadtest.play.play import Cast
from loadtest.play.plays import PLAYS, Scenario
from loadtest.process.files import raise_files
from loadtest.process.letters import Begin, Came, Ended, Heads, Plan, Stop, Stopped, Tick
from loadtest.process.strain import Strain, cpu_s, resident_bytes
from loadtest.wire.handshake import Address
from loadtest.wire.hearing import Hearing

TICK_S: Final = 0.5
COME_S: Final = 60.0
LOOK_S: Final = 0.05


class Worker:
    """`say` takes letters for the leading process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._faults = Faults()
        self._ledger = Ledger(plan.run, self._faults)
        self._ledger.shared = frozenset(plan.shared)
        self._tally = Tally()
        self._latencies = Latencies()
        everywhere = [*plan.urls, *plan.standby]
        self._calls = Calls(everywhere, self._tally, self._latencies)
        self._catching_up = CatchingUp(self._guest_of, self._calls, self._ledger)
        dice = random.Random(plan.seed)  # noqa: S311 - chance that can be had again
        ground = Ground(
            run=plan.run,
            addresses=tuple(Address.of(url) for url in everywhere),
            ledger=self._ledger,
            faults=self._faults,
            tally=self._tally,
            latencies=self._latencies,
            hearing=Hearing(self._ledger.witness),
            dice=dice,
            fetch=self._catching_up.begin,
        )
        self._sockets = plan.scenario != Scenario.FEED
        self._crowd = Crowd(plan.seats if self._sockets else [], ground)
        self._guests = {guest.number: guest for guest in self._crowd.guests}
        self._play = PLAYS[plan.scenario](Cast(plan, self._crowd, ground, self._calls, dice))
        self._pace = Pace(plan.rate_per_s, dice, self._play.act)
        self._strain = Strain(asyncio.get_running_loop())
        self._playing: asyncio.Task[None] | None = None

    def _guest_of(self, number: int) -> Guest:
        return self._guests[number]

    # --- what it is told to do

    async def come(self) -> Came:
        """Bring everybody."""
        raise_files(len(self._crowd.guests))
        await self._crowd.come(COME_S)
        ready = self._crowd.ready
        return Came(ready, len(self._crowd.guests) - ready)

    def begin(self, begin: Begin) -> None:
        """Play from that moment on."""
        self._playing = asyncio.create_task(self._run(begin.at_us))

    async def stop(self, stop: Stop) -> Stopped:
        """Begin nothing new; wait for answers and for those who are on their way back."""
        self._pace.stop()
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        end_us = now_us() + int(stop.answers_s * 1_000_000)
        while now_us() < end_us and self._unanswered():  # noqa: ASYNC110 - looked at, not told
            await asyncio.sleep(LOOK_S)
        unanswered = self._crowd.waiting + self._calls.under_way
        return Stopped(unanswered, self._ledger.heads(), self._ledger.acknowledged)

    async def judge(self, heads: Heads) -> Ended:
        """Wait until all that was acknowledged was seen, then say what was amiss."""
        self._ledger.hear_of(heads.acknowledged)
        end_us = now_us() + int(heads.drain_s * 1_000_000)
        while now_us() < end_us and self._unsettled(heads):  # noqa: ASYNC110 - looked at, not told
            await asyncio.sleep(LOOK_S)
        checked = await self._check_lists(heads.unread_checks)
        self._ledger.judge_replays()
        for guest in self._crowd.present():
            guest.eyes.judge(heads.heads)
        absent = len(self._crowd.guests) - self._crowd.ready
        return Ended(absent, checked.users, checked.conversations)

    async def close(self) -> None:
        self._pace.stop()
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        self._crowd.leave()
        self._strain.close()
        await self._catching_up.close()
        await self._calls.close()

    # --- what it tells meanwhile

    def tick(self) -> Tick:
        """The interval since the last one."""
        return Tick(
            at_us=now_us(),
            ready=self._crowd.ready if self._sockets else len(self._plan.seats),
            counts=self._tally.counts(),
            errors=dict(self._tally.errors),
            fault_counts=dict(self._faults.counts),
            faults=self._faults.take_details(),
            latencies=self._latencies.take(),
            cpu_s=cpu_s(),
            lag_ms=self._strain.take_lag_ms(),
            late_ms=self._pace.take_late_ms(),
            resident_bytes=resident_bytes(),
        )

    # --- inside

    async def _run(self, begin_us: int) -> None:
        end_us = begin_us + int(self._plan.duration_s * 1_000_000)
        await asyncio.sleep(max(0, begin_us - now_us()) / 1_000_000)
        await asyncio.gather(self._pace.run(begin_us, end_us), self._play.run(begin_us, end_us))

    def _unanswered(self) -> bool:
        return bool(self._crowd.waiting or self._calls.under_way or not self._all_there())

    def _all_there(self) -> bool:
        return self._crowd.ready + self._crowd.gone == len(self._crowd.guests)

    def _unsettled(self, heads: Heads) -> bool:
        return bool(self._catching_up.under_way) or any(
            guest.eyes.behind(heads.heads) or not guest.eyes.calm for guest in self._crowd.present()
        )

    async def _check_lists(self, at_most: int) -> UnreadCheck:
        check = UnreadCheck(self._calls, self._ledger, self._faults, self._calls.servers, self._plan.fresh)
        by_user = {guest.user_id: guest for guest in self._crowd.present() if guest.eyes.positions}
        some = list(by_user.values())
        random.Random(self._plan.seed).shuffle(some)  # noqa: S311 - chance that can be had again
        await check.check(some[:at_most])
        return check
