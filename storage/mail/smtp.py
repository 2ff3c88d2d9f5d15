"""Mail by SMTP: one connection a mail, because mails are few and servers close what is idle.

Asks for the privacy that the settings name and sends nothing, no password either, where it is not to be
had. Never lets the server's words through: they repeat addresses.
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
from storage.errors import StorageError, Unavailable
from storage.records.mail import Mail

DEFAULT_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class SmtpMailer:
    """A `Mailer`. `trust` says whose certificates count, those of the system when not given."""

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
        # The mail is gone already; whether the goodbye is heard changes nothing.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await connection.quit(timeout=SMTP_QUIT_TIMEOUT_S)

    def _create_connection(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port or DEFAULT_PORTS[settings.security],
            username=settings.username,
            password=settings.password,
            # The library would look its own name up, which may take long and tells of the inside.
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
        # Whoever is away does not answer a machine (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def to_ascii_domain(address: str) -> str:
    """Write the domain in ASCII, which every server takes. A name in other letters stays as it is."""
    checked = validate_email(
        address, check_deliverability=False, globally_deliverable=False, test_environment=True
    )
    return f"{checked.local_part}@{checked.ascii_domain}"


def map_error(error: Exception) -> StorageError:
    """Say whether another attempt may help, in words of our own."""
    name = type(error).__name__
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused):
            codes = [one.code for one in refused]
        case aiosmtplib.SMTPSenderRefused(code=code) | aiosmtplib.SMTPDataError(code=code):
            codes = [code]
        case OSError():
            # First: a certificate that is not trusted is a ValueError too, and may be mended.
            return Unavailable(name)
        case aiosmtplib.SMTPNotSupported() | ValueError():
            return StorageError(name)
        case aiosmtplib.SMTPResponseException(code=code):
            # About the server or our account with it: an operator may be mending that.
            return Unavailable(f"{name} {code}")
        case _:
            return Unavailable(name)
    words = f"{name} {max(codes, default=0)}"
    return StorageError(words) if codes and min(codes) >= 500 else Unavailable(words)
