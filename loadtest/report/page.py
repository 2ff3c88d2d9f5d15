"""Renders a report as one self-contained HTML page, without scripts.

All text from servers is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from loadtest.report.evaluation import describe_criterion
from loadtest.report.plots import render_plots
from loadtest.report.report import Report
from loadtest.report.summary import format_result

STYLE: Final = Path(__file__).with_name("page.css")
FAULTS_MAX: Final = 100


def render_page(report: Report) -> str:
    """Return a self-contained HTML page."""
    options = report.options
    title = f"Convene under load: {report.scenario}"
    facts = (
        f"{options.connections} connections on {len(options.urls)} servers, "
        f"{report.rate_per_s:g} operations/s for {report.load_s:g} s, seed {options.seed}, "
        f"{options.processes} processes, {report.started_at}"
    )
    machine = report.machine
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE.read_text('utf-8')}</style></head><body>",
            f"<h1>{escape(title)}</h1><p class='faint'>{escape(facts)}<br>",
            f"{escape(', '.join(options.urls))} · from {escape(machine.system)}, {machine.cores} cores</p>",
            f"<p class='result{'' if report.passed else ' bad'}'>{escape(format_result(report))}</p>",
            _saturation_notice(report),
            _tiles(report),
            _fault_tables(report),
            "<h2>Time series</h2><div class='plots'>",
            *(
                f"<figure><figcaption>{escape(name)}</figcaption>{svg}</figure>"
                for name, svg in render_plots(report)
            ),
            (
                "</div><p class='faint'>Shaded: connecting (grey), waiting for replies (yellow), "
                "checking (blue).</p>"
            ),
            _operation_table(report),
            _server_table(report),
            _criteria_table(report),
            _error_table(report),
            "</body></html>",
        )
    )


def _saturation_notice(report: Report) -> str:
    if not report.saturated:
        return ""
    return (
        "<p class='result warning'>The load tester was saturated: latencies include its own delays. "
        "Use more --processes or a lower --rate.</p>"
    )


def _tiles(report: Report) -> str:
    counts, faults = report.counts, report.fault_counts
    latency, cost = report.primary_latency, report.tester_health.us_per_message
    tiles = (
        ("lost", faults.get("lost", 0)),
        ("duplicated", faults.get("duplicated", 0)),
        ("reordered", faults.get("reordered", 0)),
        (
            "other faults",
            sum(n for kind, n in faults.items() if kind not in {"lost", "duplicated", "reordered"}),
        ),
        (f"p50 of {report.primary_operation}", f"{latency.p50_ms:.1f} ms"),
        (f"p99 of {report.primary_operation}", f"{latency.p99_ms:.1f} ms"),
        ("messages sent", f"{counts.get('sent', 0):,}"),
        ("frames received", f"{counts.get('received', 0):,}"),
        ("requests", f"{counts.get('calls', 0):,}"),
        ("resumed", f"{counts.get('resumed', 0):,}"),
        ("errors", f"{sum(report.errors.values()):,}"),
        ("load tester's CPU", f"{report.tester_health.cpu_share_max:.0%}"),
        *([("its CPU per frame", f"{cost:g} µs")] if cost else []),
    )
    return (
        "<div class='tiles'>"
        + "".join(
            f"<div class='tile'>{escape(name)}<b>{escape(str(value))}</b></div>" for name, value in tiles
        )
        + "</div>"
    )


def _fault_tables(report: Report) -> str:
    if not report.fault_counts:
        return ""
    kinds = [
        ("bad", (kind, str(count), describe_criterion(kind)))
        for kind, count in sorted(report.fault_counts.items())
    ]
    details = [
        (
            "",
            (
                fault.kind.value,
                fault.conversation_id or "user stream",
                fault.client,
                _seqs(fault.seqs, fault.count),
                fault.detail,
            ),
        )
        for fault in report.faults[:FAULTS_MAX]
    ]
    return (
        "<h2>Faults</h2>"
        + _table(("kind", "count", "meaning"), kinds, "texts")
        + "<h2>Fault details</h2>"
        + _table(("kind", "conversation", "client", "seq", "detail"), details, "texts")
    )


def _seqs(seqs: Sequence[int], count: int) -> str:
    return ", ".join(map(str, seqs)) + (", ..." if count > len(seqs) else "")


def _operation_table(report: Report) -> str:
    rows = []
    for kind, percentiles in report.operations.items():
        values = (
            percentiles.mean_ms,
            percentiles.p50_ms,
            percentiles.p90_ms,
            percentiles.p99_ms,
            percentiles.p999_ms,
            percentiles.max_ms,
        )
        cells = (kind, f"{percentiles.count:,}", *(f"{value:.1f}" for value in values))
        rows.append(("primary" if kind == report.primary_operation else "", cells))
    head = ("operation", "count", "mean ms", "p50", "p90", "p99", "p99.9", "max")
    return "<h2>Latencies, from the scheduled time</h2>" + _table(head, rows)


def _server_table(report: Report) -> str:
    rows: list[tuple[str, tuple[str, ...]]] = []
    for server in report.servers:
        metrics = server.metrics
        if metrics is None:
            rows.append(("", (server.url, "no metrics")))
            continue
        per_connection = (
            "-" if metrics.bytes_per_connection is None else f"{metrics.bytes_per_connection:,} B"
        )
        cells = (
            server.url,
            f"{metrics.cpu_share:.0%}",
            f"{metrics.resident_bytes / 2**20:.0f} MiB",
            per_connection,
            f"{metrics.entries_per_s:g}",
            f"{metrics.batch_entries:g}",
            f"{metrics.batch_ms:g}",
            f"{metrics.lag_ms_max:g}",
            f"{metrics.bus_lag_ms_max:g}",
            str(metrics.repairs),
            str(metrics.shed),
        )
        rows.append(("", cells))
    head = (
        "server", "CPU", "memory", "per connection", "entries/s", "per batch", "batch ms", "loop lag ms",
        "bus lag ms", "repairs", "shed",
    )  # fmt: skip
    return "<h2>Servers, during the load</h2>" + _table(head, rows)


def _criteria_table(report: Report) -> str:
    rows = [
        ("" if criterion.passed else "bad", (criterion.name, criterion.expected, criterion.actual))
        for criterion in report.criteria
    ]
    checked = (
        f"<p class='faint'>Unread counts and heads of {report.users_checked} users and "
        f"{report.conversations_checked} conversations were compared with the received frames.</p>"
    )
    return "<h2>Criteria</h2>" + _table(("", "expected", "actual"), rows) + checked


def _error_table(report: Report) -> str:
    if not report.errors:
        return ""
    rows = [("", (error, str(count))) for error, count in report.errors.items()]
    return "<h2>Errors</h2>" + _table(("error", "count"), rows)


def _table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], kind: str = "figures") -> str:
    header = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(
        f"<tr class='{row_class}'>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for row_class, cells in rows
    )
    return (
        f"<div class='scroll'><table class='{kind}'><thead><tr>{header}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
