"""`run.py load`: the load tester's scenarios, and `prepare`, which creates users for them.

Scenarios use the public API only. `prepare` writes to the store directly: a registration over HTTP costs a
password hash, which is expensive for thousands of users.
"""

import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from actors.accounts.tokens import hash_token, new_token
from config.limits import TOKEN_LIFETIME_S
from loadtest.accounts.users_file import LoadUser, write_users
from loadtest.cli import load_commands
from server.cli.command_types import ConfigOption, RunAsync
from storage.contracts.bulk_users import BulkUser, BulkUserStore

USERS_PER_BATCH: Final = 2000
USERS_FILE: Final = Path("load") / "users.json"
"""Default, in the data folder."""

OpenBulkUsers = Callable[[Path | None], AbstractAsyncContextManager[BulkUserStore]]
"""(configuration file) -> the User service's store, open within the context."""


DataFolder = Callable[[Path | None], Path]
"""(configuration file) -> the folder of the embedded stores and of other data."""


def add_load(
    cli: typer.Typer, open_bulk_users: OpenBulkUsers, data_folder: DataFolder, run_async: RunAsync
) -> None:
    load = load_commands()
    cli.add_typer(load, name="load")
    console = Console()

    @load.command()
    def prepare(
        users: Annotated[int, typer.Option(min=1, max=200_000, help="Number of users to create.")],
        users_file: Annotated[
            Path | None,
            typer.Option(
                help="File to write the users and their tokens to.", show_default="in the data folder"
            ),
        ] = None,
        config: ConfigOption = None,
    ) -> None:
        """Create users with access tokens in the store, and write them to a file for `--users-file`."""

        async def work() -> None:
            started_at = time.monotonic()
            created: list[LoadUser] = []
            async with open_bulk_users(config) as store:
                while len(created) < users:
                    created += await _create_batch(store, min(USERS_PER_BATCH, users - len(created)))
            file = users_file or data_folder(config) / USERS_FILE
            write_users(file, created)
            elapsed_s = time.monotonic() - started_at
            console.print(f"Created {len(created)} users in {elapsed_s:.1f} s; wrote {file}")

        run_async(work)


async def _create_batch(store: BulkUserStore, count: int) -> list[LoadUser]:
    prefix = f"load_{secrets.token_hex(6)}"
    users = [LoadUser(str(uuid.uuid4()), new_token()) for _ in range(count)]
    records = []
    for number, user in enumerate(users):
        hashed_token = hash_token(user.token)
        assert hashed_token is not None
        records.append(BulkUser(user.id, f"{prefix}_{number}", hashed_token))
    await store.insert_users(records, TOKEN_LIFETIME_S)
    return users
