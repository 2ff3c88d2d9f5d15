"""Which origins an operator may name."""

from pathlib import Path

import pytest

from config.settings import InvalidSettings, load_settings

VARIABLE = "CONVENE_CORS_ORIGINS"


def test_origins_come_from_a_file_or_with_commas(tmp_path: Path) -> None:
    """None as shipped; the variable beats the file."""
    path = tmp_path / "own.toml"
    path.write_text('[server]\ncors_origins = ["https://a.example"]\n')
    assert load_settings(None, {}).server.cors_origins == ()
    assert load_settings(path, {}).server.cors_origins == ("https://a.example",)
    named = load_settings(path, {VARIABLE: "https://b.example, http://localhost:5173"})
    assert named.server.cors_origins == ("https://b.example", "http://localhost:5173")
    assert load_settings(None, {VARIABLE: "*"}).server.cors_origins == ("*",)


@pytest.mark.parametrize("origin", ["a.example", "https://a.example/", "https://*.a.example", "null", ""])
def test_what_a_browser_never_sends_is_no_origin(origin: str) -> None:
    """A slip is told at the start: as an origin it would never match."""
    with pytest.raises(InvalidSettings, match=VARIABLE):
        load_settings(None, {VARIABLE: f"https://b.example,{origin}"})
