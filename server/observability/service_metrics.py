"""Exports the statistics of the services and of their background jobs."""

from collections.abc import Iterator

import msgspec
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from server.observability.metric_families import counter, gauge
from server.observability.metric_sources import MetricSources


class ServiceCollector(Collector):
    """Metrics of accounts, mail, exports, domain events, events and moderation."""

    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        yield from self._passwords()
        yield from self._mail()
        yield from self._data_exports()
        yield from self._domain_events()
        yield from self._pruning()
        yield from self._event_reminders()
        yield from self._conversation_requests()
        yield from self._moderation_actions()
        yield from self._moderation_backlog()

    def _passwords(self) -> Iterator[Metric]:
        passwords = self._sources.passwords()
        yield gauge("convene_password_hashes_running", "Passwords being hashed.", passwords.running)
        yield gauge(
            "convene_password_hashes_waiting", "Passwords waiting for a hashing thread.", passwords.waiting
        )
        yield counter(
            "convene_password_hashes_refused",
            "Requests refused because too many passwords were waiting.",
            passwords.refused,
        )

    def _mail(self) -> Iterator[Metric]:
        if self._sources.mail is None:
            return
        mail = self._sources.mail()
        yield gauge("convene_mails_pending", "E-mails waiting or being sent.", mail.pending)
        yield counter("convene_mails_sent", "E-mails accepted by the SMTP server.", mail.sent)
        yield counter("convene_mail_retries", "E-mail deliveries scheduled for a retry.", mail.retries)
        yield counter("convene_mails_failed", "E-mails given up.", mail.failed)
        yield counter("convene_mails_dropped", "E-mails dropped because the queue was full.", mail.dropped)
        yield counter(
            "convene_mails_withheld",
            "E-mails not sent because of a limit per address.",
            self._sources.mails_withheld(),
        )
        yield counter(
            "convene_password_tries_refused",
            "Logins and password confirmations refused because of too many failures for the account.",
            self._sources.password_attempts_refused(),
        )

    def _data_exports(self) -> Iterator[Metric]:
        if self._sources.data_exports is None:
            return
        exports = self._sources.data_exports()
        yield counter("convene_data_exports_made", "Data exports that this instance made.", exports.made)
        yield counter(
            "convene_data_exports_failed", "Data exports that this instance gave up.", exports.failed
        )
        yield gauge(
            "convene_data_exports_pending",
            "Data exports that all instances still have to make.",
            exports.backlog.pending,
        )
        yield gauge(
            "convene_data_exports_oldest_pending_seconds",
            "Age of the oldest pending data export.",
            exports.backlog.oldest_s,
        )

    def _domain_events(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "convene_domain_event_lag_seconds",
            "Age of the oldest domain event not handled yet.",
            labels=["consumer"],
        )
        handled = CounterMetricFamily(
            "convene_domain_events_handled", "Domain events handled.", labels=["consumer"]
        )
        dead_lettered = CounterMetricFamily(
            "convene_domain_events_dead_lettered",
            "Domain events moved to the dead letters.",
            labels=["consumer"],
        )
        for reader in self._sources.domain_events():
            lag.add_metric([reader.consumer], reader.lag_s)
            handled.add_metric([reader.consumer], reader.handled)
            dead_lettered.add_metric([reader.consumer], reader.dead_lettered)
        yield from (lag, handled, dead_lettered)

    def _pruning(self) -> Iterator[Metric]:
        pruning = self._sources.pruning()
        rows = CounterMetricFamily(
            "convene_pruned_rows",
            "Rows past their retention that this instance deleted.",
            labels=["table"],
        )
        for table, count in pruning.rows.items():
            rows.add_metric([table], count)
        yield rows
        yield gauge(
            "convene_pruning_completed_time_seconds",
            "Unix time at which this instance last pruned all tables; 0 if another instance does.",
            pruning.completed_at_s,
        )

    def _event_reminders(self) -> Iterator[Metric]:
        if self._sources.event_reminders is None:
            return
        reminders = self._sources.event_reminders()
        yield counter(
            "convene_event_reminders", "Reminders of events published by this instance.", reminders.published
        )
        yield gauge(
            "convene_event_reminders_overdue_seconds",
            "Time for which the oldest reminder that was not published had been due, at the last check.",
            reminders.overdue_s,
        )

    def _conversation_requests(self) -> Iterator[Metric]:
        if self._sources.conversation_requests is None:
            return
        counts = CounterMetricFamily(
            "convene_conversation_requests",
            "Requests to join a conversation, by outcome. `unseen`: the recipient accepts none or has too "
            "many, or was asked before; `limited`: refused with `rate.limited`.",
            labels=["outcome"],
        )
        for outcome, count in msgspec.structs.asdict(self._sources.conversation_requests()).items():
            counts.add_metric([outcome], count)
        yield counts

    def _moderation_actions(self) -> Iterator[Metric]:
        if self._sources.moderation_actions is None:
            return
        counts = CounterMetricFamily(
            "convene_moderation_actions",
            "Actions of moderators on this instance, by type.",
            labels=["type"],
        )
        for type_, count in self._sources.moderation_actions().items():
            counts.add_metric([type_], count)
        yield counts

    def _moderation_backlog(self) -> Iterator[Metric]:
        if self._sources.moderation_backlog is None:
            return
        backlog = self._sources.moderation_backlog()
        reports = GaugeMetricFamily(
            "convene_reports_open",
            "Open reports, at the last check; the same on all instances.",
            labels=["assigned"],
        )
        reports.add_metric(["yes"], backlog.reports.open - backlog.reports.unassigned)
        reports.add_metric(["no"], backlog.reports.unassigned)
        yield reports
        yield gauge(
            "convene_reports_open_oldest_seconds",
            "Age of the oldest open report, at the last check; 0 without one.",
            backlog.reports.oldest_s,
        )
        yield gauge("convene_appeals_open", "Unanswered appeals, at the last check.", backlog.appeals.open)
        yield gauge(
            "convene_appeals_open_oldest_seconds",
            "Age of the oldest unanswered appeal, at the last check; 0 without one.",
            backlog.appeals.oldest_s,
        )
