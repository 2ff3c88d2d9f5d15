"""`run.py moderate`: reports, and what is done about them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console

from actors.moderation.moderation import Moderation
from actors.protocol.errors import ApiError
from server.cli.operator_services import ConfigOption, OpenOperatorServices, RunAsync

Username = Annotated[str, typer.Argument(help="Whose account.")]
REPORTS_SHOWN = 100


def add_moderate(cli: typer.Typer, open_services: OpenOperatorServices, run_async: RunAsync) -> None:
    moderate = typer.Typer(no_args_is_help=True, help="Reports, and what is done about them.")
    cli.add_typer(moderate, name="moderate")
    console = Console()

    def do(config: ConfigOption, act: Callable[[Moderation], Awaitable[str]]) -> None:
        refused = False

        async def work() -> None:
            nonlocal refused
            async with open_services(config) as operations:
                try:
                    console.print(await act(operations.moderation))
                except ApiError as refusal:
                    refused = True
                    console.print(refusal.detail)

        run_async(work)
        raise typer.Exit(1 if refused else 0)

    @moderate.command()
    def reports(config: ConfigOption = None) -> None:
        """Show the open reports, the oldest first."""

        async def act(moderation: Moderation) -> str:
            found = await moderation.list_open_reports(None, REPORTS_SHOWN)
            for report in found.items:
                console.print(
                    report.id, report.kind.value, report.target_id, repr(report.reason), markup=False
                )
            return f"{len(found.items)}{' and more' if found.next_key else ''} open reports"

        do(config, act)

    @moderate.command()
    def resolve(
        report_id: str,
        resolution: Annotated[str, typer.Argument(help="What was done about it.")],
        config: ConfigOption = None,
    ) -> None:
        """Close a report."""

        async def act(moderation: Moderation) -> str:
            await moderation.resolve_report(report_id, resolution)
            return "resolved"

        do(config, act)

    @moderate.command()
    def hide(post_id: str, config: ConfigOption = None) -> None:
        """Take a post away from everybody."""

        async def act(moderation: Moderation) -> str:
            await moderation.hide_post(post_id)
            return "hidden"

        do(config, act)

    @moderate.command()
    def ban(username: Username, config: ConfigOption = None) -> None:
        """End all sessions of somebody, and let none begin."""

        async def act(moderation: Moderation) -> str:
            return f"banned; {await moderation.ban(username)} sessions ended"

        do(config, act)

    @moderate.command()
    def unban(username: Username, config: ConfigOption = None) -> None:
        """Let somebody log in again."""

        async def act(moderation: Moderation) -> str:
            await moderation.unban(username)
            return "may log in again"

        do(config, act)

    @moderate.command()
    def verify(
        username: Username,
        off: Annotated[bool, typer.Option(help="Take the badge.")] = False,  # noqa: FBT002
        config: ConfigOption = None,
    ) -> None:
        """Give somebody the badge."""

        async def act(moderation: Moderation) -> str:
            await (moderation.unverify(username) if off else moderation.verify(username))
            return "no longer verified" if off else "verified"

        do(config, act)
