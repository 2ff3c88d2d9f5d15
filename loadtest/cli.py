"""`run.py load <scenario>`: parses options, runs the load and writes the report.

Exit status:
    0   no faults, all thresholds met
    1   failed; the report says why
    2   invalid options or users file, or too few open files
    3   nothing was measured: a server or worker process failed, or the run was interrupted twice
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
from loadtest.console.display import Display, LineDisplay
from loadtest.console.live_display import LiveDisplay
from loadtest.coordinator import Coordinator, ServerUnreachable
from loadtest.options import InvalidOptions, Options, Thresholds
from loadtest.process.open_file_limit import OpenFileLimitTooLow
from loadtest.process.worker_process import WorkerDied
from loadtest.run_plan import Scenario

HELP: Final = {
    Scenario.IDLE: "Idle connections; with --rate they send pings.",
    Scenario.PAIRS: "Pairs of users who exchange messages, each on a different server.",
    Scenario.ROOM: "One large conversation with a few senders (several conversations above 5,000 users).",
    Scenario.MIXED: "A realistic mix: chat, read receipts, typing, feeds, likes, RSVPs, reconnects.",
    Scenario.STORM: "Group conversations; all clients are disconnected at once, then resume.",
    Scenario.FEED: "Home feed pages, over HTTP.",
}
DEFAULT_CONNECTIONS: Final = 100
LIBRARIES: Final = ("matplotlib",)
FAILED: Final = 1
INVALID_USAGE: Final = 2
NOTHING_MEASURED: Final = 3

Urls = Annotated[list[str] | None, typer.Option("--url", help="URL of a server; repeatable.")]
Standby = Annotated[
    list[str] | None, typer.Option(help="URL of a server used only for reconnects; repeatable.")
]
Connections = Annotated[int, typer.Option("--connections", "-n", min=1, help="Total number of connections.")]
Rate = Annotated[float | None, typer.Option(help="Operations per second, in total (open loop).", min=0)]
Duration = Annotated[float, typer.Option(help="Duration of the load in seconds.", min=0.1)]
Ramp = Annotated[float | None, typer.Option(help="Spread the connects over this many seconds.", min=0)]
Seed = Annotated[int, typer.Option(help="Seed of the random choices.")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Number of worker processes.")]
Users = Annotated[
    Path | None,
    typer.Option("--users-file", help="Users file of `load prepare`; without it, users are registered."),
]
ReportFolder = Annotated[
    Path | None, typer.Option("--report", help="Report folder; by default a new one in the data folder.")
]
P99 = Annotated[
    float | None, typer.Option("--p99-ms", help="Fail if the p99 of the primary latency is higher.")
]
MaxUnanswered = Annotated[
    int, typer.Option("--max-unanswered", min=0, help="Fail if more requests stay unanswered.")
]
MaxErrors = Annotated[int | None, typer.Option("--max-errors", min=0, help="Fail if there are more errors.")]
Senders = Annotated[int, typer.Option(min=1, help="Number of senders in a room.")]
Storms = Annotated[int, typer.Option(min=0, help="Number of mass disconnects in a storm.")]
Characters = Annotated[
    int, typer.Option("--message-characters", min=1, max=4000, help="Average message length.")
]
Checks = Annotated[
    int, typer.Option("--list-checks", min=0, help="Users whose conversation lists are checked.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Print plain lines instead of the live view.")]


def load_commands() -> typer.Typer:
    """Return the command group; the caller names it."""
    load = typer.Typer(no_args_is_help=True, help="Load test servers and check their delivery guarantees.")
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
        message_characters: Characters = 60,
        list_checks: Checks = 500,
        plain: Plain = False,  # noqa: FBT002 - a flag of the command line
    ) -> None:
        options = Options(
            scenario=scenario,
            urls=tuple(server.rstrip("/") for server in url or ("http://127.0.0.1:8080",)),
            connections=connections,
            standby=tuple(server.rstrip("/") for server in standby or ()),
            duration_s=duration,
            rate_per_s=rate,
            ramp_s=ramp,
            seed=seed,
            processes=processes,
            senders=senders,
            storms=storms,
            message_characters=message_characters,
            list_checks=list_checks,
            thresholds=Thresholds(p99_ms, max_unanswered, max_errors),
        )
        raise typer.Exit(run_load(options, users_file, report, plain=plain))

    return command


def run_load(options: Options, users_file: Path | None, report_folder: Path | None, *, plain: bool) -> int:
    """Run the load and write the report. Returns the exit status."""
    try:
        options.validate()
        _check_libraries()
        users = read_users(users_file) if users_file is not None else []
        return uvloop.run(_run_async(options, users, report_folder, plain=plain))
    except (InvalidOptions, OpenFileLimitTooLow, UnreadableUsersFile) as error:
        typer.echo(str(error), err=True)
        return INVALID_USAGE
    except (ServerUnreachable, WorkerDied, ClientError, OSError) as error:
        typer.echo(f"Nothing was measured: {error or type(error).__name__}", err=True)
        return NOTHING_MEASURED


async def _run_async(
    options: Options, users: list[LoadUser], report_folder: Path | None, *, plain: bool
) -> int:
    from loadtest.report.folder import create_report_folder, write_report
    from loadtest.report.report import build_report
    from loadtest.report.summary import render_summary

    folder = create_report_folder(report_folder, options.scenario)
    display: Display
    display = (
        LineDisplay(_print_line) if plain or not sys.stdout.isatty() else LiveDisplay(options, Console())
    )
    coordinator = Coordinator(options, users, display)
    loop = asyncio.get_running_loop()
    run_task = asyncio.create_task(coordinator.run())

    def on_interrupt() -> None:
        if coordinator.stopping:
            run_task.cancel()
        coordinator.stop()

    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, on_interrupt)
    try:
        result = await run_task
    except asyncio.CancelledError:
        typer.echo("interrupted: nothing was checked", err=True)
        return NOTHING_MEASURED
    finally:
        display.close()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(signal_number)
    report = build_report(result)
    write_report(folder, report)
    _print_line("")
    _print_line(render_summary(report))
    _print_line(f"report: {folder / 'index.html'}")
    return 0 if report.passed else FAILED


def _print_line(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _check_libraries() -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise InvalidOptions(
            f"The load tester needs {' and '.join(missing)}: install the extra `load` "
            'with `pip install "convene[load]"`, in a checkout with `make load`.'
        )
