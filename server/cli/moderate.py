"""`run.py moderate`: lists and resolves reports, hides posts, bans and verifies users, gives roles."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from actors.moderation.command_line_moderation import CommandLineModeration
from actors.protocol.errors import ApiError
from server.cli.command_types import ConfigOption, OpenOperatorServices, RunAsync
from storage.contracts.users import Role

Username = Annotated[str, typer.Argument(help="Username of the account.")]
REPORTS_SHOWN = 100


def add_moderate(cli: typer.Typer, open_services: OpenOperatorServices, run_async: RunAsync) -> None:
    moderate = typer.Typer(no_args_is_help=True, help="Reports, hidden posts, bans, roles and badges.")
    cli.add_typer(moderate, name="moderate")

    def run_action(config: ConfigOption, action: Callable[[CommandLineModeration], Awaitable[str]]) -> None:
        failed = False

        async def work() -> None:
            nonlocal failed
            async with open_services(config) as services:
                try:
                    typer.echo(await action(services.moderation))
                except ApiError as error:
                    failed = True
                    typer.echo(error.detail)

        run_async(work)
        raise typer.Exit(1 if failed else 0)

    @moderate.command()
    def reports(config: ConfigOption = None) -> None:
        """List the open reports, the oldest first."""

        async def action(moderation: CommandLineModeration) -> str:
            page = await moderation.list_open_reports(None, REPORTS_SHOWN)
            for report in page.items:
                typer.echo(f"{report.id} {report.kind} {report.target_id} {report.reason!r}")
            return f"{len(page.items)}{' or more' if page.next_key else ''} open reports"

        run_action(config, action)

    @moderate.command()
    def resolve(
        report_id: str,
        resolution: Annotated[str, typer.Argument(help="Action taken, for the record.")],
        config: ConfigOption = None,
    ) -> None:
        """Close a report."""

        async def action(moderation: CommandLineModeration) -> str:
            await moderation.resolve_report(report_id, resolution)
            return "resolved"

        run_action(config, action)

    @moderate.command()
    def hide(post_id: str, config: ConfigOption = None) -> None:
        """Hide a post from all but its author and moderators."""

        async def action(moderation: CommandLineModeration) -> str:
            await moderation.hide_post(post_id)
            return "hidden"

        run_action(config, action)

    @moderate.command()
    def restore(post_id: str, config: ConfigOption = None) -> None:
        """Show a hidden post again."""

        async def action(moderation: CommandLineModeration) -> str:
            await moderation.restore_post(post_id)
            return "restored"

        run_action(config, action)

    @moderate.command()
    def role(
        username: Username,
        role: Annotated[Role | None, typer.Argument(help="Without one the user's role is taken.")] = None,
        config: ConfigOption = None,
    ) -> None:
        """Make a user admin or moderator, the first admin too, or take the role."""

        async def action(moderation: CommandLineModeration) -> str:
            await moderation.set_role(username, role)
            return "no role" if role is None else role.value

        run_action(config, action)

    @moderate.command()
    def ban(username: Username, config: ConfigOption = None) -> None:
        """Ban a user: end all sessions and reject logins."""

        async def action(moderation: CommandLineModeration) -> str:
            return f"banned; {await moderation.ban(username)} sessions ended"

        run_action(config, action)

    @moderate.command()
    def unban(username: Username, config: ConfigOption = None) -> None:
        """Lift a ban."""

        async def action(moderation: CommandLineModeration) -> str:
            await moderation.unban(username)
            return "unbanned"

        run_action(config, action)

    @moderate.command()
    def verify(
        username: Username,
        off: Annotated[bool, typer.Option(help="Remove the badge.")] = False,  # noqa: FBT002
        config: ConfigOption = None,
    ) -> None:
        """Give a user the verified badge."""

        async def action(moderation: CommandLineModeration) -> str:
            await (moderation.unverify(username) if off else moderation.verify(username))
            return "no longer verified" if off else "verified"

        run_action(config, action)
