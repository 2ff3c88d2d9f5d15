"""`run.py backup` and `run.py restore`: all stores into a folder, and back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from actors.operations.backup import Backup
from server.cli.command_types import ConfigOption, RunAsync
from storage.contracts.backups import RestoreRefused

OpenBackup = Callable[[Path | None], AbstractAsyncContextManager[Backup]]
"""(configuration file) -> the stores, open within the context."""


def add_backup(cli: typer.Typer, open_backup: OpenBackup, run_async: RunAsync) -> None:
    @cli.command()
    def backup(
        folder: Annotated[Path, typer.Argument(help="New folder of the backup.")], config: ConfigOption = None
    ) -> None:
        """Back up the databases and the messaging store into a folder. Instances may run.

        The folder contains secrets: password hashes, e-mail addresses, messages. Only you can read it.
        """

        async def work() -> None:
            with _explain_refusal("Nothing was backed up"):
                async with open_backup(config) as backups:
                    manifest = await backups.dump(folder)
            size = sum(file.bytes for file in manifest.files)
            typer.echo(f"Backup of {manifest.started_at} is complete: {folder}, {size / 1e6:.1f} MB")

        run_async(work)

    @cli.command()
    def restore(
        folder: Annotated[Path, typer.Argument(help="Folder of a backup.")],
        overwrite: Annotated[  # noqa: FBT002 - the form of an option
            bool, typer.Option("--overwrite", help="Replace what the stores contain.")
        ] = False,
        only: Annotated[
            list[str] | None, typer.Option(help="Store to restore, such as posts; may be repeated.")
        ] = None,
        config: ConfigOption = None,
    ) -> None:
        """Restore a backup. Stop all instances first. Stores with data need `--overwrite`."""

        async def work() -> None:
            with _explain_refusal("The backup was not restored"):
                async with open_backup(config) as backups:
                    manifest = await backups.restore(folder, overwrite=overwrite, only=only or ())
            typer.echo(f"Restored the backup of {manifest.started_at}.")
            typer.echo("Start an instance, which reads the retained events, then run `run.py doctor`.")

        run_async(work)


@contextmanager
def _explain_refusal(consequence: str) -> Iterator[None]:
    try:
        yield
    except (RestoreRefused, FileExistsError) as refused:
        typer.echo(f"{consequence}: {refused}", err=True)
        raise typer.Exit(1) from None
