"""A real SMTP server on loopback, which keeps what comes and refuses when it is told to."""

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
    """A mail as it came: whom the envelope names, and what is in it."""

    sender: str
    recipient: str
    message: EmailMessage

    @property
    def text(self) -> str:
        return str(self.message.get_content())


class SmtpServer:
    """`replies` are what it says to the next recipients, then it takes them."""

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
        """Listen; on the same port when it listened before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._create_session, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for line in self._sessions:
            if line.transport is not None:
                line.transport.close()
        await until(
            lambda: all(line.transport is None or line.transport.is_closing() for line in self._sessions)
        )
        self._sessions.clear()
        await self._server.wait_closed()
        self._server = None

    def with_subject(self, subject: str) -> list[ReceivedMail]:
        return [letter for letter in self.mails if letter.message["Subject"] == subject]

    def _create_session(self) -> SMTP:
        line = SMTP(self, enable_SMTPUTF8=True, hostname="office.test", **self._options)
        self._sessions.append(line)
        return line

    # --- what the server asks of its handler, by these names

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
