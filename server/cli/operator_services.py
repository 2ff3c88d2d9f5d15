"""What commands work with: the house opened, with nobody listening. It holds; it does nothing."""

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
"""(configuration file) -> the house, opened for as long as it lasts."""

RunAsync = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs work in a loop of its own, and ends the program with a plain word where the stores are away."""

ConfigOption = Annotated[Path | None, typer.Option(help="A TOML file over the defaults.")]
