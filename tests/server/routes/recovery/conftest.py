"""The User service with e-mail and moderation, on PostgreSQL and a real SMTP server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import asyncpg
import pytest

from actors.accounts.accounts import Accounts, EmailChangeLink
from actors.accounts.authenticator import Authenticator
from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.email_changes import EmailChangeNotices, EmailChangeUndo
from actors.accounts.email_verification import EmailVerification
from actors.accounts.login_sessions import LoginSessions
from actors.accounts.password_recovery import PasswordRecovery, ResetMails
from actors.accounts.passwords import HashCost, Passwords
from actors.accounts.sign_up import SignUp
from actors.conversations.command_sender import CommandSender
from actors.conversations.moderated_messages import ModeratedMessages
from actors.mail.email_sender import EmailSender
from actors.mail.mail_queue import MailQueue
from actors.moderation.actions import ModerationActions
from actors.moderation.command_line_moderation import CommandLineModeration
from actors.moderation.moderated_items import ModeratedItems
from actors.moderation.report_queue import ReportQueue
from actors.moderation.reports import Reports
from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from config.settings import MailSettings, ServerSettings
from server.application import create_application
from server.http.rate_limiter import RateLimiter
from server.routes.recovery import RecoveryRoutes
from server.routes.reports import ReportRoutes
from server.routes.sessions import SessionRoutes
from server.routes.users import UserRoutes
from storage.contracts.moderation import TargetKind, UserActionOutcome
from storage.contracts.reports import Snapshot
from storage.contracts.users import UserRecord
from storage.mail.smtp import SmtpMailer
from storage.memory.messaging import MemoryMessaging
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.email_changes import PostgresEmailChanges
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.logins import PostgresLogins
from storage.postgres.mail_tokens import PostgresEmailVerifications, PostgresPasswordResets
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool
from storage.postgres.reports import PostgresReports
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.credential_checks import make_mail_limits, make_password_attempts
from tests.server.routes.document_match import DocumentMatch
from tests.server.routes.recovery.mail_user_service import MailUserService
from tests.server.routes.recovery.memory_contents import MemoryContents
from tests.server.routes.user_service import AiohttpClient
from tests.smtp_server import SmtpServer

BASE_URL = "https://convene.test"
RETRIES_S = (0.05,) * 40


async def no_usernames(_user_ids: Sequence[str]) -> dict[str, str]:
    return {}


@pytest.fixture
async def smtp_server() -> AsyncIterator[SmtpServer]:
    """The SMTP server that receives all e-mails."""
    made = SmtpServer()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def database(users_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Direct access to the tables."""
    connection = await asyncpg.connect(users_url)
    yield connection
    await connection.close()


@pytest.fixture
def sessions_of() -> Callable[[PostgresPool], PostgresSessions]:
    """Factory of the session store; a test may replace it."""
    return PostgresSessions


@pytest.fixture
async def service(
    aiohttp_client: AiohttpClient,
    users_pool: PostgresPool,
    smtp_server: SmtpServer,
    limits: Limits,
    server_settings: ServerSettings,
    hash_cost: HashCost,
    sessions_of: Callable[[PostgresPool], PostgresSessions],
) -> AsyncIterator[MailUserService]:
    """A server with the routes for e-mail and moderation."""
    sessions, logins = sessions_of(users_pool), PostgresLogins(users_pool)
    authenticator = Authenticator(sessions, logins, limits)
    passwords = Passwords(limits, hash_cost)
    revoked: list[str] = []
    settings = MailSettings(
        host="127.0.0.1",
        port=smtp_server.port,
        security="none",
        sender="Convene <no-reply@convene.test>",
        base_url=BASE_URL,
    )
    queued_mails = MailQueue(SmtpMailer(settings), RETRIES_S)
    email_sender = EmailSender(queued_mails, BASE_URL)
    mail_limits = make_mail_limits()
    attempts = make_password_attempts(limits)
    verification = EmailVerification(PostgresEmailVerifications(users_pool), email_sender, mail_limits)
    notices = EmailChangeNotices(email_sender, mail_limits)
    users = PostgresUsers(users_pool)
    checks = CredentialChecks(users, logins, passwords, attempts)
    login_sessions = LoginSessions(sessions, checks, authenticator, revoked.extend)
    recovery = PasswordRecovery(
        PostgresPasswordResets(users_pool),
        ResetMails(email_sender, mail_limits),
        passwords,
        attempts,
        login_sessions.on_revoked,
    )

    def on_email_set(user: UserRecord, change: EmailChangeLink | None) -> None:
        verification.request_link(user)
        if change is not None:
            notices.send(user, change.replaced, change.token)

    email_changes = PostgresEmailChanges(users_pool, users)
    accounts = Accounts(users, email_changes, login_sessions, checks, on_email_set)
    sign_up = SignUp(users, login_sessions, checks, on_email_set)
    undo = EmailChangeUndo(email_changes, passwords, recovery, login_sessions.on_revoked, lambda _user: None)
    routes = [
        *UserRoutes(accounts, sign_up).routes(),
        *SessionRoutes(login_sessions).routes(),
        *RecoveryRoutes(recovery, verification, undo).routes(),
    ]
    seen: set[tuple[TargetKind, str]] = set()
    posts = MemoryContents()

    def on_sessions_revoked(session_ids: Sequence[str]) -> None:
        for session_id in session_ids:
            authenticator.invalidate(session_id)
        revoked.extend(session_ids)

    async def visible(_reporter_id: str, kind: TargetKind, target_id: str) -> bool:
        return (kind, target_id) in seen

    async def take_snapshot(_kind: TargetKind, _target_id: str) -> Snapshot:
        return Snapshot("author", "author", "a text", "2026-01-01T00:00:00.000Z")

    def on_user_changed(outcome: UserActionOutcome) -> None:
        on_sessions_revoked(outcome.session_ids)

    keys = PostgresIdempotencyKeys(users_pool)
    action_log = PostgresActionLog(users_pool, keys)
    moderation_store = PostgresModeration(users_pool, action_log, keys)
    reports = PostgresReports(users_pool, action_log, keys)
    contents = ModeratedItems(
        {TargetKind.POST: posts},
        ModeratedMessages(MemoryMessaging(), cast("CommandSender", None)),
        moderation_store,
        no_usernames,
        lambda _kind: None,
    )
    actions = ModerationActions(
        moderation_store, action_log, contents, reports, on_user_changed, lambda: None
    )
    queue = ReportQueue(reports, contents)
    routes += ReportRoutes(Reports(reports, visible, take_snapshot)).routes()
    wheel = TimerWheel(asyncio.get_running_loop())
    app = create_application(
        routes,
        authenticator,
        RateLimiter(limits, server_settings),
        wheel,
        limits,
        server_settings,
    )
    yield MailUserService(
        client=await aiohttp_client(app),
        accounts=accounts,
        authenticator=authenticator,
        document_match=DocumentMatch(routes),
        revoked=revoked,
        mail_queue=queued_mails,
        password_recovery=recovery,
        email_verification=verification,
        email_change_notices=notices,
        sessions=sessions,
        moderation=CommandLineModeration(reports, queue, moderation_store, actions),
        visible_targets=seen,
        posts=posts,
    )
    await accounts.close()
    await recovery.close(1)
    await verification.close(1)
    await notices.close(1)
    await queued_mails.close(0)
    await authenticator.close()
    passwords.close()
    wheel.close()
