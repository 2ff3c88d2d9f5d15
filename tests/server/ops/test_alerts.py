"""The alerts that `/ops` evaluates are those of `deploy/prometheus/rules.yaml`."""

import re
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily

from server.ops.alerts import RULES, evaluate

RULES_FILE = Path(__file__).parents[3] / "deploy/prometheus/rules.yaml"
COMPARISON = re.compile(r"^(?:max\((\w+)\)|(\w+)) (>|==) ([\d.]+)$")


def comparisons() -> dict[str, str]:
    """Return the expressions of the rules that compare one metric with a number, by name of the alert."""
    rules = re.findall(r"- alert: (\w+)\n\s+expr: >-\n((?: {10}.+\n)+)", RULES_FILE.read_text("utf-8"))
    matches = {name: COMPARISON.match(" ".join(lines.split())) for name, lines in rules}
    return {
        name: f"{match[1] or match[2]} {match[3]} {match[4]}"
        for name, match in matches.items()
        if match is not None
    }


def test_rules_are_those_of_prometheus() -> None:
    """All alerts that compare one metric with a number, with metric, operator and threshold."""
    assert len(RULES) > 10
    assert {rule.name: rule.expression for rule in RULES} == comparisons()


def test_evaluate_returns_what_holds() -> None:
    """With the labels of each sample."""
    lag = GaugeMetricFamily("convene_domain_event_lag_seconds", "Lag.", labels=["consumer"])
    lag.add_metric(["feed"], 60.0)
    lag.add_metric(["posts"], 61.0)
    found = evaluate([lag, GaugeMetricFamily("convene_ready", "Ready.", value=1)])
    assert [(alert.name, alert.labels, alert.value) for alert in found] == [
        ("ConsumerLagging", 'consumer="posts"', 61.0)
    ]
