"""`run.py replay`: what could not be taken in is shown, tried again, or given up."""

from typing import Annotated

import typer
from rich.console import Console

from server.cli.operator_services import ConfigOption, OpenOperatorServices, RunAsync


def add_replay(cli: typer.Typer, open_services: OpenOperatorServices, run_async: RunAsync) -> None:
    replay = typer.Typer(no_args_is_help=True, help="Dead letters, and feeds read again.")
    cli.add_typer(replay, name="replay")
    console = Console()

    @replay.command("list")
    def listed(config: ConfigOption = None) -> None:
        """Show the events that could not be taken in."""

        async def work() -> None:
            async with open_services(config) as operations:
                letters = await operations.replay.list_dead_letters()
                for letter in letters:
                    console.print(
                        letter.id, letter.consumer, letter.event.type, letter.event.key, letter.reason
                    )
                console.print(f"{len(letters)} dead letters")

        run_async(work)

    @replay.command("letters")
    def again(config: ConfigOption = None) -> None:
        """Try all of them again; what is taken goes."""
        failed = 0

        async def work() -> None:
            nonlocal failed
            async with open_services(config) as operations:
                for one in await operations.replay.replay_all():
                    failed += one.failure is not None
                    console.print(one.dead_letter.id, one.dead_letter.consumer, one.failure or "taken")

        run_async(work)
        raise typer.Exit(1 if failed else 0)

    @replay.command("drop")
    def drop(
        service: Annotated[str, typer.Argument(help="Whose letter: social, posts, events, ...")],
        letter_id: Annotated[int, typer.Argument(help="As `list` shows it.")],
        config: ConfigOption = None,
    ) -> None:
        """Give one up."""

        async def work() -> None:
            async with open_services(config) as operations:
                await operations.replay.delete_dead_letter(service, letter_id)

        run_async(work)

    @replay.command("feed")
    def feed(
        consumer: Annotated[str, typer.Argument(help="For instance notifications.posts.")],
        config: ConfigOption = None,
    ) -> None:
        """Have a consumer read its feed again from the start; harmless, and running instances do it."""
        known = False

        async def work() -> None:
            nonlocal known
            async with open_services(config) as operations:
                known = await operations.replay.reset_consumer(consumer)

        run_async(work)
        if not known:
            console.print("There is no such consumer.")
            raise typer.Exit(2)
