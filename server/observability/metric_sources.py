"""Where the exported metrics come from: the statistics of the components of a server process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from actors.accounts.passwords import PasswordStatistics
from actors.consent.conversation_requests import RequestStatistics
from actors.conversations.log_writer import LogWriterStatistics
from actors.conversations.pending_effect_sweeper import PendingEffectStatistics
from actors.conversations.unanswered_commands import CommandStatistics
from actors.delivery.rooms import RoomsStatistics
from actors.domain_events.reader import ReaderStatistics
from actors.events.reminder_job import ReminderStatistics
from actors.exports.exporter import ExporterStatistics
from actors.mail.mail_queue import MailQueueStatistics
from actors.moderation.backlog_monitor import ModerationBacklog
from actors.operations.pruning_job import PruningStatistics
from actors.runtime.black_box import BlackBoxStatistics
from actors.runtime.registry import RegistryStatistics
from actors.sessions.online_users import OnlineUsersStatistics
from server.http.http_connection import HttpConnectionLimiter
from server.http.request_concurrency import RequestConcurrency
from server.observability.file_descriptors import FileDescriptors
from server.observability.http_metrics import HttpMetrics
from server.websocket.connection_manager import ConnectionStatistics
from storage.contracts.bus import BusStatistics
from storage.histogram import HistogramStatistics
from storage.store_calls import PoolStatistics


@dataclass(frozen=True, slots=True)
class HttpMetricSources:
    requests: HttpMetrics
    connections: HttpConnectionLimiter
    concurrency: RequestConcurrency


@dataclass(frozen=True, slots=True)
class MetricSources:
    """Functions that return the current statistics of each component."""

    connections: Callable[[], ConnectionStatistics]
    online_users: Callable[[], OnlineUsersStatistics]
    command_counts: Callable[[], Mapping[str, int]]
    rooms: Callable[[], RoomsStatistics]
    conversations: Callable[[], RegistryStatistics]
    unstored_commands: Callable[[], Sequence[int]]
    log_writer: Callable[[], LogWriterStatistics]
    commands: Callable[[], CommandStatistics]
    pending_effects: Callable[[], PendingEffectStatistics]
    bus: Callable[[], BusStatistics]
    malformed_bus_messages: Callable[[], int]
    pruning: Callable[[], PruningStatistics]
    loop_lag_s: Callable[[], float]
    file_descriptors: FileDescriptors
    http: HttpMetricSources
    store_pools: Callable[[], Sequence[PoolStatistics]]
    passwords: Callable[[], PasswordStatistics]
    deliveries: Callable[[], Mapping[str, HistogramStatistics]]
    resumes: Callable[[], Mapping[str, int]]
    version: str
    mail: Callable[[], MailQueueStatistics] | None = None
    data_exports: Callable[[], ExporterStatistics] | None = None
    mails_withheld: Callable[[], int] = lambda: 0
    password_attempts_refused: Callable[[], int] = lambda: 0
    domain_events: Callable[[], Sequence[ReaderStatistics]] = list
    conversation_requests: Callable[[], RequestStatistics] | None = None
    moderation_actions: Callable[[], Mapping[str, int]] | None = None
    moderation_backlog: Callable[[], ModerationBacklog] | None = None
    event_reminders: Callable[[], ReminderStatistics] | None = None
    black_boxes: Callable[[], Mapping[str, BlackBoxStatistics]] = dict
    posts_watched: Callable[[], int] = lambda: 0
