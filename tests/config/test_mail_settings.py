"""The mail settings."""

from pathlib import Path

import pytest

from config.settings import InvalidSettings, LogSettings, MailSettings, load_settings
from storage.mail.fallback_mailers import DisabledMailer, LoggingMailer
from storage.mail.mailer_factory import create_mailer
from storage.mail.smtp import SmtpMailer

REPOSITORY = Path(__file__).parents[2]
COMPLETE = {
    "CONVENE_MAIL_HOST": "mail.example.org",
    "CONVENE_MAIL_PORT": "2525",
    "CONVENE_MAIL_SECURITY": "tls",
    "CONVENE_MAIL_USERNAME": "convene",
    "CONVENE_MAIL_PASSWORD": "hunter2",
    "CONVENE_MAIL_SENDER": "Convene <no-reply@example.org>",
    "CONVENE_MAIL_BASE_URL": "https://convene.example.org/",
}


def test_mail_settings_are_read_from_variables() -> None:
    """Each field has a variable; the base URL is used without its trailing slash."""
    settings = load_settings(None, COMPLETE)
    assert settings.mail == MailSettings(
        host="mail.example.org",
        port=2525,
        security="tls",
        username="convene",
        password="hunter2",
        sender="Convene <no-reply@example.org>",
        base_url="https://convene.example.org/",
    )
    assert settings.base_url == "https://convene.example.org"


def test_text_forms_of_the_settings_hide_credentials() -> None:
    """`repr` and `str` contain no password, username or host."""
    settings = load_settings(None, COMPLETE)
    shown = f"{settings!r} {settings!s} {settings.mail} {settings.mail!r}"
    for secret in ("hunter2", "username='convene'", "mail.example.org"):
        assert secret not in shown


@pytest.mark.parametrize(
    "missing",
    ["CONVENE_MAIL_SENDER", "CONVENE_MAIL_BASE_URL", "CONVENE_MAIL_USERNAME", "CONVENE_MAIL_PASSWORD"],
)
def test_incomplete_mail_settings_are_rejected(missing: str) -> None:
    """A host requires sender and base URL, a username its password; the error contains no values."""
    with pytest.raises(InvalidSettings) as raised:
        load_settings(None, {name: value for name, value in COMPLETE.items() if name != missing})
    assert missing.removeprefix("CONVENE_MAIL_").lower() in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_smtp_login_without_tls_is_rejected() -> None:
    """Credentials require `starttls` or `tls`."""
    with pytest.raises(InvalidSettings, match="needs starttls or tls"):
        load_settings(None, {**COMPLETE, "CONVENE_MAIL_SECURITY": "none"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONVENE_MAIL_PORT", "0"),
        ("CONVENE_MAIL_SECURITY", "ssl"),
        ("CONVENE_MAIL_SENDER", "no address"),
        ("CONVENE_MAIL_SENDER", "a@example.org\r\nBcc: b@example.org"),
        ("CONVENE_MAIL_BASE_URL", "ftp://example.org"),
        ("CONVENE_MAIL_BASE_URL", "https://example.org/#/x"),
        ("CONVENE_MAIL_BASE_URL", "https://example.org/?x=1"),
        ("CONVENE_MAIL_HOST", ""),
    ],
)
def test_invalid_mail_setting_is_rejected_at_startup(variable: str, value: str) -> None:
    """The error names the variable."""
    with pytest.raises(InvalidSettings, match=variable):
        load_settings(None, {**COMPLETE, variable: value})


def test_base_url_defaults_to_the_listening_address() -> None:
    """Links in the log of a development server can be opened."""
    settings = load_settings(None, {"CONVENE_PORT": "9000"})
    assert settings.base_url == "http://127.0.0.1:9000"
    assert load_settings(None, {"CONVENE_HOST": "::1"}).base_url == "http://[::1]:8080"


def test_mailer_depends_on_host_and_log_format() -> None:
    """A host selects SMTP; without one, links are logged in console format only."""
    console, machine = LogSettings(format="console"), LogSettings(format="json")
    host = load_settings(None, COMPLETE).mail
    assert isinstance(create_mailer(host, console), SmtpMailer)
    assert isinstance(create_mailer(host, machine), SmtpMailer)
    assert isinstance(create_mailer(MailSettings(), console), LoggingMailer)
    assert isinstance(create_mailer(MailSettings(), machine), DisabledMailer)
    production = load_settings(REPOSITORY / "config" / "production.toml", {})
    assert isinstance(create_mailer(production.mail, production.log), DisabledMailer)
