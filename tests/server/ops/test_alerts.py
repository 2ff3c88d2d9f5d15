"""The alerts that `/ops` evaluates are those of `deploy/prometheus/rules.yaml`."""

import re
from pathlib import Path

import pytest
from prometheus_client.core import GaugeMetricFamily

from server.ops.alerts import RULES, AlertRule, evaluate

RULES_FILE = Path(__file__).parents[3] / "deploy/prometheus/rules.yaml"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_has_the_expression_of_prometheus(rule: AlertRule) -> None:
    """Name, metric, operator and threshold."""
    rules = dict(re.findall(r"- alert: (\w+)\n\s+expr: >-\n\s+(.+)\n", RULES_FILE.read_text("utf-8")))
    assert rules[rule.name] == rule.expression


def test_evaluate_returns_what_holds() -> None:
    """With the labels of each sample."""
    lag = GaugeMetricFamily("convene_domain_event_lag_seconds", "Lag.", labels=["consumer"])
    lag.add_metric(["feed"], 60.0)
    lag.add_metric(["posts"], 61.0)
    found = evaluate([lag, GaugeMetricFamily("convene_ready", "Ready.", value=1)])
    assert [(alert.name, alert.labels, alert.value) for alert in found] == [
        ("ConsumerLagging", 'consumer="posts"', 61.0)
    ]
