"""Secrets from files: `CONVENE_X_FILE` instead of `CONVENE_X`."""

import re
from pathlib import Path

import msgspec
import pytest

from config.settings import ENVIRONMENT_VARIABLES, InvalidSettings, Settings, load_settings, secret_variables
from config.settings_layers import SECRET_FILE_BYTES_MAX

LOOKS_SECRET = re.compile(r"postgres|mongo_|redis|password|username|token|secret", re.IGNORECASE)
VALUES = {
    "postgres": "postgresql://u:hunter2@h/db",
    "mongo": "mongodb://u:hunter2@h/",
    "redis": "rediss://:hunter2@h",
    "ops_token": "hunter2hunter2hunter2",
}
MAIL = {
    "CONVENE_MAIL_HOST": "mail.example.org",
    "CONVENE_MAIL_SENDER": "convene@example.org",
    "CONVENE_MAIL_BASE_URL": "https://example.org",
}


def value_of(variable: str) -> str:
    """A valid value of a secret setting."""
    return next((value for part, value in VALUES.items() if part in variable.lower()), "hunter2")


def setting(settings: Settings, variable: str) -> object:
    section, name = ENVIRONMENT_VARIABLES[variable]
    return getattr(getattr(settings, section), name)


def test_every_setting_that_looks_like_a_secret_is_marked() -> None:
    """A new URL of a store, password or token cannot be forgotten, and has a variable."""
    variables = {field: variable for variable, field in ENVIRONMENT_VARIABLES.items()}
    looking = {
        variables[section.name, field.name]
        for section in msgspec.structs.fields(Settings)
        if section.name != "limits"
        for field in msgspec.structs.fields(section.type)
        if LOOKS_SECRET.search(field.name) and field.type is not bool and "str" in str(field.type)
    }
    assert len(looking) >= 10
    assert looking == set(secret_variables())


@pytest.mark.parametrize("variable", secret_variables())
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_secret_is_read_from_its_file(variable: str, ending: str, tmp_path: Path) -> None:
    """The newline at the end is no part of it."""
    environ = {**MAIL}
    for needed in ("CONVENE_MAIL_USERNAME", "CONVENE_MAIL_PASSWORD"):
        environ[needed] = "hunter2"
    environ.pop(variable, None)
    path = tmp_path / "secret"
    path.write_bytes((value_of(variable) + ending).encode())

    settings = load_settings(None, {**environ, f"{variable}_FILE": str(path)})

    assert setting(settings, variable) == value_of(variable)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("variable", secret_variables())
def test_secret_and_its_file_are_an_error(variable: str, tmp_path: Path) -> None:
    """Neither takes precedence, and neither is quoted."""
    path = tmp_path / "secret"
    path.write_text("hunter3")
    with pytest.raises(InvalidSettings, match=f"{variable} and {variable}_FILE are both set") as raised:
        load_settings(None, {variable: value_of(variable), f"{variable}_FILE": str(path)})
    assert "hunter" not in str(raised.value)


@pytest.mark.parametrize(
    "contents", [None, b"", b"\n", b"\xff", b"x" * (SECRET_FILE_BYTES_MAX + 1), b"http://hunter2"]
)
def test_errors_of_files_quote_nothing(contents: bytes | None, tmp_path: Path) -> None:
    """Missing, empty, too long, not text, not a valid value: one error, without path and contents."""
    path = tmp_path / "hunter3"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(InvalidSettings, match="CONVENE_MONGO_URL") as raised:
        load_settings(None, {"CONVENE_MONGO_URL_FILE": str(path)})
    assert len(raised.value.errors) == 1
    assert "hunter" not in str(raised.value)


def test_other_settings_have_no_files(tmp_path: Path) -> None:
    """Only secrets have."""
    with pytest.raises(InvalidSettings, match="CONVENE_PORT_FILE is unknown"):
        load_settings(None, {"CONVENE_PORT_FILE": str(tmp_path)})


def test_later_layers_take_precedence_over_the_configuration_file(tmp_path: Path) -> None:
    """A secret file counts as its variable."""
    config, secret = tmp_path / "own.toml", tmp_path / "secret"
    config.write_text('[stores]\nmongo_url = "mongodb://old/"\n')
    secret.write_text("mongodb://new/\n")
    settings = load_settings(config, {"CONVENE_MONGO_URL_FILE": str(secret)})
    assert settings.stores.mongo_url == "mongodb://new/"
