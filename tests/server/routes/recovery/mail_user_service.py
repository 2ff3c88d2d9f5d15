"""A User service with e-mail and moderation, and helpers of its tests."""

import re
from dataclasses import dataclass

from actors.accounts.email_changes import EmailChangeNotices
from actors.accounts.email_verification import EmailVerification
from actors.accounts.password_recovery import PasswordRecovery
from actors.mail.mail_queue import MailQueue
from actors.moderation.command_line_moderation import CommandLineModeration
from storage.contracts.moderation import TargetKind
from storage.postgres.sessions import PostgresSessions
from tests.server.routes.recovery.memory_contents import MemoryContents
from tests.server.routes.user_service import UserService
from tests.smtp_server import ReceivedMail
from tests.until import until

RESET_SUBJECT = "Reset your password"
VERIFICATION_SUBJECT = "Confirm your e-mail address"
NEW_PASSWORD = "a better password"
RESET_LINK = re.compile(r"https://convene\.test/#/reset/([A-Za-z0-9_-]{43})\n")
EMAIL_CHANGED_SUBJECT = "Your e-mail address was changed"
UNDO_LINK = re.compile(r"https://convene\.test/#/undo-email-change/([A-Za-z0-9_-]{43})\n")
VERIFICATION_LINK = re.compile(r"https://convene\.test/#/verify/([A-Za-z0-9_-]{43})\n")


@dataclass(kw_only=True)
class MailUserService(UserService):
    """`seen` holds what users may report, `posts` what may be hidden."""

    mail_queue: MailQueue
    password_recovery: PasswordRecovery
    email_verification: EmailVerification
    email_change_notices: EmailChangeNotices
    sessions: PostgresSessions
    moderation: CommandLineModeration
    visible_targets: set[tuple[TargetKind, str]]
    posts: MemoryContents

    async def request_reset(self, email: str) -> None:
        await self.expect(202, "POST", "/v1/password-resets", {"email": email})

    async def reset_password(self, token: str, password: str = NEW_PASSWORD) -> int:
        response = await self.request("PUT", f"/v1/password-resets/{token}", {"new_password": password})
        return response.status

    async def verify_email(self, token: str) -> int:
        return (await self.request("PUT", f"/v1/email-verifications/{token}")).status

    async def wait_until_idle(self) -> None:
        """Wait until all accepted requests have been mailed and all e-mails are delivered."""
        parts = (
            self.password_recovery,
            self.email_verification,
            self.email_change_notices,
            self.mail_queue,
        )
        await until(lambda: not any(part.statistics().pending for part in parts))


def reset_token(mail: ReceivedMail) -> str:
    (token,) = RESET_LINK.findall(mail.text.replace("\r\n", "\n"))
    return str(token)


def undo_token(mail: ReceivedMail) -> str:
    (token,) = UNDO_LINK.findall(mail.text.replace("\r\n", "\n"))
    return str(token)


def verification_token(mail: ReceivedMail) -> str:
    (token,) = VERIFICATION_LINK.findall(mail.text.replace("\r\n", "\n"))
    return str(token)
