"""Settings from defaults, a file and environment variables."""

from pathlib import Path

import msgspec
import pytest

from config.limits import Limits
from config.settings import DEFAULTS_FILE, InvalidSettings, Settings, load_settings

REPOSITORY = Path(__file__).parents[2]


def test_defaults_listen_on_loopback_with_embedded_stores() -> None:
    """Without configuration the settings equal the struct defaults."""
    settings = load_settings(None, {})
    assert settings == Settings()
    assert settings.stores.postgres_url is None
    assert settings.server.host == "127.0.0.1"


def test_production_file_only_tightens_limits() -> None:
    """The production file loads, and every limit in it is below the default."""
    settings = load_settings(REPOSITORY / "config" / "production.toml", {})
    default = Limits()
    for field in msgspec.structs.fields(Limits):
        if getattr(settings.limits, field.name) != getattr(default, field.name):
            assert getattr(settings.limits, field.name) < getattr(default, field.name)
    assert settings.limits != default
    assert settings.log.format == "json"


def test_variables_override_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    """Later layers take precedence."""
    path = tmp_path / "own.toml"
    path.write_text(
        '[server]\nport = 1000\nhost = "::1"\n'
        "[limits]\nmessages_per_s = 7\nhead_announce_delays_s = [1, 2.5]\n"
    )
    environ = {
        "CONVENE_PORT": "2000",
        "CONVENE_LIMITS_LOGINS_PER_S": "3",
        "CONVENE_POSTGRES_URL": "postgresql://u:p@h/db",
        "CONVENE_POSTGRES_URL_USERS": "postgres://u:p@h/users",
        "CONVENE_MONGO_URL": "mongodb://h",
        "CONVENE_REDIS_URL": "unix:///run/redis.sock",
        "CONVENE_DATA_DIR": "/var/lib/convene",
        "CONVENE_LOG_LEVEL": "DEBUG",
        "CONVENE_LOG_FORMAT": "json",
        "CONVENE_HOST": "0.0.0.0",
        "HOME": "/root",
    }
    settings = load_settings(path, environ)
    assert (settings.server.port, settings.server.host) == (2000, "0.0.0.0")
    assert (settings.limits.messages_per_s, settings.limits.logins_per_s) == (7, 3)
    assert settings.limits.head_announce_delays_s == (1.0, 2.5)
    assert settings.stores.postgres_url_users == "postgres://u:p@h/users"
    assert settings.stores.data_dir == "/var/lib/convene"
    assert (settings.log.level, settings.log.format) == ("DEBUG", "json")


def test_list_settings_are_read_from_comma_separated_variables() -> None:
    """Spaces around the items are ignored."""
    settings = load_settings(None, {"CONVENE_LIMITS_HEAD_ANNOUNCE_DELAYS_S": "0.5, 2"})
    assert settings.limits.head_announce_delays_s == (0.5, 2.0)


def test_config_variable_names_the_file(tmp_path: Path) -> None:
    """`CONVENE_CONFIG` is used if no path is given; a path takes precedence."""
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text("[server]\nport = 1\n")
    second.write_text("[server]\nport = 2\n")
    assert load_settings(None, {"CONVENE_CONFIG": str(first)}).server.port == 1
    assert load_settings(second, {"CONVENE_CONFIG": str(first)}).server.port == 2


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    """`InvalidSettings` lists every error of the file and the variables, without secret values."""
    path = tmp_path / "own.toml"
    path.write_text('limits = 5\n[sever]\nport = 1\n[server]\nport = "x"\nprot = 1\n[log]\nlevel = "LOUD"\n')
    environ = {
        "CONVENE_PORT": "70000",
        "CONVENE_PROT": "1",
        "CONVENE_LIMITS_HEARTBEAT": "1",
        "CONVENE_LIMITS_HEARTBEAT_MS": "0",
        "CONVENE_LIMITS_HEAD_ANNOUNCE_DELAYS_S": "1,-1",
        "CONVENE_MONGO_URL": "http://user:hunter2@h",
        "CONVENE_LOG_FORMAT": "hunter2",
        "CONVENE_TEST_LONG": "1",
    }
    with pytest.raises(InvalidSettings) as raised:
        load_settings(path, environ)
    errors = raised.value.errors
    expected = [
        "limits must be a section",
        "unknown section [sever]",
        "[server] port",
        "[server] prot: unknown",
        "[log] level",
        "CONVENE_PORT",
        "CONVENE_PROT is unknown",
        "CONVENE_LIMITS_HEARTBEAT is unknown",
        "CONVENE_LIMITS_HEARTBEAT_MS: must be greater than 0",
        "CONVENE_LIMITS_HEAD_ANNOUNCE_DELAYS_S: must be greater than 0",
        "CONVENE_MONGO_URL",
        "CONVENE_LOG_FORMAT",
    ]
    for text in expected:
        assert any(text in error for error in errors), text
    assert len(errors) == len(expected)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("text", ["[server", "\x00", "port = 1\nport = 2"])
def test_invalid_or_missing_file_is_reported(tmp_path: Path, text: str) -> None:
    """An unreadable file is one error among the others."""
    path = tmp_path / "own.toml"
    path.write_text(text)
    for broken in (path, tmp_path / "none.toml"):
        with pytest.raises(InvalidSettings) as raised:
            load_settings(broken, {"CONVENE_X": "1"})
        assert len(raised.value.errors) == 2


def test_text_forms_of_the_settings_hide_store_urls() -> None:
    """`repr` and `str` contain no password."""
    settings = load_settings(None, {"CONVENE_POSTGRES_URL": "postgresql://u:hunter2@h/db"})
    assert "hunter2" not in f"{settings!r} {settings!s} {settings.stores}"


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "2000::/3", "10.0.0.1/8", "proxy"])
def test_everyone_is_no_proxy(network: str) -> None:
    """Networks of proxies are networks, and not the internet."""
    with pytest.raises(InvalidSettings, match="proxy_networks"):
        load_settings(None, {"CONVENE_PROXY_NETWORKS": f"127.0.0.0/8,{network}"})


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({}, True),
        ({"CONVENE_HOST": "::1"}, True),
        ({"CONVENE_HOST": "0.0.0.0"}, False),
        ({"CONVENE_HOST": "example.org"}, False),
        ({"CONVENE_TRUSTED_PROXIES": "1"}, False),
        ({"CONVENE_MANAGEMENT_PORT": "9090"}, False),
    ],
)
def test_details_are_shown_to_this_machine_only(environ: dict[str, str], shown: bool) -> None:
    """Unless they are on a port of their own."""
    assert load_settings(None, environ).server.shows_details == shown


def test_the_production_file_names_its_proxies() -> None:
    """And keeps metrics off the public port."""
    server = load_settings(DEFAULTS_FILE.with_name("production.toml"), {}).server
    assert server.trusted_proxies == 1
    assert server.proxy_networks
    assert server.management_port is not None
    assert not server.shows_details
