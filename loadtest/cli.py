"""`run.py load <scenario>`: from words of a command line to a run, a report and an exit status.

    0   no promise broken, every threshold held        2   it could not be asked like that
    1   not good, and the report says why               3   there was nothing to measure: no server, no users

It never makes load itself.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from client.errors import ClientError
from loadtest.accounts.users_file import LoadUser, UnreadableUsersFile, read_users
from loadtest.console.display import Display
from loadtest.console.line_display import LineDisplay
from loadtest.console.live_display import LiveDisplay
from loadtest.coordinator import Coordinator, ServerUnreachable
from loadtest.options import InvalidOptions, Options, Thresholds
from loadtest.process.open_file_limit import OpenFileLimitTooLow
from loadtest.process.worker_process import WorkerDied
from loadtest.run_plan import Scenario

HELP: Final = {
    Scenario.IDLE: "Connections that are there; with --rate some ask for a sign of life.",
    Scenario.PAIRS: "Pairs who write to each other, each on another server.",
    Scenario.ROOM: "One room, in which some write and all hear (several, past 5,000).",
    Scenario.MIXED: "A mix after real use: chat, receipts, typing, feeds, likes, answers, reconnects.",
    Scenario.STORM: "Groups who write; now and then all are cut off at once, and resume.",
    Scenario.FEED: "Pages of the home feed, over HTTP.",
}
DEFAULT_CONNECTIONS: Final = 100
LIBRARIES: Final = ("hdrh", "matplotlib")
FAILED: Final = 1
INVALID_USAGE: Final = 2
NOTHING_MEASURED: Final = 3

Urls = Annotated[list[str] | None, typer.Option("--url", help="A server; may be given several times.")]
Standby = Annotated[
    list[str] | None, typer.Option(help="A server for those who lose theirs; may be given several times.")
]
Connections = Annotated[int, typer.Option("--connections", "-n", min=1, help="How many, over all.")]
Rate = Annotated[float | None, typer.Option(help="Acts a second over all, whatever the server does.", min=0)]
Duration = Annotated[float, typer.Option(help="For how many seconds.", min=0.1)]
Ramp = Annotated[float | None, typer.Option(help="Spread the connects over so many seconds.", min=0)]
Seed = Annotated[int, typer.Option(help="Another seed, other chance.")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Processes that make the load.")]
Users = Annotated[Path | None, typer.Option("--users-file", help="From `load prepare`; else they register.")]
ReportFolder = Annotated[Path | None, typer.Option("--report", help="Where to; else a new one in data/load.")]
P99 = Annotated[float | None, typer.Option("--p99-ms", help="Fail where the scenario's own p99 is above.")]
MaxUnanswered = Annotated[int, typer.Option("--max-lost", min=0, help="Acts that may end without an answer.")]
MaxErrors = Annotated[int | None, typer.Option("--max-errors", min=0, help="Errors that may be.")]
Senders = Annotated[int, typer.Option(min=1, help="In a room: how many write.")]
Storms = Annotated[int, typer.Option(min=0, help="In a storm: how often all are cut off.")]
Characters = Annotated[int, typer.Option("--characters", min=1, max=4000, help="Of a message, about.")]
Checks = Annotated[int, typer.Option("--unread-checks", min=0, help="Users whose lists are compared.")]
Plain = Annotated[bool, typer.Option("--plain", help="Lines instead of a live view.")]


def load_commands() -> typer.Typer:
    """The group of commands; `run.py` gives it its name."""
    load = typer.Typer(no_args_is_help=True, help="Put servers under load, and check what they promise.")
    for scenario in Scenario:
        load.command(scenario.value, help=HELP[scenario])(_command(scenario))
    return load


def _command(scenario: Scenario) -> Callable[..., None]:
    def command(
        url: Urls = None,
        standby: Standby = None,
        connections: Connections = DEFAULT_CONNECTIONS,
        rate: Rate = None,
        duration: Duration = 30.0,
        ramp: Ramp = None,
        seed: Seed = 1,
        processes: Processes = 1,
        users_file: Users = None,
        report: ReportFolder = None,
        p99_ms: P99 = None,
        max_unanswered: MaxUnanswered = 0,
        max_errors: MaxErrors = None,
        senders: Senders = 10,
        storms: Storms = 2,
        characters: Characters = 60,
        list_checks: Checks = 500,
        plain: Plain = False,  # noqa: FBT002 - a flag of the command line
    ) -> None:
        options = Options(
            scenario=scenario,
            urls=tuple(one.rstrip("/") for one in url or ("http://127.0.0.1:8080",)),
            connections=connections,
            standby=tuple(one.rstrip("/") for one in standby or ()),
            duration_s=duration,
            rate_per_s=rate,
            ramp_s=ramp,
            seed=seed,
            processes=processes,
            senders=senders,
            storms=storms,
            message_characters=characters,
            list_checks=list_checks,
            thresholds=Thresholds(p99_ms, max_unanswered, max_errors),
        )
        raise typer.Exit(run_load(options, users_file, report, plain=plain))

    return command


def run_load(options: Options, users_file: Path | None, report_folder: Path | None, *, plain: bool) -> int:
    """Run it all and report; answers the exit status."""
    try:
        options.validate()
        _check_libraries()
        people = read_users(users_file) if users_file is not None else []
        return uvloop.run(_run_async(options, people, report_folder, plain=plain))
    except (InvalidOptions, OpenFileLimitTooLow, UnreadableUsersFile) as faulty:
        typer.echo(str(faulty), err=True)
        return INVALID_USAGE
    except (ServerUnreachable, WorkerDied, ClientError, OSError) as failure:
        typer.echo(f"Nothing was measured: {failure or type(failure).__name__}", err=True)
        return NOTHING_MEASURED


async def _run_async(
    options: Options, users: list[LoadUser], report_folder: Path | None, *, plain: bool
) -> int:
    from loadtest.report.folder import create_report_folder, write_report
    from loadtest.report.report import build_report
    from loadtest.report.summary import render_summary

    into = create_report_folder(report_folder, options.scenario)
    show: Display
    show = LineDisplay(_print_line) if plain or not sys.stdout.isatty() else LiveDisplay(options, Console())
    conductor = Coordinator(options, users, show)
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(conductor.run())

    def on_interrupt() -> None:
        if conductor.stopping:
            running.cancel()
        conductor.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_interrupt)
    try:
        findings = await running
    except asyncio.CancelledError:
        typer.echo("ended at once: nothing was judged", err=True)
        return NOTHING_MEASURED
    finally:
        show.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(number)
    report = build_report(findings)
    write_report(into, report)
    _print_line("")
    _print_line(render_summary(report))
    _print_line(f"report: {into / 'index.html'}")
    return 0 if report.passed else FAILED


def _print_line(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _check_libraries() -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise InvalidOptions(f"the load tester needs {' and '.join(missing)}: pip install 'convene[load]'")
