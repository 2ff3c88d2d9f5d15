"""The SMTP mailer, against a real server on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import aiosmtplib
import msgspec
import pytest

from config.settings import MailSettings
from storage.contracts.mail import Mail
from storage.errors import StorageError, Unavailable
from storage.mail import smtp
from storage.mail.smtp import SmtpMailer, map_error
from tests.smtp_server import SmtpServer

SENDER = "Convene <no-reply@convene.test>"
LINK = "https://convene.test/#/reset/" + "t" * 43
MAIL = Mail("0123abcd", "password reset", "ana@example.test", "A new password", f"Here:\n\n{LINK}\n", LINK)


def create_mailer(server: SmtpServer, **more: object) -> SmtpMailer:
    settings: dict[str, object] = {"security": "none", "sender": SENDER, "base_url": "https://convene.test"}
    return SmtpMailer(MailSettings(host="127.0.0.1", port=server.port, **{**settings, **more}))  # type: ignore[arg-type]


def mail_to(address: str) -> Mail:
    return Mail(MAIL.id, MAIL.kind, address, MAIL.subject, MAIL.text, MAIL.link)


@pytest.fixture
async def mail_server() -> AsyncIterator[SmtpServer]:
    made = SmtpServer()
    await made.open()
    yield made
    await made.close()


async def test_mail_arrives_as_plain_text(mail_server: SmtpServer) -> None:
    """With sender, recipient, subject and text, and no HTML."""
    await create_mailer(mail_server).send(MAIL)
    (queued_mail,) = mail_server.mails
    message = queued_mail.message
    assert (queued_mail.sender, queued_mail.recipient) == ("no-reply@convene.test", "ana@example.test")
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, MAIL.to, MAIL.subject)
    assert message.get_content_type() == "text/plain"
    assert queued_mail.text.splitlines() == MAIL.text.splitlines()
    assert message["Date"] is not None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None


async def test_mail_with_an_unsubscribe_link_names_it(mail_server: SmtpServer) -> None:
    """In the headers of RFC 8058."""
    url = "https://convene.test/v1/mail-unsubscriptions/" + "t" * 70
    await create_mailer(mail_server).send(msgspec.structs.replace(MAIL, unsubscribe_url=url))
    (queued_mail,) = mail_server.mails
    assert "".join(queued_mail.message["List-Unsubscribe"].split()) == f"<{url}>"
    assert queued_mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_attempts_have_one_message_id(mail_server: SmtpServer) -> None:
    """A mailbox can recognize a mail that is sent twice."""
    mailer = create_mailer(mail_server)
    await mailer.send(MAIL)
    await mailer.send(MAIL)
    assert {queued_mail.message["Message-ID"] for queued_mail in mail_server.mails} == {
        "<0123abcd@convene.test>"
    }
    assert len(mail_server.mails) == 2


@pytest.mark.parametrize(
    ("address", "delivered"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("änä@example.test", "änä@example.test"),
        ("o'neil+list@example.test", "o'neil+list@example.test"),
    ],
)
async def test_international_addresses_are_accepted(
    mail_server: SmtpServer, address: str, delivered: str
) -> None:
    """The domain is sent in ASCII, the local part unchanged."""
    await create_mailer(mail_server).send(mail_to(address))
    assert [queued_mail.recipient for queued_mail in mail_server.mails] == [delivered]


@pytest.mark.parametrize(
    "address", ["ana@example.test\r\nRCPT TO:<eva@example.test>", "a b@example.test", ""]
)
async def test_invalid_address_sends_nothing(mail_server: SmtpServer, address: str) -> None:
    """An address cannot inject a recipient or a header."""
    with pytest.raises(StorageError) as refused:
        await create_mailer(mail_server).send(mail_to(address))
    assert not isinstance(refused.value, Unavailable)
    assert mail_server.recipients == []


@pytest.mark.parametrize(
    ("reply", "again"),
    [
        ("450 4.2.1 <ana@example.test> is greylisted", True),
        ("452 4.3.1 no room for ana@example.test", True),
        ("550 5.1.1 <ana@example.test> does not exist", False),
        ("553 5.1.3 ana@example.test is no address", False),
    ],
)
async def test_smtp_codes_decide_whether_to_retry(mail_server: SmtpServer, reply: str, again: bool) -> None:
    """4xx is temporary, 5xx permanent; the server's text is dropped."""
    mail_server.replies = [reply]
    with pytest.raises(StorageError) as refused:
        await create_mailer(mail_server).send(MAIL)
    assert isinstance(refused.value, Unavailable) is again
    assert str(refused.value) == f"SMTPRecipientsRefused {reply[:3]}"
    assert refused.value.__suppress_context__
    await create_mailer(mail_server).send(MAIL)
    assert len(mail_server.mails) == 1


