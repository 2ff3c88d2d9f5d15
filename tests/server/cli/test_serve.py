"""Child processes of `--instances N` get every setting of their parent."""

from pathlib import Path

import msgspec
import pytest

from config.settings import load_settings
from server.cli.serve import child_environment
from storage.embedded import StoreUrls

URLS = StoreUrls(
    postgres="postgresql://u@localhost/postgres", mongo="mongodb://localhost/", redis="redis://localhost"
)

CONFIG = """
[server]
host = "0.0.0.0"
port = 9000
trusted_proxies = 2
requests_per_s = 7
cors_origins = ["https://example.org"]

[limits]
messages_per_s = 5
head_announce_delays_s = [1.0, 2.0]

[mail]
host = "mail.example.org"
sender = "convene@example.org"
base_url = "https://example.org"

[log]
format = "json"
level = "WARNING"
"""


def test_children_load_the_settings_of_their_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, the variables and the options reach a child; only the port and the store URLs differ."""
    config = tmp_path / "own.toml"
    config.write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVENE_LIMITS_LOGINS_PER_S", "3")
    parent = load_settings(config, {"CONVENE_LIMITS_LOGINS_PER_S": "3", "CONVENE_HOST": "127.0.0.1"})

    child = load_settings(None, child_environment(parent, Path("own.toml"), URLS, 9001))

    assert child.stores.postgres_url == URLS.postgres
    assert child.stores.postgres_url_users is None
    assert child.server == msgspec.structs.replace(parent.server, port=9001)
    assert child.limits == parent.limits
    assert child.mail == parent.mail
    assert child.log == parent.log


def test_children_do_not_get_the_administrator() -> None:
    """Where the services have roles of their own."""
    urls = msgspec.structs.replace(
        URLS, postgres_by_service={"users": "postgresql://convene_users:secret@localhost/convene_users"}
    )
    environment = child_environment(load_settings(None, {}), None, urls, 9001)
    assert environment["CONVENE_POSTGRES_URL_USERS"] == urls.postgres_by_service["users"]
    assert URLS.postgres not in environment.values()
