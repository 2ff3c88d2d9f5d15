"""Live progress display in a terminal, updated about once a second."""

from collections.abc import Mapping, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from loadtest.metrics.server_metrics import ServerSample
from loadtest.options import Options
from loadtest.report.time_series import TimeSeries


class LiveDisplay:
    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._phase = "setup"
        self._setup_counts: dict[str, tuple[int, int]] = {}
        self._live = Live(self._setup_table(), console=console, refresh_per_second=4, transient=False)
        self._live.start()

    def setup_progress(self, label: str, done: int, total: int) -> None:
        self._setup_counts[label] = (done, total)
        self._live.update(self._setup_table())

    def begin_phase(self, phase: str) -> None:
        self._phase = phase

    def update(self, series: TimeSeries, samples: Mapping[str, Sequence[ServerSample]]) -> None:
        if series.points:
            self._live.update(Group(self._header(), self._load_table(series), self._server_table(samples)))

    def close(self) -> None:
        self._live.stop()

    def _header(self) -> Text:
        options = self._options
        return Text(f"{options.scenario} · {self._phase} · {options.connections} connections", style="bold")

    def _setup_table(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for label, (done, total) in self._setup_counts.items():
            table.add_row(label, f"{done}/{total}")
        return Group(self._header(), table)

    def _load_table(self, series: TimeSeries) -> Table:
        point, counts = series.points[-1], series.counts()
        table = Table(box=None, pad_edge=False)
        for name in (
            "connected",
            "frames/s",
            "sent/s",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "errors",
            "faults",
            "load tester CPU",
        ):
            table.add_column(name, justify="right")
        table.add_row(
            f"{point.ready_count}",
            f"{point.received_per_s:,.0f}",
            f"{point.sent_per_s:,.0f}",
            f"{point.calls_per_s:,.0f}",
            f"{point.p50_ms:.1f}",
            f"{point.p99_ms:.1f}",
            Text(f"{point.errors}", style="yellow" if point.errors else ""),
            Text(f"{point.faults}", style="bold red" if point.faults else "green"),
            Text(f"{point.cpu_share:.0%}", style="yellow" if point.cpu_share > 0.9 else ""),
        )
        table.add_row(
            f"resumed {counts['resumed']}",
            f"{counts['received']:,}",
            f"{counts['sent']:,}",
            f"{counts['calls']:,}",
        )
        return table

    def _server_table(self, samples: Mapping[str, Sequence[ServerSample]]) -> Table:
        table = Table(box=None, pad_edge=False)
        for name in ("server", "connections", "CPU", "memory MiB", "entries/s", "per batch", "lag ms"):
            table.add_column(name, justify="left" if name == "server" else "right")
        for url, server_samples in samples.items():
            if len(server_samples) < 2:
                continue
            before, last = server_samples[-2], server_samples[-1]
            seconds = max(last.at_s - before.at_s, 1e-9)
            batches = last.batches - before.batches
            table.add_row(
                url,
                f"{last.connections:.0f}",
                f"{(last.cpu_s - before.cpu_s) / seconds:.0%}",
                f"{last.resident_bytes / 2**20:.0f}",
                f"{(last.entries - before.entries) / seconds:.0f}",
                f"{(last.batched - before.batched) / batches:.1f}" if batches else "-",
                f"{last.lag_s * 1000:.1f}",
            )
        return table