async def test_unreachable_server_is_a_temporary_failure(mail_server: SmtpServer) -> None:
    """A refused connection raises `Unavailable`."""
    await mail_server.close()
    with pytest.raises(Unavailable):
        await create_mailer(mail_server).send(MAIL)
    await mail_server.open()
    await create_mailer(mail_server).send(MAIL)
    assert len(mail_server.mails) == 1


async def test_silent_server_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without data does not block forever."""
    monkeypatch.setattr(smtp, "MAIL_SEND_TIMEOUT_S", 0.2)
    hung: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: hung.append(writer), "127.0.0.1", 0)
    silent = SmtpServer()
    silent.port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await create_mailer(silent).send(MAIL)
    for writer in hung:
        writer.close()
    server.close()


@pytest.mark.parametrize(
    ("error", "words", "again"),
    [
        (aiosmtplib.SMTPDataError(554, "spam from ana@"), "SMTPDataError 554", False),
        (aiosmtplib.SMTPDataError(451, "later, ana@"), "SMTPDataError 451", True),
        (aiosmtplib.SMTPSenderRefused(550, "not ana@", "ana@"), "SMTPSenderRefused 550", False),
        (aiosmtplib.SMTPNotSupported("ana@ needs SMTPUTF8"), "SMTPNotSupported", False),
        (aiosmtplib.SMTPAuthenticationError(535, "ana@"), "SMTPAuthenticationError 535", True),
        (aiosmtplib.SMTPHeloError(550, "ana@"), "SMTPHeloError 550", True),
        (aiosmtplib.SMTPServerDisconnected("ana@"), "SMTPServerDisconnected", True),
        (aiosmtplib.SMTPException("no STARTTLS for ana@"), "SMTPException", True),
        (ssl.SSLCertVerificationError("ana@"), "SSLCertVerificationError", True),
        (ConnectionRefusedError("ana@"), "ConnectionRefusedError", True),
        (TimeoutError("ana@"), "TimeoutError", True),
        (ValueError("ana@"), "ValueError", False),
    ],
)
def test_failures_are_permanent_or_temporary(error: Exception, words: str, again: bool) -> None:
    """What an operator or time may fix is temporary; texts of library and server are dropped."""
    found = map_error(error)
    assert isinstance(found, Unavailable) is again
    assert str(found) == words


async def test_failed_quit_is_ignored(mail_server: SmtpServer) -> None:
    """An accepted mail is sent; an error would send it twice."""
    mail_server.quit_reply = "421 too late"
    await create_mailer(mail_server).send(MAIL)
    assert len(mail_server.mails) == 1


@pytest.mark.parametrize("login", [{}, {"username": "convene", "password": "hunter2"}])
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_missing_transport_security_sends_nothing(
    mail_server: SmtpServer, security: str, login: dict[str, str]
) -> None:
    """Neither mail nor password."""
    mailer = create_mailer(mail_server, security=security, **login)
    with pytest.raises(Unavailable) as refused:
        await mailer.send(MAIL)
    assert (mail_server.recipients, mail_server.mails) == ([], [])
    assert "hunter2" not in repr(refused.value)
