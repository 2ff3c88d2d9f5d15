"""Reconnect storm: an instance is killed and all its clients resume on another one at once.

`python -m bench.reconnect_storm`. The clients of the killed instance are in groups of twenty that keep
sending; pairs on the surviving instance send messages throughout. Measures the time until the last client has
resumed, and the latency of the pairs' messages meanwhile. Instances, stores and load generators share this
machine's cores.
"""

import json
import re
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.harness.convene_server import ConveneServer
from bench.harness.load_tester import LoadReport, LoadTester, prepare_users
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import OTHER_CORE, SERVER_CORE, cpu_seconds
from bench.harness.report import Goal, Report, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.server import ServerFailed
from bench.harness.stores import BenchStores

PAIRED_USERS = 200
PAIRS_MESSAGES_PER_S = 100.0
GROUPS_MESSAGES_PER_S = 20.0
PAIRS_DURATION_S = 20.0
RECONNECT_TIMEOUT_S = 90.0
GOAL_RESUMED_S = 30.0
GOAL_P99_MS = 250.0


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Reconnect storm", [], "Not measured without Convene: there is no baseline.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(BenchStores())
        survivor = stack.enter_context(ConveneServer(stores, core=SERVER_CORE))
        victim = stack.enter_context(ConveneServer(stores, core=OTHER_CORE))
        storm_users = prepare_users(options.storm_clients, folder / "storm.json", stores.environment)
        paired_users = prepare_users(PAIRED_USERS, folder / "pairs.json", stores.environment)
        duration_s = PAIRS_DURATION_S + RECONNECT_TIMEOUT_S
        storm_tester = stack.enter_context(
            LoadTester(
                [
                    *(
                        "storm",
                        "--storms",
                        "0",
                        "-n",
                        str(options.storm_clients),
                        "--rate",
                        str(GROUPS_MESSAGES_PER_S),
                    ),
                    *("--url", victim.url, "--standby", survivor.url, "--duration", str(duration_s)),
                ],
                storm_users,
                low_priority=True,
            )
        )
        storm_tester.wait_for_phase("load")
        pairs_tester = stack.enter_context(
            LoadTester(
                [
                    *(
                        "pairs",
                        "-n",
                        str(PAIRED_USERS),
                        "--rate",
                        str(PAIRS_MESSAGES_PER_S),
                        "--url",
                        survivor.url,
                    ),
                    *("--duration", str(PAIRS_DURATION_S)),
                ],
                paired_users,
            )
        )
        pairs_tester.wait_for_phase("load")
        before_s = cpu_seconds(survivor.pids)
        killed_at = time.monotonic()
        victim.kill()
        resumed_s = wait_until_connected(survivor, options.storm_clients + PAIRED_USERS, killed_at)
        cpu_s = cpu_seconds(survivor.pids) - before_s
        pairs = pairs_tester.report()
        # The final checks query every server of the run, so the killed one is started again.
        stack.enter_context(ConveneServer(stores, core=OTHER_CORE, port=victim.port))
        storm = storm_tester.report()
    return Report(
        f"{options.storm_clients} clients of a killed instance resume",
        [
            Goal("all are resumed, after", GOAL_RESUMED_S, single_value(resumed_s), " s", at_most=True),
            Goal("p99 of the others' messages", GOAL_P99_MS, delivery_p99(pairs), " ms", at_most=True),
            Goal("promises broken", 0, single_value(total_faults(storm) + total_faults(pairs)), at_most=True),
        ],
        format_body(storm, pairs, resumed_s, cpu_s),
        tuple(
            f"Invalid: the load tester of the {name} was saturated."
            for name, report in (("storm", storm), ("pairs", pairs))
            if report.saturated
        ),
    )


def wait_until_connected(server: ConveneServer, count: int, since: float) -> float:
    """Wait until the server has accepted `count` sockets; return the seconds since `since`."""
    while connections_opened(server) < count:
        if time.monotonic() - since > RECONNECT_TIMEOUT_S:
            raise ServerFailed(
                f"{connections_opened(server)} of {count} connected within {RECONNECT_TIMEOUT_S:g} s"
            )
        time.sleep(0.5)
    return time.monotonic() - since


def connections_opened(server: ConveneServer) -> int:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as response:
        match = re.search(
            r"^convene_connections_opened_total ([0-9.]+)$", response.read().decode(), re.MULTILINE
        )
    return int(float(match[1])) if match else 0


def single_value(value: float) -> Spread:
    return Spread(value, value, value)


def delivery_p99(pairs: LoadReport) -> Spread:
    """Return the p99 over the whole load phase; minimum and maximum are those of single seconds."""
    seconds = [point.p99_ms for point in pairs.points if point.phase == "load" and point.p99_ms]
    return Spread(pairs.operations["delivery"].p99_ms, min(seconds), max(seconds))


def total_faults(report: LoadReport) -> int:
    return sum(report.fault_counts.values())


def format_body(storm: LoadReport, pairs: LoadReport, resumed_s: float, cpu_s: float) -> str:
    resume, delivery = storm.operations["resume"], pairs.operations["delivery"]
    return (
        f"Resumed: {storm.counts['resumed']}, half of them within {resume.p50_ms / 1000:.1f} s, 99 % within "
        f"{resume.p99_ms / 1000:.1f} s; the surviving instance used {cpu_s:.1f} CPU-s in {resumed_s:.1f} s. "
        f"Latency of the pairs' {delivery.count} messages: {delivery.p50_ms:.1f} ms (p50), "
        f"{delivery.p99_ms:.1f} ms (p99), {delivery.max_ms:.0f} ms (max).\n\n"
        f"Client errors: storm {json.dumps(storm.errors)}, pairs {json.dumps(pairs.errors)}."
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
