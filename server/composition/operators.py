"""What operator commands use: moderation, the doctor, and the replay of dead letters."""

from actors.moderation.command_line_moderation import CommandLineModeration
from actors.operations.dead_letter_replay import DeadLetterReplay
from actors.operations.doctor import Doctor, DoctorInputs
from actors.service_stores import USER_CACHE_SERVICES
from server.composition.components import ServerComponents
from server.composition.service_stores import store_checks
from server.operator_services import OperatorServices
from storage.postgres.audit import (
    PostgresCountAudit,
    PostgresModerationAudit,
    PostgresPostsAudit,
    PostgresSocialAudit,
)
from storage.postgres.data_exports import PostgresDataExports
from storage.postgres.event_reminders import PostgresEventReminders
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.user_snapshots import PostgresUserSnapshots


def create_operator_services(components: ServerComponents) -> OperatorServices:
    """Create moderation, the doctor and the replay of dead letters, for operator commands."""
    stores, services = components.stores, components.services

    return OperatorServices(
        moderation=CommandLineModeration(
            components.moderation.report_store,
            components.moderation.report_queue,
            components.moderation.store,
            components.moderation.actions,
        ),
        doctor=Doctor(doctor_inputs(components)),
        replay=DeadLetterReplay(
            services.readers, {name: database.cursors for name, database in stores.databases.items()}
        ),
    )


def doctor_inputs(components: ServerComponents) -> DoctorInputs:
    """Create the audits, which read whole tables, and collect the stores that the doctor compares."""
    stores, services = components.stores, components.services
    databases = stores.databases
    social, posts = PostgresSocialAudit(databases["social"].pool), PostgresPostsAudit(databases["posts"].pool)
    counted = {name: PostgresCountAudit(databases[name].pool, name) for name in ("events", "notifications")}
    return DoctorInputs(
        store_checks=store_checks(stores),
        outboxes={name: database.outbox for name, database in databases.items()},
        cursors={name: database.cursors for name, database in databases.items()},
        consumers=services.consumer_services,
        count_audits={"social": social, "posts": posts, **counted},
        posts_audit=posts,
        social_audit=social,
        user_snapshots=PostgresUserSnapshots(databases["users"].pool),
        user_caches={
            name: PostgresUserCache(databases[name].pool, databases[name].cursors)
            for name in USER_CACHE_SERVICES
        },
        message_log=stores.messaging,
        pending_effects=stores.messaging,
        log_audit=stores.messaging,
        event_reminders=PostgresEventReminders(databases["events"].pool),
        data_exports=PostgresDataExports(databases["users"].pool),
        reports=components.moderation.report_store,
        moderation_audit=PostgresModerationAudit(databases["users"].pool),
        is_content_hidden=components.moderation.items.is_hidden,
    )
