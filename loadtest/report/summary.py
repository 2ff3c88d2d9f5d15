"""Renders a report as plain text of about one screen, result first."""

from collections.abc import Sequence
from typing import Final

from loadtest.report.evaluation import describe_criterion
from loadtest.report.report import Report

FAULTS_MAX: Final = 10
ERRORS_MAX: Final = 10


def format_result(report: Report) -> str:
    """Return the result as one sentence."""
    if report.passed and not report.interrupted:
        return "PASSED: no faults, all thresholds met."
    if report.passed:
        return "PASSED, ended early: no faults, all thresholds met until then."
    failures = "; ".join(
        f"{criterion.name}: {criterion.actual} (expected {criterion.expected})"
        for criterion in report.failed_criteria
    )
    return f"FAILED: {failures}."


def render_summary(report: Report) -> str:
    """Return the result as text of a few lines, for a terminal."""
    options, counts = report.options, report.counts
    lines = [
        format_result(report),
        "",
        (
            f"{report.scenario}: {options.connections} connections on {len(options.urls)} servers, "
            f"{report.rate_per_s:g} operations/s for {report.load_s:g} s, seed {options.seed}, "
            f"{report.started_at}"
        ),
        (
            f"sent {counts.get('sent', 0)}, acknowledged {counts.get('acknowledged', 0)}, "
            f"frames received {counts.get('received', 0)}, requests {counts.get('calls', 0)}, "
            f"resumed {counts.get('resumed', 0)}"
        ),
        (
            f"unread counts and heads: {report.users_checked} users, "
            f"{report.conversations_checked} conversations compared"
        ),
        "",
        *_operation_lines(report),
        "",
        *_server_lines(report),
        *_tester_lines(report),
        *_error_lines(report),
        *_fault_lines(report),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _operation_lines(report: Report) -> list[str]:
    rows = [["", "count", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms"]]
    for kind, percentiles in report.operations.items():
        values = (
            percentiles.p50_ms,
            percentiles.p90_ms,
            percentiles.p99_ms,
            percentiles.p999_ms,
            percentiles.max_ms,
        )
        mark = " *" if kind == report.primary_operation else ""
        rows.append([kind + mark, str(percentiles.count), *(f"{value:.1f}" for value in values)])
    return [*_table(rows), "Latencies count from the scheduled time. * marks the primary operation."]


def _server_lines(report: Report) -> list[str]:
    rows = [
        [
            "server",
            "CPU",
            "memory MiB",
            "B/connection",
            "entries/s",
            "per batch",
            "batch ms",
            "lag ms",
            "shed",
        ]
    ]
    for server in report.servers:
        metrics = server.metrics
        if metrics is None:
            rows.append([server.url, "no metrics"])
            continue
        per_connection = "-" if metrics.bytes_per_connection is None else str(metrics.bytes_per_connection)
        rows.append(
            [
                server.url,
                f"{metrics.cpu_share:.0%}",
                f"{metrics.resident_bytes / 2**20:.0f}",
                per_connection,
                f"{metrics.entries_per_s:g}",
                f"{metrics.batch_entries:g}",
                f"{metrics.batch_ms:g}",
                f"{metrics.lag_ms_max:g}",
                str(metrics.shed),
            ]
        )
    return _table(rows)


def _tester_lines(report: Report) -> list[str]:
    health = report.tester_health
    cost = "" if health.us_per_message is None else f", {health.us_per_message:g} us per received frame"
    line = (
        f"load tester: busiest process {health.cpu_share_max:.0%} of a core, event loop lag "
        f"{health.lag_ms_max:g} ms, operations late by {health.late_ms_max:g} ms at worst{cost}"
    )
    if not health.saturated:
        return ["", line]
    return [
        "",
        line,
        "SATURATED: latencies include the load tester's own delays. Use more --processes or a lower --rate.",
    ]


def _error_lines(report: Report) -> list[str]:
    if not report.errors:
        return []
    shown = list(report.errors.items())[:ERRORS_MAX]
    return ["", "errors:", *(f"  {count} x {what}" for what, count in shown)]


def _fault_lines(report: Report) -> list[str]:
    if not report.fault_counts:
        return []
    lines = ["", "faults:"]
    lines += [f"  {count} {kind}: {describe_criterion(kind)}" for kind, count in report.fault_counts.items()]
    lines += ["", "first faults in detail:"]
    return lines + [f"  {fault}" for fault in report.faults[:FAULTS_MAX]]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    columns = max(len(row) for row in rows)
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in full) for column in range(columns)]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in full
    ]
