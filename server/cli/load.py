"""`run.py load`: the load tester's scenarios, and `prepare`, which makes their users in the store.

The scenarios speak to servers as any client does. Only `prepare` needs the stores: a registration over
HTTP costs a password hash, and thousands of those are a load of their own.
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
from server.cli.operator_services import ConfigOption, RunAsync
from storage.contracts.bulk_users import BulkUser, BulkUserStore

USERS_PER_BATCH: Final = 2000
DEFAULT_USERS_FILE: Final = Path("data") / "load" / "users.json"

OpenBulkUsers = Callable[[Path | None], AbstractAsyncContextManager[BulkUserStore]]
"""(configuration file) -> the User service's store, opened for as long as it lasts."""


def add_load(cli: typer.Typer, open_bulk_users: OpenBulkUsers, run_async: RunAsync) -> None:
    load = load_commands()
    cli.add_typer(load, name="load")
    console = Console()

    @load.command()
    def prepare(
        users: Annotated[int, typer.Option(min=1, max=200_000, help="How many.")],
        users_file: Annotated[Path, typer.Option(help="Where their tokens go.")] = DEFAULT_USERS_FILE,
        config: ConfigOption = None,
    ) -> None:
        """Make users and their tokens in the store, and a file of them for `--users-file`."""

        async def work() -> None:
            began = time.monotonic()
            people: list[LoadUser] = []
            async with open_bulk_users(config) as store:
                while len(people) < users:
                    people += await _create_batch(store, min(USERS_PER_BATCH, users - len(people)))
            write_users(users_file, people)
            console.print(
                f"{len(people)} users in {time.monotonic() - began:.1f} s, their tokens in {users_file}"
            )

        run_async(work)


async def _create_batch(store: BulkUserStore, count: int) -> list[LoadUser]:
    prefix = f"load_{secrets.token_hex(6)}"
    people = [LoadUser(str(uuid.uuid4()), new_token()) for _ in range(count)]
    newcomers = []
    for number, person in enumerate(people):
        known_by = hash_token(person.token)
        assert known_by is not None
        newcomers.append(BulkUser(person.id, f"{prefix}_{number}", known_by))
    await store.insert_users(newcomers, TOKEN_LIFETIME_S)
    return people
