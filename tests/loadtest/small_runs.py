"""Short runs of the load tester."""

from collections.abc import Sequence
from pathlib import Path

from loadtest.accounts.users_file import LoadUser
from loadtest.console.display import NullDisplay
from loadtest.coordinator import Coordinator
from loadtest.options import Options
from loadtest.report.report import Report, build_report
from loadtest.run_plan import Scenario

ROOT = Path(__file__).parents[2]
COMMAND_TIMEOUT_S = 240.0


def small_options(
    scenario: Scenario, urls: Sequence[str], connections: int = 12, **overrides: object
) -> Options:
    """Return options of a run of about one second."""
    values = {"duration_s": 1.0, "rate_per_s": 40.0, "ramp_s": 0.2, "message_characters": 20, **overrides}
    return Options(scenario, tuple(urls), connections, **values)  # type: ignore[arg-type]


async def run_load(options: Options, users: list[LoadUser]) -> Report:
    return build_report(await Coordinator(options, users, NullDisplay()).run())
