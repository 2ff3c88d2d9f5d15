"""The plots of a report, as inline SVG. Needs the `load` extra."""

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from loadtest.report.report import Report
from loadtest.report.time_series import Point

TEXT_COLOUR: Final = "#1f2937"
BLUE: Final = "#2563eb"
ORANGE: Final = "#d97706"
RED: Final = "#dc2626"
GREEN: Final = "#059669"
COLOURS: Final = (BLUE, ORANGE, GREEN, RED, "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
SIZE: Final = (6.4, 2.7)
PHASE_COLOURS: Final = {"connecting": "#f3f4f6", "draining": "#fef3c7", "checking": "#e0e7ff"}
MEBIBYTE: Final = 2**20


def render_plots(report: Report) -> list[tuple[str, str]]:
    """Return (title, svg) of each plot."""
    plots = [
        (f"Latency of {report.primary_operation} over time, ms", _plot_latency),
        ("Rates per second", _plot_rates),
        ("Latency by percentile, ms", _plot_percentiles),
        ("Connections", _plot_connections),
        ("Servers: CPU, share of a core", _plot_server_cpu),
        ("Servers: memory, MiB", _plot_server_memory),
        ("Servers: entries per batch", _plot_batches),
        ("Load tester: CPU of its busiest process, share of a core", _plot_tester_cpu),
    ]
    return [(title, _render_svg(report, draw)) for title, draw in plots]


def _render_svg(report: Report, draw: Callable[[Any, Report], None]) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.1, right=0.98, top=0.96, bottom=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=TEXT_COLOUR, labelsize=8)
    draw(axes, report)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2)
    file = io.StringIO()
    # Keep text as text: smaller, and in the page's font.
    with rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "convene"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _plot_latency(axes: Any, report: Report) -> None:
    points = [point for point in report.points if point.max_ms]
    times = [point.at_s for point in points]
    axes.plot(times, [point.p50_ms for point in points], color=GREEN, label="p50")
    axes.plot(times, [point.p99_ms for point in points], color=ORANGE, label="p99")
    axes.plot(times, [point.max_ms for point in points], color=RED, linewidth=0.8, label="max")
    if points:
        axes.set_yscale("log")
    _shade_phases(axes, report.points)


def _plot_rates(axes: Any, report: Report) -> None:
    times = [point.at_s for point in report.points]
    rates: tuple[tuple[str, Sequence[float]], ...] = (
        ("frames received", [point.received_per_s for point in report.points]),
        ("messages sent", [point.sent_per_s for point in report.points]),
        ("requests", [point.calls_per_s for point in report.points]),
    )
    for colour, (name, values) in zip(COLOURS, rates, strict=False):
        if any(values):
            axes.plot(times, values, color=colour, label=name)
    if any(any(values) for _, values in rates):
        axes.set_yscale("symlog", linthresh=10)
    _shade_phases(axes, report.points)


def _plot_percentiles(axes: Any, report: Report) -> None:
    kinds = sorted(
        report.curves, key=lambda kind: (kind != report.primary_operation, -report.operations[kind].count)
    )
    percentiles = [
        str(percentile).removesuffix(".0") for percentile, _ in next(iter(report.curves.values()), [])
    ]
    for colour, kind in zip(COLOURS, kinds, strict=False):
        values = [max(ms, 0.001) for _, ms in report.curves[kind]]
        axes.plot(range(len(values)), values, color=colour, label=kind, marker=".", markersize=4)
    axes.set_xticks(range(len(percentiles)), percentiles)
    if kinds:
        axes.set_yscale("log")


def _plot_connections(axes: Any, report: Report) -> None:
    times = [point.at_s for point in report.points]
    axes.plot(times, [point.ready_count for point in report.points], color=BLUE)
    axes.set_ylim(bottom=0)
    _shade_phases(axes, report.points)


def _plot_server_cpu(axes: Any, report: Report) -> None:
    for colour, server in zip(COLOURS, report.servers, strict=False):
        pairs = list(pairwise(server.samples))
        times = [later.at_s - server.samples[0].at_s for _, later in pairs]
        shares = [(b.cpu_s - a.cpu_s) / max(b.at_s - a.at_s, 1e-9) for a, b in pairs]
        axes.plot(times, shares, color=colour, label=server.url)
    axes.set_ylim(bottom=0)


def _plot_server_memory(axes: Any, report: Report) -> None:
    for colour, server in zip(COLOURS, report.servers, strict=False):
        times = [sample.at_s - server.samples[0].at_s for sample in server.samples]
        sizes = [sample.resident_bytes / MEBIBYTE for sample in server.samples]
        axes.plot(times, sizes, color=colour, label=server.url)
    axes.set_ylim(bottom=0)


def _plot_batches(axes: Any, report: Report) -> None:
    for colour, server in zip(COLOURS, report.servers, strict=False):
        pairs = [(a, b) for a, b in pairwise(server.samples) if b.batches > a.batches]
        times = [later.at_s - server.samples[0].at_s for _, later in pairs]
        sizes = [(b.batched - a.batched) / (b.batches - a.batches) for a, b in pairs]
        axes.plot(times, sizes, color=colour, label=server.url)
    axes.set_ylim(bottom=0)


def _plot_tester_cpu(axes: Any, report: Report) -> None:
    times = [point.at_s for point in report.points]
    axes.plot(times, [point.cpu_share for point in report.points], color=BLUE)
    axes.axhline(0.9, color=RED, linewidth=0.8, linestyle="--", label="saturated")
    axes.set_ylim(0, 1.1)
    _shade_phases(axes, report.points)


def _shade_phases(axes: Any, points: Sequence[Point]) -> None:
    """Shade the phases other than the load."""
    for earlier, later in pairwise(points):
        if later.phase in PHASE_COLOURS:
            axes.axvspan(earlier.at_s, later.at_s, color=PHASE_COLOURS[later.phase], linewidth=0)
