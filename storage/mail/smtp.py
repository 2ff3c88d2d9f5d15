"""Sends e-mail by SMTP. One connection per mail: mails are few and servers close idle connections.

If the configured transport security is not available, nothing is sent, not even the password. Errors carry
no text of the server, because servers repeat addresses in it.
"""

import asyncio
import contextlib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, parseaddr

import aiosmtplib
from email_validator import validate_email

from config.mail import MAIL_SEND_TIMEOUT_S, SMTP_QUIT_TIMEOUT_S
from config.settings import MailSettings
from storage.contracts.mail import Mail
from storage.errors import StorageError, Unavailable

DEFAULT_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class SmtpMailer:
    """A `Mailer` for one SMTP server. Without `tls_context`, the system's certificates are trusted."""

    def __init__(self, settings: MailSettings, tls_context: ssl.SSLContext | None = None) -> None:
        if settings.host is None or settings.sender is None:
            raise ValueError("A mailer needs a host and a sender.")
        self._settings = settings
        self._tls_context = tls_context
        self._name, self._address = parseaddr(settings.sender)
        self._domain = self._address.rpartition("@")[2]

    async def send(self, mail: Mail) -> None:
        try:
            recipient = to_ascii_domain(mail.to)
            message = self._build_message(mail, recipient)
            connection = self._create_connection()
            try:
                async with asyncio.timeout(MAIL_SEND_TIMEOUT_S):
                    await connection.connect()
                    await connection.send_message(message, sender=self._address, recipients=[recipient])
                await self._quit(connection)
            finally:
                connection.close()
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise map_error(error) from None

    async def _quit(self, connection: aiosmtplib.SMTP) -> None:
        # The server has accepted the mail; a failed QUIT changes nothing.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await connection.quit(timeout=SMTP_QUIT_TIMEOUT_S)

    def _create_connection(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port or DEFAULT_PORTS[settings.security],
            username=settings.username,
            password=settings.password,
            # By default the library looks up the host's name: slow, and it discloses an internal name.
            local_hostname=self._domain,
            timeout=MAIL_SEND_TIMEOUT_S,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls_context,
        )

    def _build_message(self, mail: Mail, recipient: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(self._name, addr_spec=self._address)
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{mail.id}@{self._domain}>"
        # Suppresses automatic replies (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe_url is not None:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text)
        return message


def to_ascii_domain(address: str) -> str:
    """Encode the domain as ASCII (IDNA), which every server accepts. The local part stays unchanged."""
    checked = validate_email(
        address, check_deliverability=False, globally_deliverable=False, test_environment=True
    )
    return f"{checked.local_part}@{checked.ascii_domain}"


def map_error(error: Exception) -> StorageError:
    """Map to `Unavailable` if a retry may help, else to `StorageError`, without the server's text."""
    name = type(error).__name__
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused):
            codes = [refusal.code for refusal in refused]
        case aiosmtplib.SMTPSenderRefused(code=code) | aiosmtplib.SMTPDataError(code=code):
            codes = [code]
        case OSError():
            # Must precede ValueError: an untrusted certificate is both, and an operator may fix it.
            return Unavailable(name)
        case aiosmtplib.SMTPNotSupported() | ValueError():
            return StorageError(name)
        case aiosmtplib.SMTPResponseException(code=code):
            # The fault is with the server or our account; an operator may fix it.
            return Unavailable(f"{name} {code}")
        case _:
            return Unavailable(name)
    detail = f"{name} {max(codes, default=0)}"
    return StorageError(detail) if codes and min(codes) >= 500 else Unavailable(detail)
