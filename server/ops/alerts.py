"""The alerts of `deploy/prometheus/rules.yaml` that compare one metric with a number, on this instance now.

Their waiting times (`for`) are left out, so a condition shows here before the alert fires.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from prometheus_client.core import Metric

OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "==": operator.eq,
}


class AlertRule(msgspec.Struct, frozen=True):
    """`metric operator threshold`, as in the rule's expression, which may ask for the `max` of instances."""

    name: str
    metric: str
    operator: str
    threshold: float

    @property
    def expression(self) -> str:
        return f"{self.metric} {self.operator} {self.threshold:g}"


class Alert(msgspec.Struct, frozen=True):
    """A condition that holds. `labels` are those of the metric, as `store="users"`."""

    name: str
    expression: str
    labels: str
    value: float


RULES: Final = (
    AlertRule("InstanceNotReady", "convene_ready", "==", 0),
    AlertRule("StoreUnavailable", "convene_store_unavailable", "==", 1),
    AlertRule("BusDisconnected", "convene_bus_connected", "==", 0),
    AlertRule("OldestCommandUnanswered", "convene_commands_oldest_seconds", ">", 5),
    AlertRule("PendingEffectsOld", "convene_pending_effects_oldest_seconds", ">", 60),
    AlertRule("EventRemindersOverdue", "convene_event_reminders_overdue_seconds", ">", 60),
    AlertRule("BusLagHigh", "convene_bus_round_trip_seconds", ">", 0.5),
    AlertRule("ConversationQuarantined", "convene_conversations_quarantined", ">", 0),
    AlertRule("ConversationMailboxFull", "convene_mailbox_messages_max", ">", 500),
    AlertRule("ConsumerLagging", "convene_domain_event_lag_seconds", ">", 60),
    AlertRule("MailQueueGrowing", "convene_mails_pending", ">", 100),
    AlertRule("PasswordHashesQueued", "convene_password_hashes_waiting", ">", 10),
    AlertRule("FileDescriptorsShort", "convene_file_descriptors_short", "==", 1),
    AlertRule("DataExportsStuck", "convene_data_exports_oldest_pending_seconds", ">", 3600),
    AlertRule("ReportsWaiting", "convene_reports_open_oldest_seconds", ">", 259200),
    AlertRule("AppealsWaiting", "convene_appeals_open_oldest_seconds", ">", 259200),
)


def evaluate(metrics: Iterable[Metric]) -> list[Alert]:
    """Return the conditions that hold, in the order of the rules."""
    samples = {metric.name: metric.samples for metric in metrics}
    return [
        Alert(rule.name, rule.expression, _format_labels(sample.labels), sample.value)
        for rule in RULES
        for sample in samples.get(rule.metric, ())
        if OPERATORS[rule.operator](sample.value, rule.threshold)
    ]


def _format_labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in labels.items())
