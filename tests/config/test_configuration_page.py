"""`docs/configuration.md` lists every setting and every variable, and is current."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\bCONVENE_[A-Z0-9_]*[A-Z0-9]\b")
FOLDERS = ("server", "actors", "storage", "config", "client", "loadtest", "examples", "deploy")
SUFFIXES = {".py", ".toml", ".yaml", ".yml", ".service", ".env"}


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "write_configuration", ROOT / "docs" / "write_configuration.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_current(script: ModuleType) -> None:
    """Run `python docs/write_configuration.py` after a change of the settings."""
    assert (ROOT / "docs" / "configuration.md").read_text() == script.configuration()


def test_each_setting_has_a_meaning(script: ModuleType) -> None:
    """The docstring below a field is its documentation."""
    settings = list(script.read_settings())

    assert len(settings) > 80
    assert [setting.name for setting in settings if not setting.meaning] == []


def test_each_variable_of_the_source_is_on_the_page(script: ModuleType) -> None:
    """No variable is read that an operator cannot find."""
    page = script.configuration()
    used: set[str] = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SUFFIXES:
                used |= set(VARIABLE.findall(path.read_text()))
    composed = {"CONVENE_X", "CONVENE_X_FILE", "CONVENE_LIMITS", "CONVENE_POSTGRES_URL", "CONVENE_TEST"}

    assert len(used) > 20
    assert {variable for variable in used - composed if f"`{variable}`" not in page} == set()
