"""`python -m bench [NAME...]`: run the benchmarks in turn.

Without names all run, and their reports are written to `bench/RESULTS.md`. The reports of named ones are
only printed; with `--record` they replace their sections there. Ctrl-C and SIGTERM stop what a benchmark has
started. The exit status is 0 if every goal was met. A benchmark that fails is reported and the others still
run.
"""

import importlib
import sys
from pathlib import Path

from bench.generator.binary import CompilerMissing
from bench.harness.bench_users import SetupRejected
from bench.harness.generator import GeneratorFailed
from bench.harness.options import Options, read_options
from bench.harness.report import Report
from bench.harness.results_file import format_section, update_results
from bench.harness.server import ServerFailed

BENCHES = (
    *("room", "open_loop", "pairs", "steady_load", "cross_instance", "workers", "hot_conversation"),
    *("idle", "connects", "presence", "reconnect_storm", "recovery", "overload", "hostile"),
    *(
        "message_log",
        "head_comparison",
        "actors",
        "diagnostics",
        "requests",
        "expensive_requests",
        "feed",
        "writes",
    ),
)
METHOD = """\
Servers run on one core, the generator and Convene's stores on the other; loopback TCP, no TLS. All servers
run at the same time; slices alternate in random order. Ratios are computed per round and per CPU-second of
the server process (over HTTP: per request); the table shows their median. The reference L0
(`bench/baselines/l0.py`) neither authenticates nor stores. Nor do the peers (`bench/peers`), minimal chat
servers on other libraries, written for this comparison; their Redis is on the other core.
"Outside" is CPU time that a server used between its slices (late writes, timers), as a share of its time in
them. A generator's ceiling is the rate it could handle with a core to itself.

Known reasons for missed goals are listed above each table (`bench/missed_goals.toml`); more in
`docs/performance.md`."""
RESULTS = Path(__file__).with_name("RESULTS.md")


def run_bench(name: str, options: Options) -> Report | None:
    print(f"--- {name}", file=sys.stderr, flush=True)
    try:
        report: Report = importlib.import_module(f"bench.{name}").run(options)
    except (ServerFailed, GeneratorFailed, CompilerMissing, SetupRejected) as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        return None
    else:
        return report


def main() -> int:
    options = read_options(__doc__, BENCHES)
    reports = {name: run_bench(name, options) for name in options.names or BENCHES}
    sections = {name: format_section(report, name) for name, report in reports.items()}
    print("\n\n".join(sections.values()))
    if options.record or not options.names:
        update_results(RESULTS, METHOD, BENCHES, sections)
    return 0 if all(report is not None and report.met for report in reports.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
