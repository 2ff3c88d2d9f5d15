"""Types by which the command line provides services to its commands."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from server.operator_services import OperatorServices

OpenOperatorServices = Callable[[Path | None], AbstractAsyncContextManager[OperatorServices]]
"""(configuration file) -> the services, open within the context, without a listening server."""

RunAsync = Callable[[Callable[[], Awaitable[None]]], None]
"""Runs a coroutine function in a new event loop. Exits with a message if a store is unavailable."""

ConfigOption = Annotated[Path | None, typer.Option(help="TOML file that overrides the default settings.")]
