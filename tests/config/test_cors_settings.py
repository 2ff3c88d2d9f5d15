"""The `cors_origins` setting."""

from pathlib import Path

import pytest

from config.settings import InvalidSettings, load_settings

VARIABLE = "CONVENE_CORS_ORIGINS"


def test_origins_are_read_from_the_file_or_a_comma_separated_variable(tmp_path: Path) -> None:
    """The default is empty, and the variable overrides the file."""
    path = tmp_path / "own.toml"
    path.write_text('[server]\ncors_origins = ["https://a.example"]\n')
    assert load_settings(None, {}).server.cors_origins == ()
    assert load_settings(path, {}).server.cors_origins == ("https://a.example",)
    settings = load_settings(path, {VARIABLE: "https://b.example, http://localhost:5173"})
    assert settings.server.cors_origins == ("https://b.example", "http://localhost:5173")
    assert load_settings(None, {VARIABLE: "*"}).server.cors_origins == ("*",)


@pytest.mark.parametrize("origin", ["a.example", "https://a.example/", "https://*.a.example", "null", ""])
def test_invalid_origin_is_rejected_at_startup(origin: str) -> None:
    """A value that a browser never sends as an origin could never match."""
    with pytest.raises(InvalidSettings, match=VARIABLE):
        load_settings(None, {VARIABLE: f"https://b.example,{origin}"})
