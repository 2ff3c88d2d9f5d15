"""Creates the components of a server process, except its listeners, which `instance` creates.

stores -> accounts, mail -> core (conversations, sessions) -> services
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from actors.accounts.account_deletion import AccountDeletion
from actors.accounts.accounts import Accounts, EmailChangeLink
from actors.accounts.authenticator import Authenticator
from actors.accounts.calendar_links import CalendarLinks
from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.email_changes import EmailChangeNotices, EmailChangeUndo
from actors.accounts.email_verification import EmailVerification
from actors.accounts.login_sessions import LoginSessions
from actors.accounts.password_attempts import PasswordAttempts
from actors.accounts.password_recovery import PasswordRecovery, ResetMails
from actors.accounts.passwords import Passwords
from actors.accounts.serializers import to_own_user
from actors.accounts.sign_up import RegistrationPolicy, SignUp
from actors.core import Core, CoreOptions, CoreStores, PresenceStores
from actors.events.calendar import CalendarWriter
from actors.events.check_in_codes import CheckInCodes
from actors.events.event_calendars import EventCalendars
from actors.exports.data_exports import DataExports
from actors.exports.export_links import ExportLinks
from actors.exports.exporter import DataExporter
from actors.keyed_hash import KeyedHash
from actors.mail.email_sender import EmailSender
from actors.mail.mail_limits import MailLimits
from actors.mail.mail_queue import MailQueue
from actors.moderation.registrations import Registrations
from actors.notifications.mail_unsubscriptions import MailUnsubscriptions
from actors.notifications.notification_mail_job import NotificationMailJob
from actors.notifications.notification_preferences import NotificationPreferenceSettings
from actors.operations.pruning_job import PruningJob
from actors.protocol.server_frames import UserUpdated
from actors.services import Services
from actors.shared_services import SharedServices
from config.settings import Settings
from server.composition.moderation import ModerationComponents, create_moderation
from server.composition.service_stores import export_parts, service_stores
from server.observability.tracing import create_tracing
from server.shutdown import ShutdownSteps
from server.websocket.framing import text_frame
from storage.contracts.idempotency import IdempotentResponses
from storage.contracts.privacy import PrivacyRecord
from storage.contracts.users import UserRecord
from storage.embedded import StoreUrls
from storage.mail.mailer_factory import create_mailer
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.calendar_links import PostgresCalendarLinks
from storage.postgres.data_exports import PostgresDataExports
from storage.postgres.email_changes import PostgresEmailChanges
from storage.postgres.idempotent_responses import PostgresIdempotentResponses
from storage.postgres.logins import PostgresLogins
from storage.postgres.mail_tokens import PostgresEmailVerifications, PostgresPasswordResets
from storage.postgres.notification_mails import PostgresMailRecipients, PostgresNotificationMails
from storage.postgres.notification_preferences import PostgresNotificationPreferences
from storage.postgres.pruning import prunable_tables
from storage.postgres.registrations import PostgresRegistrations
from storage.postgres.server_keys import PostgresServerKeys
from storage.postgres.sessions import PostgresSessions
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.users import PostgresUsers
from storage.stores import Stores

MAIL_CLOSE_TIMEOUT_S = 5.0
ADDRESS_KEY = "addresses"
"""Name of the key of hashes of logins and e-mail addresses."""
CHECK_IN_KEY = "check_in"
"""Name of the key of the codes with which users check in to events."""
LINK_KEY = "links"
"""Name of the key of links that work without a login."""


@dataclass(frozen=True, slots=True)
class ServerComponents:
    """What an `Instance` and the operator commands are made of: services on open stores, and the core."""

    stores: Stores
    authenticator: Authenticator
    accounts: Accounts
    sign_up: SignUp
    login_sessions: LoginSessions
    email_verification: EmailVerification
    password_recovery: PasswordRecovery
    email_change_undo: EmailChangeUndo
    password_attempts: PasswordAttempts
    mail_limits: MailLimits
    account_deletion: AccountDeletion
    moderation: ModerationComponents
    registrations: Registrations
    mail_queue: MailQueue
    notification_preferences: NotificationPreferenceSettings
    mail_unsubscriptions: MailUnsubscriptions
    notification_mail_job: NotificationMailJob
    data_exports: DataExports
    data_exporter: DataExporter
    passwords: Passwords
    core: Core
    services: Services
    pruning_job: PruningJob
    base_url: str
    calendar_links: CalendarLinks
    event_calendars: EventCalendars
    idempotent_responses: IdempotentResponses


async def create_components(
    settings: Settings, urls: StoreUrls, instance_id: str, shutdown: ShutdownSteps
) -> ServerComponents:
    """Open the stores, create everything on them, and start the core.

    Each component that must be closed adds a step to `shutdown`, which also runs when a later one fails.

    Raises:
        StorageError: a store cannot be reached, or a database cannot be migrated.
        TracingUnavailable: tracing is configured, but its packages are not installed.
    """
    limits = settings.limits
    stores = await Stores.open(settings.stores, urls, limits)
    shutdown.add("stores", stores.close)
    users = stores.databases["users"]

    def on_sessions_revoked(session_ids: Sequence[str]) -> None:
        core.publish_revocation(session_ids)

    def on_user_changed(user: UserRecord) -> None:
        services.wake_readers("users")
        core.publish_ephemeral([user.id], UserUpdated(to_own_user(user)))

    async def apply_privacy(user_id: str) -> None:
        await services.account_privacy.apply(user_id)

    def on_user_deleted() -> None:
        services.wake_readers("users")

    passwords = Passwords(limits)
    shutdown.add_sync("passwords", passwords.close)
    sessions, logins = PostgresSessions(users.pool), PostgresLogins(users.pool)
    authenticator = Authenticator(sessions, logins, limits)
    shutdown.add("authenticator", authenticator.close)
    mail_queue = MailQueue(create_mailer(settings.mail, settings.log))
    email_sender = EmailSender(mail_queue, settings.base_url)
    server_keys = PostgresServerKeys(users.pool)
    keyed_hash = KeyedHash(await server_keys.get(ADDRESS_KEY))
    check_in_codes = CheckInCodes(KeyedHash(await server_keys.get(CHECK_IN_KEY)))
    mail_limits = MailLimits(stores.attempt_limits, keyed_hash)
    password_attempts = PasswordAttempts(stores.attempt_limits, keyed_hash, limits)
    email_verification = EmailVerification(PostgresEmailVerifications(users.pool), email_sender, mail_limits)
    email_change_notices = EmailChangeNotices(email_sender, mail_limits)

    def on_email_set(user: UserRecord, change: EmailChangeLink | None) -> None:
        email_verification.request_link(user)
        if change is not None:
            email_change_notices.send(user, change.replaced, change.token)

    action_log = PostgresActionLog(users.pool, users.idempotency_keys)
    user_store = PostgresUsers(users.pool, PrivacyRecord(settings.privacy.groups, settings.privacy.invites))
    registration_store = PostgresRegistrations(users.pool, user_store, action_log, users.idempotency_keys)

    def on_approved(user: UserRecord) -> None:
        on_email_set(user, None)
        on_user_changed(user)

    email_changes = PostgresEmailChanges(users.pool, user_store)
    credential_checks = CredentialChecks(user_store, logins, passwords, password_attempts)
    login_sessions = LoginSessions(sessions, credential_checks, authenticator, on_sessions_revoked)
    accounts = Accounts(
        user_store,
        email_changes,
        login_sessions,
        credential_checks,
        on_email_set,
        on_user_changed,
        apply_privacy,
    )
    sign_up = SignUp(
        user_store,
        login_sessions,
        credential_checks,
        on_email_set,
        on_user_changed,
        RegistrationPolicy(
            approvals=registration_store if settings.registration.mode == "approval" else None,
            needs_invite_code=settings.registration.mode == "invite",
        ),
    )
    shutdown.add("accounts", accounts.close)
    password_recovery = PasswordRecovery(
        PostgresPasswordResets(users.pool),
        ResetMails(email_sender, mail_limits),
        passwords,
        password_attempts,
        login_sessions.on_revoked,
    )
    shutdown.add(
        "mail",
        lambda: _close_mail((password_recovery, email_verification, email_change_notices), mail_queue),
    )

    tracing = create_tracing(settings.tracing, instance_id)
    if tracing is not None:
        shutdown.add("tracing", tracing.close)
    notifications = stores.databases["notifications"]
    notification_preferences = NotificationPreferenceSettings(
        PostgresNotificationPreferences(notifications.pool)
    )
    link_hash = KeyedHash(await server_keys.get(LINK_KEY))
    mail_unsubscriptions = MailUnsubscriptions(notification_preferences, link_hash)
    notification_mail_job = NotificationMailJob(
        PostgresNotificationMails(notifications.pool),
        PostgresMailRecipients(users.pool),
        mail_limits,
        email_sender,
        mail_unsubscriptions.make_token,
        notifications.locks,
    )
    shutdown.add("notification mails", notification_mail_job.close)

    shared_services = SharedServices(service_stores(stores, limits), limits)
    shutdown.add("shared services", shared_services.close)
    core = Core(
        CoreStores(
            stores.messaging,
            stores.bus,
            stores.user_streams,
            PresenceStores(stores.presence, stores.messaging.last_seen),
        ),
        authenticator,
        accounts.load_cards,
        CoreOptions(instance_id, limits, text_frame, settings.ops.black_boxes, tracing),
        msgspec.structs.replace(shared_services.hooks(), find_existing_users=accounts.find_existing_users),
    )
    shutdown.add("core", core.stop)
    services = Services(
        shared_services, core, limits, check_in_codes, accounts.invalidate_card, stores.bus.publish
    )
    shutdown.add("services", services.close)
    moderation = create_moderation(
        stores, action_log, credential_checks, authenticator, accounts, core, services
    )
    shutdown.add("moderation backlog", moderation.backlog_monitor.close)
    export_store = PostgresDataExports(users.pool)
    data_exporter = DataExporter(
        export_store,
        export_parts(stores),
        shared_services.stores.notifications,
        shared_services.notification_pusher.wake,
    )
    shutdown.add("data exports", data_exporter.close)
    pruning_job = PruningJob(
        [
            *prunable_tables({name: database.pool for name, database in stores.databases.items()}),
            stores.messaging.prunable_keys,
        ],
        users.locks,
    )
    shutdown.add("pruning", pruning_job.close)
    await core.start()
    event_calendars = EventCalendars(
        shared_services.stores.events,
        shared_services.stores.event_series,
        services.events,
        CalendarWriter(settings.base_url),
    )
    return ServerComponents(
        calendar_links=CalendarLinks(PostgresCalendarLinks(users.pool), link_hash, settings.base_url),
        event_calendars=event_calendars,
        stores=stores,
        authenticator=authenticator,
        accounts=accounts,
        sign_up=sign_up,
        login_sessions=login_sessions,
        email_verification=email_verification,
        password_recovery=password_recovery,
        email_change_undo=EmailChangeUndo(
            email_changes, passwords, password_recovery, login_sessions.on_revoked, on_user_changed
        ),
        password_attempts=password_attempts,
        mail_limits=mail_limits,
        account_deletion=AccountDeletion(
            PostgresUserSnapshots(users.pool),
            credential_checks,
            login_sessions.on_revoked,
            on_user_deleted,
        ),
        registrations=Registrations(registration_store, on_approved, email_sender, mail_limits),
        moderation=moderation,
        mail_queue=mail_queue,
        notification_preferences=notification_preferences,
        mail_unsubscriptions=mail_unsubscriptions,
        notification_mail_job=notification_mail_job,
        data_exports=DataExports(
            export_store, ExportLinks(link_hash), authenticator.session_states, data_exporter.wake
        ),
        data_exporter=data_exporter,
        passwords=passwords,
        core=core,
        services=services,
        pruning_job=pruning_job,
        base_url=settings.base_url,
        idempotent_responses=PostgresIdempotentResponses(users.pool),
    )


class _MailSender(Protocol):
    async def close(self, timeout_s: float) -> None: ...


async def _close_mail(senders: Sequence[_MailSender], mail_queue: MailQueue) -> None:
    await asyncio.gather(*(sender.close(MAIL_CLOSE_TIMEOUT_S) for sender in senders))
    await mail_queue.close(MAIL_CLOSE_TIMEOUT_S)
