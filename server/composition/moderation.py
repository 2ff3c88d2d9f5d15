"""Creates reports, what moderators do about them, and appeals."""

from collections.abc import Sequence
from dataclasses import dataclass

from actors.accounts.accounts import Accounts
from actors.accounts.authenticator import Authenticator
from actors.accounts.credential_checks import CredentialChecks
from actors.conversations.conversations import Conversations
from actors.core import Core
from actors.moderation.actions import ModerationActions
from actors.moderation.appeals import Appeals
from actors.moderation.backlog_monitor import BacklogMonitor
from actors.moderation.moderated_items import ModeratedItems
from actors.moderation.report_queue import ReportQueue
from actors.moderation.reports import Reports
from actors.services import Services
from storage.contracts.moderation import TargetKind, UserActionOutcome
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.appeals import PostgresAppeals
from storage.postgres.contents import PostgresContents
from storage.postgres.moderation import PostgresModeration
from storage.postgres.reports import PostgresReports
from storage.stores import Stores

MODERATED_SERVICES = ("users", "posts", "events")
"""Services whose domain events follow from actions of moderators."""


@dataclass(frozen=True, slots=True)
class ModerationComponents:
    reports: Reports
    report_queue: ReportQueue
    report_store: PostgresReports
    items: ModeratedItems
    actions: ModerationActions
    store: PostgresModeration
    appeals: Appeals
    backlog_monitor: BacklogMonitor


def create_moderation(
    stores: Stores,
    action_log: PostgresActionLog,
    credential_checks: CredentialChecks,
    authenticator: Authenticator,
    accounts: Accounts,
    core: Core,
    services: Services,
) -> ModerationComponents:
    """Create the components. The caller starts and closes the backlog monitor."""
    users = stores.databases["users"]

    async def is_target_visible(viewer_id: str, kind: TargetKind, target_id: str) -> bool:
        return await can_see_target(services, core.conversations, accounts, viewer_id, kind, target_id)

    async def load_usernames(user_ids: Sequence[str]) -> dict[str, str]:
        return {user_id: card.username for user_id, card in (await accounts.load_cards(user_ids)).items()}

    def on_moderated(outcome: UserActionOutcome) -> None:
        for session_id in outcome.session_ids:
            authenticator.invalidate(session_id)
        if outcome.sessions_ended:
            core.publish_revocation(outcome.session_ids)
        else:
            core.publish_restrictions_change(outcome.user_id, outcome.session_ids, outcome.silenced_until)

    def on_acted() -> None:
        for service in MODERATED_SERVICES:
            services.wake_readers(service)

    report_store = PostgresReports(users.pool, action_log, users.idempotency_keys)
    store = PostgresModeration(users.pool, action_log, users.idempotency_keys)
    appeal_store = PostgresAppeals(users.pool, action_log, users.idempotency_keys)
    items = ModeratedItems(
        {
            TargetKind.POST: PostgresContents.for_posts(stores.databases["posts"].pool),
            TargetKind.COMMENT: PostgresContents.for_comments(stores.databases["posts"].pool),
            TargetKind.EVENT: PostgresContents.for_events(stores.databases["events"].pool),
        },
        core.moderated_messages,
        store,
        load_usernames,
        lambda kind: services.wake_readers("events" if kind is TargetKind.EVENT else "posts"),
    )
    return ModerationComponents(
        Reports(report_store, is_target_visible, items.take_snapshot),
        ReportQueue(report_store, items),
        report_store,
        items,
        ModerationActions(store, action_log, items, report_store, on_moderated, on_acted),
        store,
        Appeals(appeal_store, action_log, credential_checks),
        BacklogMonitor(report_store, appeal_store),
    )


async def can_see_target(
    services: Services,
    conversations: Conversations,
    accounts: Accounts,
    viewer_id: str,
    kind: TargetKind,
    target_id: str,
) -> bool:
    """Return whether the reported object exists and the viewer may see it."""
    match kind:
        case TargetKind.POST:
            return await services.posts.can_see(viewer_id, target_id)
        case TargetKind.COMMENT:
            return await services.reactions.can_see_comment(viewer_id, target_id)
        case TargetKind.MESSAGE:
            return await conversations.can_see_message(viewer_id, target_id)
        case TargetKind.EVENT:
            return await services.events.can_see(viewer_id, target_id)
        case TargetKind.USER:
            # A blocked user may still be reported.
            return bool(await accounts.load_current_cards([target_id]))
