"""`run.py replay`: lists, retries and drops dead-lettered domain events, and rewinds consumers."""

from typing import Annotated

import typer

from server.cli.command_types import ConfigOption, OpenOperatorServices, RunAsync


def add_replay(cli: typer.Typer, open_services: OpenOperatorServices, run_async: RunAsync) -> None:
    replay = typer.Typer(
        no_args_is_help=True, help="Dead-lettered domain events, and rewinding of consumers."
    )
    cli.add_typer(replay, name="replay")

    @replay.command("list")
    def list_dead_letters(config: ConfigOption = None) -> None:
        """List the dead-lettered events."""

        async def work() -> None:
            async with open_services(config) as services:
                dead_letters = await services.replay.list_dead_letters()
                for dead_letter in dead_letters:
                    event = f"{dead_letter.event.type} {dead_letter.event.key}"
                    typer.echo(f"{dead_letter.id} {dead_letter.consumer} {event} {dead_letter.reason}")
                typer.echo(f"{len(dead_letters)} dead letters")

        run_async(work)

    @replay.command("retry")
    def retry(config: ConfigOption = None) -> None:
        """Retry all dead-lettered events; those that succeed are removed."""
        failed = 0

        async def work() -> None:
            nonlocal failed
            async with open_services(config) as services:
                results = await services.replay.replay_all()
                for result in results:
                    failed += result.failure is not None
                    dead_letter = result.dead_letter
                    typer.echo(f"{dead_letter.id} {dead_letter.consumer} {result.failure or 'handled'}")
                typer.echo(f"{len(results) - failed} handled, {failed} failed")

        run_async(work)
        raise typer.Exit(1 if failed else 0)

    @replay.command("drop")
    def drop(
        service: Annotated[str, typer.Argument(help="Service of the consumer: social, posts, events, ...")],
        dead_letter_id: Annotated[int, typer.Argument(help="Id shown by `replay list`.")],
        config: ConfigOption = None,
    ) -> None:
        """Delete a dead-lettered event without handling it."""

        async def work() -> None:
            async with open_services(config) as services:
                await services.replay.delete_dead_letter(service, dead_letter_id)
                typer.echo("dropped")

        run_async(work)

    @replay.command("rewind")
    def rewind(
        consumer: Annotated[str, typer.Argument(help="Consumer name, such as notifications.posts.")],
        config: ConfigOption = None,
    ) -> None:
        """Make a consumer handle all retained domain events again.

        Safe: consumers are idempotent. The running instances do the work.
        """
        known = False

        async def work() -> None:
            nonlocal known
            async with open_services(config) as services:
                known = await services.replay.reset_consumer(consumer)

        run_async(work)
        if not known:
            typer.echo(f"No consumer is named {consumer}.")
            raise typer.Exit(2)
        typer.echo("rewound")
