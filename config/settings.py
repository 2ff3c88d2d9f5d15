"""Settings: `default.toml`, then the configuration file, then `CONVENE_*` variables; later ones override.

All errors are reported together. An error names its source and does not quote the value, which may be a
secret. The repr of settings contains no URL and no password.

A secret may be in a file: `CONVENE_X_FILE` names the file that contains the value of `CONVENE_X`.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from config.limits import Limits
from config.settings_layers import SECRET, InvalidSettings, SettingsLayers, is_secret

__all__ = [
    "InvalidSettings",
    "LogSettings",
    "MailSettings",
    "OpsSettings",
    "PrivacyDefaults",
    "RegistrationSettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "TracingSettings",
    "load_settings",
]

DEFAULTS_FILE: Final = Path(__file__).with_name("default.toml")
CONFIG_FILE_VARIABLE: Final = "CONVENE_CONFIG"

Url = Annotated[str, Meta(min_length=1, max_length=2000)]
PostgresUrl = Annotated[Url, SECRET, Meta(pattern=r"^postgres(ql)?://")]
MongoUrl = Annotated[Url, SECRET, Meta(pattern=r"^mongodb(\+srv)?://")]
RedisUrl = Annotated[Url, SECRET, Meta(pattern=r"^(redis|rediss|unix)://")]
WebUrl = Annotated[Url, Meta(pattern=r"^https?://[^\s#?]+$")]
NonEmptyText = Annotated[str, Meta(min_length=1, max_length=1000)]
SecretText = Annotated[NonEmptyText, SECRET]
OpsToken = Annotated[str, SECRET, Meta(min_length=16, max_length=1000, pattern=r"^[\x21-\x7e]+$")]
FilePath = Annotated[str, Meta(min_length=1, max_length=4000)]

PROXY_PREFIX_MIN: Final = {4: 8, 6: 16}
"""Shortest prefix of a network of proxies, by IP version."""

Origin = Annotated[str, Meta(pattern=r"^(\*|https?://[^/\s,*]+)$", max_length=300)]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on that host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_proxy_network(network: str) -> None:
    """Raise `ValueError` for what is no network, or includes addresses that anyone can have."""
    try:
        parsed = ipaddress.ip_network(network)
    except ValueError:
        raise ValueError("proxy_networks must be IP networks, as 10.0.0.0/24") from None
    if parsed.prefixlen < PROXY_PREFIX_MIN[parsed.version]:
        raise ValueError("proxy_networks must name your proxies, not everyone: use a longer prefix")


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The listener, and request limits per caller.

    `trusted_proxies` is the number of reverse proxies that append to `X-Forwarded-For`, and `proxy_networks`
    are the addresses from which the last of them connects; of others the header is ignored. `cors_origins`
    are the origins whose pages may read responses, `*` for all.

    Metrics and the details of readiness are served on `management_port`. Without one they are on the public
    port where only this machine can reach it: on a loopback `host`, and no proxy is trusted.

    With `tls_cert` (a PEM file: the certificate, then its chain) and `tls_key` the public port speaks TLS.
    With `reuse_port` other processes of the same user may listen on the same port, and the system spreads
    new connections over them.
    """

    host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on. `0.0.0.0` is all IPv4 addresses of the machine."""

    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    """Port of the first instance; 0 takes a free one."""

    trusted_proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """Number of reverse proxies in a row that append to `X-Forwarded-For`. 0: the header is ignored."""

    requests_per_s: Annotated[int, Meta(ge=1)] = 200
    """HTTP requests per second of one caller: a user, or an address without a token. Past it: 429."""

    requests_burst: Annotated[int, Meta(ge=1)] = 1000
    """HTTP requests that one caller may send at once."""

    pages_per_s: Annotated[int, Meta(ge=1)] = 500
    """Requests per second of one address for pages, documents and unknown paths. Past it: 429."""

    pages_burst: Annotated[int, Meta(ge=1)] = 5000
    """Requests for those that one address may send at once. Health checks are counted separately."""

    rate_entries: Annotated[int, Meta(ge=100)] = 50_000
    """Callers whose rates one instance remembers. The least recently seen is forgotten."""

    cors_origins: tuple[Origin, ...] = ()
    """Origins whose pages may read responses; `*` for all."""

    proxy_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks from which the last proxy connects. The header of other peers is ignored."""

    management_host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"
    """Address of the management port."""

    management_port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    """Port of metrics and of the details of readiness. Without one see `docs/operations.md`."""

    tls_cert: FilePath | None = None
    """Certificate chain of the listener, in PEM. With it the listener speaks TLS only."""

    tls_key: FilePath | None = None
    """Private key of the certificate, in PEM."""

    reuse_port: bool = False
    """Let several processes listen on the port; set by `run.py --workers`."""

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key need each other")
        for network in self.proxy_networks:
            check_proxy_network(network)

    @property
    def shows_details(self) -> bool:
        """Whether the public port serves metrics and the details of readiness."""
        return self.management_port is None and self.trusted_proxies == 0 and is_loopback(self.host)


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """URLs and pools of the stores. Without URLs all stores are started on this machine, under `data_dir`.

    With that of MongoDB alone, the other stores are. `mongod` is the program of MongoDB to start there, by
    default the one on PATH.
    """

    data_dir: Annotated[str, Meta(min_length=1)] = "data"
    """Folder of the embedded stores and of other files."""

    ephemeral: bool = False
    """Keep the embedded stores in a temporary folder that is removed at the end."""

    postgres_url: PostgresUrl | None = None
    """PostgreSQL server. Databases of services without a URL are created on it."""

    postgres_url_users: PostgresUrl | None = None
    """Database of the User service."""

    postgres_url_social: PostgresUrl | None = None
    """Database of the Social service."""

    postgres_url_posts: PostgresUrl | None = None
    """Database of the Post service."""

    postgres_url_events: PostgresUrl | None = None
    """Database of the Event service."""

    postgres_url_notifications: PostgresUrl | None = None
    """Database of the Notification service."""

    mongo_url: MongoUrl | None = None
    """MongoDB replica set of the messaging store. The URL may name a database."""

    mongod: NonEmptyText | None = None
    """Program of MongoDB to start where no URL is set; by default the one on PATH, if any."""

    redis_url: RedisUrl | None = None
    """Redis servers, separated by commas. Bus and user streams are spread over all of them."""

    postgres_connections: Annotated[int, Meta(ge=2, le=500)] = 10
    """Connections of one instance to each of the five databases.

    Five more to each are for searches, readiness and locks.
    """

    postgres_acquire_queue: Annotated[int, Meta(ge=1)] = 2000
    """Calls that wait for a connection to one database. One more gets `server.overloaded`."""

    postgres_acquire_timeout_ms: Annotated[int, Meta(ge=1)] = 2000
    """Time for which a call waits for a connection."""

    postgres_statement_timeout_ms: Annotated[int, Meta(ge=1)] = 5000
    """Time limit of one statement."""

    def __repr__(self) -> str:
        return f"StoreSettings(data_dir={self.data_dir!r}, ephemeral={self.ephemeral}, <urls hidden>)"


class MailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SMTP server. Without a host no mail is sent; a console log then shows the links.

    `security` is required, not opportunistic. The default `port` is the usual one for it. `sender` may have
    a name, `Convene <no-reply@example.org>`. `base_url` is the address of the web client, used in links.
    """

    host: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    """SMTP server. Without one no mail is sent."""

    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """Port of the SMTP server; by default the usual one for `security`."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """Encryption of the connection. It is required, not opportunistic."""

    username: SecretText | None = None
    """Name of the account at the SMTP server."""

    password: SecretText | None = None
    """Password of that account."""

    sender: Annotated[str, Meta(max_length=320, pattern=r"^[^\r\n@]+@[^\r\n@]+$")] | None = None
    """Sender of all mail, as `no-reply@example.org` or `Convene <no-reply@example.org>`."""

    base_url: WebUrl | None = None
    """Address of the web client, for the links in mail."""

    def __post_init__(self) -> None:
        if self.host is not None and (self.sender is None or self.base_url is None):
            raise ValueError("a mail host needs a sender and a base_url")
        if (self.username is None) != (self.password is None):
            raise ValueError("a mail username and a password need each other")
        if self.password is not None and self.security == "none":
            raise ValueError("a mail password needs starttls or tls")

    def __repr__(self) -> str:
        return f"MailSettings(security={self.security!r}, <host, sender and credentials hidden>)"


class OpsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pages and requests for operators, `/ops` on the management port.

    Without a `token` they are served only where just this machine can reach that port.
    """

    token: OpsToken | None = None
    """Token of operators, as bearer or on the login page of `/ops`. At least 16 characters."""

    black_boxes: bool = True
    """Keep the last 200 events of each session and conversation in memory, within `limits`."""

    def __repr__(self) -> str:
        return f"OpsSettings(black_boxes={self.black_boxes}, <token hidden>)"


class TracingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Traces of messages with OpenTelemetry. Needs the extra `otel`."""

    endpoint: WebUrl | None = None
    """Where traces go, over OTLP and HTTP, as `http://127.0.0.1:4318/v1/traces`. Without one: nowhere."""

    sample_ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Share of messages that are traced. For requests with `traceparent` the caller has decided."""


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is logged."""

    format: Literal["json", "console"] = "console"
    """`console` for people; `json` is one object per line, and never shows links of mail."""


class PrivacyDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What new accounts start with: who may add them to groups, and who may invite them to events."""

    groups: Literal["everyone", "known", "nobody"] = "everyone"
    """Who may add a new account to groups without its consent."""

    invites: Literal["everyone", "known", "nobody"] = "everyone"
    """Who may invite a new account to events."""


class RegistrationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may register."""

    mode: Literal["open", "approval", "invite"] = "open"
    """`open`: everyone. `approval`: moderators approve each. `invite`: who has an invite code of an admin."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything of the configuration, checked."""

    server: ServerSettings = ServerSettings()
    stores: StoreSettings = StoreSettings()
    limits: Limits = Limits()
    log: LogSettings = LogSettings()
    ops: OpsSettings = OpsSettings()
    tracing: TracingSettings = TracingSettings()
    mail: MailSettings = MailSettings()
    privacy: PrivacyDefaults = PrivacyDefaults()
    registration: RegistrationSettings = RegistrationSettings()

    @property
    def base_url(self) -> str:
        """The address of the web client, without a trailing slash; by default that of this server."""
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        scheme = "http" if self.server.tls_cert is None else "https"
        return (self.mail.base_url or f"{scheme}://{host}:{self.server.port}").rstrip("/")


ENVIRONMENT_VARIABLES: Final = {
    "CONVENE_HOST": ("server", "host"),
    "CONVENE_PORT": ("server", "port"),
    "CONVENE_TRUSTED_PROXIES": ("server", "trusted_proxies"),
    "CONVENE_PROXY_NETWORKS": ("server", "proxy_networks"),
    "CONVENE_MANAGEMENT_HOST": ("server", "management_host"),
    "CONVENE_MANAGEMENT_PORT": ("server", "management_port"),
    "CONVENE_TLS_CERT": ("server", "tls_cert"),
    "CONVENE_TLS_KEY": ("server", "tls_key"),
    "CONVENE_REUSE_PORT": ("server", "reuse_port"),
    "CONVENE_CORS_ORIGINS": ("server", "cors_origins"),
    "CONVENE_DATA_DIR": ("stores", "data_dir"),
    "CONVENE_POSTGRES_URL": ("stores", "postgres_url"),
    "CONVENE_POSTGRES_URL_USERS": ("stores", "postgres_url_users"),
    "CONVENE_POSTGRES_URL_SOCIAL": ("stores", "postgres_url_social"),
    "CONVENE_POSTGRES_URL_POSTS": ("stores", "postgres_url_posts"),
    "CONVENE_POSTGRES_URL_EVENTS": ("stores", "postgres_url_events"),
    "CONVENE_POSTGRES_URL_NOTIFICATIONS": ("stores", "postgres_url_notifications"),
    "CONVENE_MONGO_URL": ("stores", "mongo_url"),
    "CONVENE_MONGOD": ("stores", "mongod"),
    "CONVENE_REDIS_URL": ("stores", "redis_url"),
    "CONVENE_REGISTRATION": ("registration", "mode"),
    "CONVENE_LOG_LEVEL": ("log", "level"),
    "CONVENE_LOG_FORMAT": ("log", "format"),
    "CONVENE_TRACING_ENDPOINT": ("tracing", "endpoint"),
    "CONVENE_TRACING_SAMPLE_RATIO": ("tracing", "sample_ratio"),
    "CONVENE_OPS_TOKEN": ("ops", "token"),
    "CONVENE_OPS_BLACK_BOXES": ("ops", "black_boxes"),
    "CONVENE_MAIL_HOST": ("mail", "host"),
    "CONVENE_MAIL_PORT": ("mail", "port"),
    "CONVENE_MAIL_SECURITY": ("mail", "security"),
    "CONVENE_MAIL_USERNAME": ("mail", "username"),
    "CONVENE_MAIL_PASSWORD": ("mail", "password"),
    "CONVENE_MAIL_SENDER": ("mail", "sender"),
    "CONVENE_MAIL_BASE_URL": ("mail", "base_url"),
}


def secret_variables() -> tuple[str, ...]:
    """Return the variables that contain a secret; each may be given as a file, `CONVENE_X_FILE`."""
    types = {
        (section.name, field.name): field.type
        for section in msgspec.structs.fields(Settings)
        for field in msgspec.structs.fields(section.type)
    }
    return tuple(name for name, field in ENVIRONMENT_VARIABLES.items() if is_secret(types[field]))


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Load the defaults, the file (`path`, otherwise the one in `CONVENE_CONFIG`) and the variables.

    Raises:
        InvalidSettings: the settings are invalid; it contains every error.
    """
    layers = SettingsLayers(Settings)
    layers.add_file(DEFAULTS_FILE)
    chosen = path or (Path(environ[CONFIG_FILE_VARIABLE]) if environ.get(CONFIG_FILE_VARIABLE) else None)
    if chosen is not None:
        layers.add_file(chosen)
    layers.add_variables(environ, ENVIRONMENT_VARIABLES)
    return layers.build()
