"""A load as the command makes it, small and short, and its report."""

from collections.abc import Sequence
from pathlib import Path

from loadtest.conductor import Conductor
from loadtest.options import Options
from loadtest.people.users_file import Person
from loadtest.play.plays import Scenario
from loadtest.report.report import Report, report_of
from loadtest.show.show import Silent

ROOT = Path(__file__).parents[2]
COMMAND_S = 60.0


def small(scenario: Scenario, urls: Sequence[str], connections: int = 12, **others: object) -> Options:
    """A second of load or so."""
    chosen = {"duration_s": 1.0, "rate_per_s": 40.0, "ramp_s": 0.2, "message_characters": 20, **others}
    return Options(scenario, tuple(urls), connections, **chosen)  # type: ignore[arg-type]


async def run_load(options: Options, people: list[Person]) -> Report:
    return report_of(await Conductor(options, people, Silent()).run())
