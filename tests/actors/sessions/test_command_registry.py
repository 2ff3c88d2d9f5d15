"""Each command of the protocol is registered once, and everything that lists commands follows it."""

import inspect
import typing

import msgspec
import pytest

from actors.protocol.commands import COMMAND_STRUCTS, Authenticate, Ping, SendMessage, result_type
from actors.protocol.errors import ERROR_SPECS
from actors.protocol.server_frames import Ok, Ready
from actors.sessions.command_registration import CommandRateClass, concurrent, ordered
from actors.sessions.command_registry import PING, REGISTRATIONS, by_struct
from config.limits import Limits


def test_every_command_is_registered() -> None:
    """In the order of the union of commands, each under its struct."""
    assert tuple(REGISTRATIONS) == COMMAND_STRUCTS
    assert all(registration.command is command for command, registration in REGISTRATIONS.items())


def test_missing_or_repeated_registration_is_an_error() -> None:
    """The error names the command."""
    registrations = list(REGISTRATIONS.values())
    with pytest.raises(TypeError, match="SendMessage"):
        by_struct(*(item for item in registrations if item.command is not SendMessage))
    with pytest.raises(TypeError, match="Ping"):
        by_struct(*registrations, PING)


@pytest.mark.parametrize("registration", REGISTRATIONS.values(), ids=lambda item: item.frame_type)
def test_reply_is_the_declared_result(registration: typing.Any) -> None:
    """`ok` with the result of the struct, which the handler returns; `ready` for `authenticate`."""
    if registration.command is Authenticate:
        assert registration.reply is Ready
        return
    assert registration.reply == Ok.__class_getitem__(result_type(registration.command))  # type: ignore[attr-defined]
    returned = typing.get_type_hints(registration.run)["return"]
    assert returned in {result_type(registration.command), type(None)}


@pytest.mark.parametrize("registration", REGISTRATIONS.values(), ids=lambda item: item.frame_type)
def test_errors_and_limits_exist(registration: typing.Any) -> None:
    """Error codes are those of the contract, and a rate class names fields of the limits."""
    assert set(registration.errors) <= ERROR_SPECS.keys()
    assert set(registration.rate_class.value) <= set(Limits.__struct_fields__)
    assert ("rate.limited" in registration.errors) == (
        registration.rate_class is not CommandRateClass.UNLIMITED
    )


def test_concurrent_handlers_are_coroutines_and_ordered_ones_are_not() -> None:
    """An ordered command does not wait: it would delay the frames after it."""
    for registration in REGISTRATIONS.values():
        expected = registration.ordering == "concurrent"
        assert inspect.iscoroutinefunction(registration.run) == expected, registration.frame_type


def test_registration_adds_the_errors_that_every_command_has() -> None:
    """`auth.required` and `request.invalid`; others if it is limited, waits or is refused to the silenced."""

    async def wait(*_: object) -> msgspec.Struct:
        raise NotImplementedError

    unlimited = ordered(Ping, lambda *_: None, rate_class=CommandRateClass.UNLIMITED, while_silenced=True)
    assert unlimited.errors == ("auth.required", "request.invalid")
    assert {"rate.limited", "user.silenced", "server.unavailable"} <= set(concurrent(Ping, wait).errors)
