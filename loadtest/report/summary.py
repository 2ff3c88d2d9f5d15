"""A report as plain text, on one screen: the verdict first, then why."""

from collections.abc import Sequence
from typing import Final

from loadtest.report.evaluation import describe_criterion
from loadtest.report.report import Report

FAULTS_MAX: Final = 10
ERRORS_MAX: Final = 10


def format_result(report: Report) -> str:
    """One sentence."""
    if report.passed and not report.interrupted:
        return "GOOD: no promise was broken and every threshold held."
    if report.passed:
        return "GOOD AS FAR AS IT WENT: it was ended early; nothing that was asked for failed till then."
    said = "; ".join(f"{rule.name}: {rule.actual} ({rule.expected} asked)" for rule in report.failed_criteria)
    return f"NOT GOOD: {said}."


def render_summary(report: Report) -> str:
    """The whole text."""
    options, counts = report.options, report.counts
    lines = [
        format_result(report),
        "",
        (
            f"{report.scenario}: {options.connections} connections on {len(options.urls)} servers, "
            f"{report.rate_per_s:g} acts/s for {report.load_s:g} s, seed {options.seed}, {report.started_at}"
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
    for kind, one in report.operations.items():
        figures = (one.p50_ms, one.p90_ms, one.p99_ms, one.p999_ms, one.max_ms)
        mark = " *" if kind == report.primary_operation else ""
        rows.append([kind + mark, str(one.count), *(f"{figure:.1f}" for figure in figures)])
    return [*_table(rows), "Latencies count from when something was meant. * is the scenario's own."]


def _server_lines(report: Report) -> list[str]:
    rows = [
        ["server", "CPU", "memory MiB", "B/connection", "entries/s", "a batch", "batch ms", "lag ms", "shed"]
    ]
    for server in report.servers:
        one = server.metrics
        if one is None:
            rows.append([server.url, "no metrics"])
            continue
        each = "-" if one.bytes_per_connection is None else str(one.bytes_per_connection)
        rows.append(
            [
                server.url,
                f"{one.cpu_share:.0%}",
                f"{one.resident_bytes / 2**20:.0f}",
                each,
                f"{one.entries_per_s:g}",
                f"{one.batch_entries:g}",
                f"{one.batch_ms:g}",
                f"{one.lag_ms_max:g}",
                str(one.shed),
            ]
        )
    return _table(rows)


def _tester_lines(report: Report) -> list[str]:
    fitness = report.tester_health
    cost = "" if fitness.us_per_message is None else f", {fitness.us_per_message:g} us a received frame"
    said = (
        f"load tester: busiest process {fitness.cpu_share_max:.0%} of a core, loop late by "
        f"{fitness.lag_ms_max:g} ms, acts late by {fitness.late_ms_max:g} ms at worst{cost}"
    )
    if not fitness.saturated:
        return ["", said]
    return [
        "",
        said,
        "IT WAS ITSELF SATURATED: the latencies are partly its own. Give more --processes or less.",
    ]


def _error_lines(report: Report) -> list[str]:
    if not report.errors:
        return []
    shown = list(report.errors.items())[:ERRORS_MAX]
    return ["", "errors:", *(f"  {count} x {what}" for what, count in shown)]


def _fault_lines(report: Report) -> list[str]:
    if not report.fault_counts:
        return []
    lines = ["", "broken promises:"]
    lines += [f"  {count} {kind}: {describe_criterion(kind)}" for kind, count in report.fault_counts.items()]
    lines += ["", "the first of them, as seen:"]
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
