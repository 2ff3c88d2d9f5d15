"""Alerts and dashboard name metrics that a server exports, and Prometheus accepts the alerts."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from server.instance import Instance
from tests.programs import find_program
from tests.server.api_client import ApiClient

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yaml"
AUTOSCALER = DEPLOY / "kubernetes" / "base" / "autoscaler.yaml"
PAGE = DEPLOY.parent / "docs" / "deployment.md"
DASHBOARD = DEPLOY / "grafana" / "convene.json"
METRIC = re.compile(r"\b(?:convene|process|python|node)_[a-z0-9_]+|\bup\b")
FOREIGN = ("up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes")
"""Metrics of Prometheus itself, and of node_exporter."""


def _rules() -> Iterator[dict[str, object]]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from group["rules"]


def _dashboard_expressions() -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def _autoscaler_metrics() -> Iterator[str]:
    """Those of the autoscaler, and those that the rule of prometheus-adapter gives it."""
    for metric in yaml.safe_load(AUTOSCALER.read_text())["spec"]["metrics"]:
        if "pods" in metric:
            yield metric["pods"]["metric"]["name"]
    yield from re.findall(r"seriesQuery: '([^']+)'", PAGE.read_text())


def _used_metrics() -> set[str]:
    expressions = [
        *(str(rule["expr"]) for rule in _rules()),
        *_dashboard_expressions(),
        *_autoscaler_metrics(),
    ]
    return {name for expression in expressions for name in METRIC.findall(expression)}


def _exported_samples(exposition: str) -> set[str]:
    """The names of all samples that the families have, or will have."""
    samples: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        samples |= {name + suffix for suffix in suffixes}
    return samples


@pytest.mark.parametrize(
    ("kind", "name"),
    [("check", "rules.yaml"), ("test", "rules.test.yaml"), ("test", "rules.days.test.yaml")],
)
def test_promtool_accepts_the_rules(kind: str, name: str) -> None:
    """`check rules` finds no error, and `test rules` fires each tested alert when it should."""
    command = [find_program("promtool"), kind, "rules", name]
    result = subprocess.run(command, cwd=RULES.parent, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_runbook_and_a_severity() -> None:
    """The anchor is the name in kebab case, and a heading of the page."""
    rules = list(_rules())
    assert rules
    headings = re.findall(r"^#+ (.+)$", (DEPLOY.parent / "docs" / "operations.md").read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for rule in rules:
        kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", str(rule["alert"])).lower()
        annotations, labels = rule["annotations"], rule["labels"]
        assert isinstance(annotations, dict)
        assert isinstance(labels, dict)
        assert annotations["runbook_url"] == f"docs/operations.md#{kebab}"
        assert kebab in anchors
        assert annotations["summary"]
        assert labels["severity"] in {"warning", "critical"}


async def test_every_metric_in_rules_dashboard_and_autoscaler_is_exported(
    api: ApiClient, instance: Instance
) -> None:
    """From the start of a server: a family without samples has its type already."""
    async with api._session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
        exported = _exported_samples(await answer.text())
    used = _used_metrics()
    assert len(used) > 50
    assert used - exported - set(FOREIGN) == set()


async def test_requests_stores_and_build_are_measured(api: ApiClient, instance: Instance) -> None:
    """A running server has samples of each store's pool and calls, and of its routes by template."""
    await api.get(None, "/healthz")
    async with api._session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
        exposition = await answer.text()
    for store in ("users", "social", "posts", "events", "notifications"):
        labels = f'{{pool="statements",store="postgres {store}"}}'
        assert re.search(rf"^convene_store_connections{re.escape(labels)} [1-9]", exposition, re.MULTILINE)
    assert re.search(
        r'^convene_store_connections\{pool="driver",store="messaging"\} [1-9]', exposition, re.MULTILINE
    )
    assert re.search(
        r'^convene_store_call_duration_seconds_count\{store="redis [^"]+"\} [1-9]', exposition, re.MULTILINE
    )
    assert re.search(
        r'^convene_http_requests_total\{method="GET",route="/healthz",status="2xx"\} [1-9]',
        exposition,
        re.MULTILINE,
    )
    assert re.search(r"^convene_ready 1\.0$", exposition, re.MULTILINE)
    assert re.search(
        r'^convene_build_info\{python="3[^"]+",version="[^"]+"\} 1\.0$', exposition, re.MULTILINE
    )
