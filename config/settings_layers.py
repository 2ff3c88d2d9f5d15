"""Merges layers of settings field by field and reports all errors at once.

Sections and fields are those of the struct that is built. Errors do not quote values, which may be secrets.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

PREFIX: Final = "CONVENE_"
LIMITS_PREFIX: Final = "CONVENE_LIMITS_"
IGNORED_PREFIXES: Final = ("CONVENE_TEST_", "CONVENE_CONFIG")

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class InvalidSettings(Exception):  # noqa: N818 - reads as what it says
    """The configuration is invalid. `errors` has one text per problem."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("Invalid configuration:\n" + "\n".join(f"- {error}" for error in errors))
        self.errors = errors


class SettingsLayers(Generic[SettingsT]):
    """Values by section and field. Layers that are added later override earlier ones."""

    def __init__(self, settings_type: type[SettingsT]) -> None:
        self._settings_type = settings_type
        self._sections: dict[str, type[msgspec.Struct]] = {
            section.name: section.type for section in msgspec.structs.fields(settings_type)
        }
        self._values: dict[str, dict[str, object]] = {name: {} for name in self._sections}
        self._errors: list[str] = []

    def add_file(self, path: Path) -> None:
        try:
            read = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            self._errors.append(f"{path}: cannot be read ({error.strerror}).")
            return
        except tomllib.TOMLDecodeError as error:
            self._errors.append(f"{path}: is not TOML ({error}).")
            return
        except UnicodeDecodeError:
            self._errors.append(f"{path}: is not UTF-8.")
            return
        for section, values in read.items():
            if section not in self._sections:
                self._errors.append(
                    f"{path}: unknown section [{section}]; sections are {_comma_separated(self._sections)}."
                )
            elif not isinstance(values, dict):
                self._errors.append(f"{path}: {section} must be a section: [{section}].")
            else:
                for name, value in values.items():
                    self._add(section, name, value, f"{path}: [{section}] {name}", strict=True)

    def add_variables(self, environ: Mapping[str, str], variables: Mapping[str, tuple[str, str]]) -> None:
        limits = {
            LIMITS_PREFIX + field.name.upper(): ("limits", field.name)
            for field in msgspec.structs.fields(self._sections["limits"])
        }
        known = {**variables, **limits}
        for variable, text in sorted(environ.items()):
            if not variable.startswith(PREFIX) or variable.startswith(IGNORED_PREFIXES):
                continue
            if variable not in known:
                similar = limits if variable.startswith(LIMITS_PREFIX) else variables
                self._errors.append(f"{variable} is unknown. Known variables: {_comma_separated(similar)}.")
                continue
            section, name = known[variable]
            is_list = isinstance(self._default(section, name), tuple)
            value = [part.strip() for part in text.split(",")] if is_list else text
            self._add(section, name, value, variable, strict=False)

    def build(self) -> SettingsT:
        if self._errors:
            raise InvalidSettings(self._errors)
        try:
            return msgspec.convert(self._values, self._settings_type)
        except msgspec.ValidationError as error:
            # Every value is valid by itself; a section rejects their combination.
            raise InvalidSettings([str(error)]) from None

    def _add(self, section: str, name: str, value: object, source: str, *, strict: bool) -> None:
        fields = {field.name: field for field in msgspec.structs.fields(self._sections[section])}
        if name not in fields:
            self._errors.append(f"{source}: unknown. Known names: {_comma_separated(fields)}.")
            return
        try:
            converted: Any = msgspec.convert(value, fields[name].type, strict=strict)
        except msgspec.ValidationError as error:
            self._errors.append(f"{source}: {_redact_value(str(error))}.")
            return
        if section == "limits" and not _is_positive(converted):
            self._errors.append(f"{source}: must be greater than 0.")
            return
        self._values[section][name] = converted

    def _default(self, section: str, name: str) -> object:
        fields = msgspec.structs.fields(self._sections[section])
        return next(field.default for field in fields if field.name == name)


def _is_positive(value: object) -> bool:
    numbers = value if isinstance(value, tuple) else (value,)
    return bool(numbers) and all(isinstance(number, int | float) and 0 < number < 1e18 for number in numbers)


def _redact_value(error: str) -> str:
    """Remove a rejected value from the message: it may be a secret in the wrong place."""
    return "is not one of the allowed values" if error.startswith("Invalid enum value") else error.rstrip(".")


def _comma_separated(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(names))
