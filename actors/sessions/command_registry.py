"""All commands of the socket, by their struct."""

from typing import Final

import msgspec

from actors.protocol.commands import COMMAND_STRUCTS, Ping
from actors.protocol.results import PingResult
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from actors.sessions.command_registration import (
    CommandRateClass,
    CommandRegistration,
    CommandSession,
    ordered,
)
from actors.sessions.concurrent_commands import CONCURRENT_COMMANDS
from actors.sessions.message_commands import MESSAGE_COMMANDS
from actors.sessions.session_dependencies import SessionDependencies
from actors.sessions.session_opening import AUTHENTICATE


def ping(command: Ping, session: CommandSession, dependencies: SessionDependencies) -> PingResult:  # noqa: ARG001
    return PingResult(rfc3339_from_ms(now_ms()), session.position.position)


PING: Final = ordered(Ping, ping, rate_class=CommandRateClass.UNLIMITED, while_silenced=True)


def by_struct(*registrations: CommandRegistration) -> dict[type[msgspec.Struct], CommandRegistration]:
    """Return the registrations by struct, in the order of the declarations.

    Raises:
        TypeError: a member of the union `Command` is not registered exactly once.
    """
    registered = [registration.command for registration in registrations]
    wrong = [command.__name__ for command in COMMAND_STRUCTS if registered.count(command) != 1]
    if wrong:
        raise TypeError(f"Register each member of the union `Command` exactly once. Wrong: {wrong}.")
    registrations_by_struct = dict(zip(registered, registrations, strict=True))
    return {command: registrations_by_struct[command] for command in COMMAND_STRUCTS}


REGISTRATIONS: Final = by_struct(AUTHENTICATE, *MESSAGE_COMMANDS, *CONCURRENT_COMMANDS, PING)
