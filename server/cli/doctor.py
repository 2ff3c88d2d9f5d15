"""`run.py doctor`: is everything right? In plain words; the exit status is 1 when something is not."""

import typer
from rich.console import Console

from server.cli.operator_services import ConfigOption, OpenOperatorServices, RunAsync


def add_doctor(cli: typer.Typer, open_services: OpenOperatorServices, run_async: RunAsync) -> None:
    @cli.command()
    def doctor(config: ConfigOption = None) -> None:
        """Check the stores, the feeds between services and the invariants. Changes nothing."""
        console = Console()
        wrong = 0

        async def work() -> None:
            nonlocal wrong
            async with open_services(config) as operations:
                for finding in await operations.doctor.run_checks():
                    wrong += not finding.ok
                    console.print("[green]ok[/]   " if finding.ok else "[red]wrong[/]", finding.message)

        run_async(work)
        console.print("Everything is right." if not wrong else f"{wrong} things are not right.")
        raise typer.Exit(1 if wrong else 0)
