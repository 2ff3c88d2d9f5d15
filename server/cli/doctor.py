"""`run.py doctor`: checks a deployment and prints the findings. The exit status is 1 if a check fails."""

import typer
from rich.console import Console
from rich.markup import escape

from server.cli.command_types import ConfigOption, OpenOperatorServices, RunAsync


def add_doctor(cli: typer.Typer, open_services: OpenOperatorServices, run_async: RunAsync) -> None:
    @cli.command()
    def doctor(config: ConfigOption = None) -> None:
        """Check the stores, the domain event consumers and the data invariants. Read-only."""
        console = Console()
        failed = 0

        async def work() -> None:
            nonlocal failed
            async with open_services(config) as services:
                for finding in await services.doctor.run_checks():
                    failed += not finding.ok
                    state = "[green]ok[/]    " if finding.ok else "[red]failed[/]"
                    # One line each, whatever the width, for scripts.
                    console.print(state, escape(finding.message), soft_wrap=True)

        run_async(work)
        console.print(f"{failed} checks failed." if failed else "All checks passed.")
        raise typer.Exit(1 if failed else 0)
