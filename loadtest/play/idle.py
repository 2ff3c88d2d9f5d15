"""Connections that are there: heartbeats, and at the given rate somebody asks for a sign of life."""

import msgspec

from actors.protocol.commands import Ping
from loadtest.guests.asks import Ask
from loadtest.play.play import Cast


class Idle:
    """A `Play`."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast

    def act(self, intended_us: int) -> None:
        guest = self._cast.dice.choice(self._cast.crowd.guests)
        number = guest.next_id()
        guest.ask(Ask(number, "ping", msgspec.json.encode(Ping(number)), intended_us, again=True))

    async def run(self, begin_us: int, end_us: int) -> None:
        """Nothing happens besides."""
