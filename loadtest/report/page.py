"""A report as one page that needs nothing else: the verdict, the figures, the pictures, what was seen.

Everything that comes from a server is escaped. It holds no script and loads nothing.
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
    """The whole page."""
    options = report.options
    title = f"Convene under load: {report.scenario}"
    facts = (
        f"{options.connections} connections on {len(options.urls)} servers, {report.rate_per_s:g} acts/s for "
        f"{report.load_s:g} s, seed {options.seed}, {options.processes} processes, {report.started_at}"
    )
    machine = report.machine
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE.read_text('utf-8')}</style></head><body>",
            f"<h1>{escape(title)}</h1><p class='faint'>{escape(facts)}<br>",
            f"{escape(', '.join(options.urls))} · from {escape(machine.system)}, {machine.cores} cores</p>",
            f"<p class='verdict{'' if report.passed else ' bad'}'>{escape(format_result(report))}</p>",
            _saturation_notice(report),
            _tiles(report),
            _fault_tables(report),
            "<h2>How it went</h2><div class='plots'>",
            *(
                f"<figure><figcaption>{escape(name)}</figcaption>{svg}</figure>"
                for name, svg in render_plots(report)
            ),
            (
                "</div><p class='faint'>Shaded: connections coming (grey), waiting for answers (yellow), "
                "judging (blue).</p>"
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
        "<p class='verdict odd'>The load tester was itself saturated: the latencies are partly its own. "
        "Give more processes, or less load.</p>"
    )


def _tiles(report: Report) -> str:
    counts, faults = report.counts, report.fault_counts
    own, cost = report.primary_latency, report.tester_health.us_per_message
    tiles = (
        ("lost", faults.get("lost", 0)),
        ("duplicated", faults.get("duplicated", 0)),
        ("reordered", faults.get("reordered", 0)),
        (
            "other faults",
            sum(n for kind, n in faults.items() if kind not in {"lost", "duplicated", "reordered"}),
        ),
        (f"p50 of {report.primary_operation}", f"{own.p50_ms:.1f} ms"),
        (f"p99 of {report.primary_operation}", f"{own.p99_ms:.1f} ms"),
        ("messages sent", f"{counts.get('sent', 0):,}"),
        ("frames received", f"{counts.get('received', 0):,}"),
        ("requests", f"{counts.get('calls', 0):,}"),
        ("resumed", f"{counts.get('resumed', 0):,}"),
        ("errors", f"{sum(report.errors.values()):,}"),
        ("load tester's CPU", f"{report.tester_health.cpu_share_max:.0%}"),
        *([("its CPU a frame", f"{cost:g} µs")] if cost else []),
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
    seen = [
        (
            "",
            (
                one.kind.value,
                one.conversation_id or "user stream",
                one.client,
                _seqs(one.seqs, one.count),
                one.detail,
            ),
        )
        for one in report.faults[:FAULTS_MAX]
    ]
    return (
        "<h2>Broken promises</h2>"
        + _table(("kind", "how many", "that is"), kinds, "texts")
        + "<h2>What was seen</h2>"
        + _table(("kind", "conversation", "client", "seq", "said"), seen, "texts")
    )


def _seqs(seqs: Sequence[int], count: int) -> str:
    return ", ".join(map(str, seqs)) + (", ..." if count > len(seqs) else "")


def _operation_table(report: Report) -> str:
    rows = []
    for kind, one in report.operations.items():
        figures = (one.mean_ms, one.p50_ms, one.p90_ms, one.p99_ms, one.p999_ms, one.max_ms)
        cells = (kind, f"{one.count:,}", *(f"{figure:.1f}" for figure in figures))
        rows.append(("own" if kind == report.primary_operation else "", cells))
    head = ("operation", "count", "mean ms", "p50", "p90", "p99", "p99.9", "max")
    return "<h2>Latencies, from when something was meant</h2>" + _table(head, rows)


def _server_table(report: Report) -> str:
    rows: list[tuple[str, tuple[str, ...]]] = []
    for server in report.servers:
        one = server.metrics
        if one is None:
            rows.append(("", (server.url, "no metrics")))
            continue
        each = "-" if one.bytes_per_connection is None else f"{one.bytes_per_connection:,} B"
        cells = (
            server.url,
            f"{one.cpu_share:.0%}",
            f"{one.resident_bytes / 2**20:.0f} MiB",
            each,
            f"{one.entries_per_s:g}",
            f"{one.batch_entries:g}",
            f"{one.batch_ms:g}",
            f"{one.lag_ms_max:g}",
            f"{one.bus_lag_ms_max:g}",
            str(one.repairs),
            str(one.shed),
        )
        rows.append(("", cells))
    head = (
        "server", "processor", "memory", "a connection", "entries/s", "a batch", "batch ms", "loop lag ms",
        "bus lag ms", "repairs", "shed",
    )  # fmt: skip
    return "<h2>Servers, while the load lasted</h2>" + _table(head, rows)


def _criteria_table(report: Report) -> str:
    rows = [
        ("" if rule.passed else "bad", (rule.name, rule.expected, rule.actual)) for rule in report.criteria
    ]
    checked = (
        f"<p class='faint'>Unread counts and heads of {report.users_checked} users and "
        f"{report.conversations_checked} conversations were compared with what was told.</p>"
    )
    return "<h2>What had to hold</h2>" + _table(("", "asked", "found"), rows) + checked


def _error_table(report: Report) -> str:
    if not report.errors:
        return ""
    rows = [("", (what, str(count))) for what, count in report.errors.items()]
    return "<h2>Errors</h2>" + _table(("what", "how many"), rows)


def _table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], kind: str = "figures") -> str:
    titles = "".join(f"<th>{escape(one)}</th>" for one in head)
    body = "".join(
        f"<tr class='{mark}'>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for mark, cells in rows
    )
    return (
        f"<div class='scroll'><table class='{kind}'><thead><tr>{titles}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
