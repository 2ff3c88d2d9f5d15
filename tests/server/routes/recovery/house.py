"""A server of the User service with mail and moderators, and what a test asks of it."""

import re
from dataclasses import dataclass

from actors.accounts.recovery import PasswordRecovery
from actors.accounts.verification import EmailVerification
from actors.mail.postbox import MailQueue
from actors.moderation.moderation import Moderation
from storage.postgres.sessions import PostgresSessions
from storage.records.moderation import ReportKind
from tests.post_office import Letter
from tests.server.routes.edge import Edge
from tests.until import until

RESETS = "A new password"
VERIFICATIONS = "Confirm your e-mail address"
NEW_PASSWORD = "a better password"
RESET = re.compile(r"https://convene\.test/#/reset/([A-Za-z0-9_-]{43})\n")
VERIFY = re.compile(r"https://convene\.test/#/verify/([A-Za-z0-9_-]{43})\n")


@dataclass(kw_only=True)
class House(Edge):
    """`seen` is what may be reported, `posts` what may be hidden."""

    mail_queue: MailQueue
    password_recovery: PasswordRecovery
    email_verification: EmailVerification
    sessions: PostgresSessions
    moderation: Moderation
    seen: set[tuple[ReportKind, str]]
    posts: set[str]

    async def ask_reset(self, email: str) -> None:
        await self.answer(202, "POST", "/v1/password-resets", {"email": email})

    async def reset(self, token: str, password: str = NEW_PASSWORD) -> int:
        response = await self.ask("PUT", f"/v1/password-resets/{token}", {"new_password": password})
        return response.status

    async def verify(self, token: str) -> int:
        return (await self.ask("PUT", f"/v1/email-verifications/{token}")).status

    async def settled(self) -> None:
        """Wait until everything that was accepted has become mails, and all mails are gone."""
        parts = (self.password_recovery, self.email_verification, self.mail_queue)
        await until(lambda: not any(part.statistics().pending for part in parts))


def reset_token(letter: Letter) -> str:
    (token,) = RESET.findall(letter.text.replace("\r\n", "\n"))
    return str(token)


def verification_token(letter: Letter) -> str:
    (token,) = VERIFY.findall(letter.text.replace("\r\n", "\n"))
    return str(token)
