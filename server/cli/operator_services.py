"""Services that operator commands use, and the types by which the entry point provides them."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from actors.moderation.moderation import Moderation
from actors.operations.dead_letter_replay import DeadLetterReplay
from actors.operations.doctor import Doctor


@dataclass(frozen=True, slots=True)
class OperatorServices:
    moderation: Moderation
    doctor: Doctor
    replay: DeadLetterReplay


OpenOperatorServices = Callable[[Path | None], AbstractAsyncContextManager[OperatorServices]]
"""(configuration file) -> the services, open within the context, without a listening server."""

RunAsync = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs a coroutine function in a new event loop. Exits with a message if a store is unavailable."""

ConfigOption = Annotated[Path | None, typer.Option(help="TOML file that overrides the default settings.")]
