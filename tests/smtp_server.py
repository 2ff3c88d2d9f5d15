"""An SMTP server on loopback that stores received mails and can reject recipients."""

import asyncio
import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.until import until

OK = "250 OK"


@dataclass(frozen=True)
class ReceivedMail:
    """A received mail with its envelope addresses."""

    sender: str
    recipient: str
    message: EmailMessage

    @property
    def text(self) -> str:
        return str(self.message.get_content())


class SmtpServer:
    """`replies` are the responses to the next RCPT commands; without any, recipients are accepted."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._server: asyncio.Server | None = None
        self._sessions: list[SMTP] = []
        self.mails: list[ReceivedMail] = []
        self.recipients: list[str] = []
        self.replies: list[str] = []
        self.quit_reply = "221 Bye"
        self.port = 0

    async def open(self) -> None:
        """Listen, on the same port as before if it listened already."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._create_session, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and close all connections."""
        if self._server is None:
            return
        self._server.close()
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        await until(
            lambda: all(
                session.transport is None or session.transport.is_closing() for session in self._sessions
            )
        )
        self._sessions.clear()
        await self._server.wait_closed()
        self._server = None

    def with_subject(self, subject: str) -> list[ReceivedMail]:
        return [mail for mail in self.mails if mail.message["Subject"] == subject]

    def _create_session(self) -> SMTP:
        session = SMTP(self, enable_SMTPUTF8=True, hostname="mail.test", **self._options)
        self._sessions.append(session)
        return session

    # Handler methods that aiosmtpd calls by name.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.recipients.append(address)
        if self.replies and (reply := self.replies.pop(0)) != OK:
            return reply
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        for recipient in envelope.rcpt_tos:
            self.mails.append(ReceivedMail(str(envelope.mail_from), str(recipient), message))
        return OK

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.quit_reply
