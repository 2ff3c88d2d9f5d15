"""Output and exit status of the operator commands."""

import pytest

from config.settings import Settings
from storage.embedded import StoreUrls
from tests.operations.operator_commands import run_command, run_process


@pytest.mark.parametrize(
    ("arguments", "expected_status", "expected_output"),
    [
        (("doctor",), 0, "All checks passed."),
        (("replay", "list"), 0, "0 dead letters"),
        (("replay", "retry"), 0, "0 handled, 0 failed"),
        (("replay", "rewind", "nobody.at_all"), 2, "No consumer is named nobody.at_all."),
        (("moderate", "reports"), 0, "0 open reports"),
        (("moderate", "ban", "nobody"), 1, "No such user."),
        (("moderate", "hide", "nothing"), 1, "No such post."),
        (("moderate", "restore", "nothing"), 1, "No such post."),
        (("moderate", "role", "nobody", "admin"), 1, "No such user."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_commands_report_result_and_exit_status(
    own_settings: Settings,
    own_stores: StoreUrls,
    arguments: tuple[str, ...],
    expected_status: int,
    expected_output: str,
) -> None:
    """Each command prints its result and exits with a status for scripts."""
    status, output = await run_command(own_settings, own_stores, *arguments)

    assert (status, expected_output in output) == (expected_status, True), output


@pytest.mark.parametrize(
    ("arguments", "expected_status", "expected_output"),
    [
        (("doctor",), 0, "All checks passed."),
        (("moderate", "ban", "nobody"), 1, "No such user."),
    ],
    ids=["doctor", "moderate"],
)
async def test_run_py_runs_the_commands(
    own_settings: Settings,
    own_stores: StoreUrls,
    arguments: tuple[str, ...],
    expected_status: int,
    expected_output: str,
) -> None:
    """As a process with the settings from its environment."""
    status, output = await run_process(own_settings, own_stores, *arguments)

    assert (status, expected_output in output) == (expected_status, True), output


async def test_commands_do_not_warn_of_what_concerns_a_server(
    own_settings: Settings, own_stores: StoreUrls
) -> None:
    """That mail is refused, with the log format of production and no mail server."""
    variables = {"CONVENE_LOG_FORMAT": "json"}
    status, output = await run_process(own_settings, own_stores, "replay", "list", variables=variables)
    assert (status, output.splitlines()[0]) == (0, "0 dead letters")
    assert "mail" not in output
