"""Merges layers of settings field by field and reports all errors at once.

Sections and fields are those of the struct that is built. Errors do not quote values, which may be secrets.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin

import msgspec

PREFIX: Final = "CONVENE_"
LIMITS_PREFIX: Final = "CONVENE_LIMITS_"
IGNORED_PREFIXES: Final = ("CONVENE_TEST_", "CONVENE_CONFIG")
FILE_SUFFIX: Final = "_FILE"
SECRET_FILE_BYTES_MAX: Final = 16_384
SECRET: Final = msgspec.Meta(extra={"secret": True})
"""Marks the type of a setting whose value is a secret: `CONVENE_X_FILE` may name a file with the value."""

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class InvalidSettings(Exception):  # noqa: N818 - reads as what it says
    """The configuration is invalid. `errors` has one text per problem."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("Invalid configuration:\n" + "\n".join(f"- {error}" for error in errors))
        self.errors = errors


def is_secret(field_type: Any) -> bool:
    """Whether a type, or a member of a union, is marked with `SECRET`."""
    if get_origin(field_type) is Annotated:
        return SECRET in get_args(field_type)[1:]
    return any(is_secret(member) for member in get_args(field_type))


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
        for variable, text in sorted(self._with_secret_files(environ, variables).items()):
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

    def _with_secret_files(
        self, environ: Mapping[str, str], variables: Mapping[str, tuple[str, str]]
    ) -> dict[str, str]:
        """Replace `CONVENE_X_FILE` by `CONVENE_X` with the contents of the file, for every secret X."""
        found = dict(environ)
        for variable, (section, name) in variables.items():
            path = found.pop(variable + FILE_SUFFIX, None) if self._is_secret(section, name) else None
            if path is None:
                continue
            if variable in environ:
                self._errors.append(f"{variable} and {variable}{FILE_SUFFIX} are both set; set one of them.")
                continue
            try:
                found[variable] = _read_secret(Path(path))
            except (OSError, ValueError) as error:
                # Without the path: it may be the secret itself.
                reason = error.strerror if isinstance(error, OSError) else error
                self._errors.append(f"{variable}{FILE_SUFFIX}: cannot be read ({reason}).")
        return found

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
        return self._field(section, name).default

    def _is_secret(self, section: str, name: str) -> bool:
        return is_secret(self._field(section, name).type)

    def _field(self, section: str, name: str) -> msgspec.structs.FieldInfo:
        fields = msgspec.structs.fields(self._sections[section])
        return next(field for field in fields if field.name == name)


def _read_secret(path: Path) -> str:
    """Return the text of a file without the newline at its end. Raises `OSError` and `ValueError`."""
    with path.open("rb") as file:
        contents = file.read(SECRET_FILE_BYTES_MAX + 1)
    if len(contents) > SECRET_FILE_BYTES_MAX:
        raise ValueError(f"it is longer than {SECRET_FILE_BYTES_MAX} bytes")
    try:
        text = contents.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")


def _is_positive(value: object) -> bool:
    numbers = value if isinstance(value, tuple) else (value,)
    return bool(numbers) and all(isinstance(number, int | float) and 0 < number < 1e18 for number in numbers)


def _redact_value(error: str) -> str:
    """Remove a rejected value from the message: it may be a secret in the wrong place."""
    return "is not one of the allowed values" if error.startswith("Invalid enum value") else error.rstrip(".")


def _comma_separated(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(names))
