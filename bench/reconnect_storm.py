"""An instance is killed, and all its clients come back to another at once, each with `resume`.

`python -m bench.reconnect_storm`. Thousands are in groups of twenty that go on talking; pairs at the
surviving instance write to each other all the time. Told is when the last of the thousands was resumed, and
how late the pairs' messages were meanwhile. Instances, stores and load share this machine's cores.
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
        return Report("Reconnect storm", [], "It has no limit to be held against: not measured.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(BenchStores())
        here = stack.enter_context(ConveneServer(stores, core=SERVER_CORE))
        doomed = stack.enter_context(ConveneServer(stores, core=OTHER_CORE))
        many = prepare_users(options.storm_clients, folder / "many.json", stores.environment)
        few = prepare_users(PAIRED_USERS, folder / "few.json", stores.environment)
        duration_s = PAIRS_DURATION_S + RECONNECT_TIMEOUT_S
        crowd = stack.enter_context(
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
                    *("--url", doomed.url, "--standby", here.url, "--duration", str(duration_s)),
                ],
                many,
                low_priority=True,
            )
        )
        crowd.wait_for_phase("load")
        others = stack.enter_context(
            LoadTester(
                [
                    *(
                        "pairs",
                        "-n",
                        str(PAIRED_USERS),
                        "--rate",
                        str(PAIRS_MESSAGES_PER_S),
                        "--url",
                        here.url,
                    ),
                    *("--duration", str(PAIRS_DURATION_S)),
                ],
                few,
            )
        )
        others.wait_for_phase("load")
        before_s = cpu_seconds(here.pids)
        killed_at = time.monotonic()
        doomed.kill()
        resumed_s = wait_until_connected(here, options.storm_clients + PAIRED_USERS, killed_at)
        cpu_s = cpu_seconds(here.pids) - before_s
        pairs = others.report()
        # The judges ask every server that there was.
        stack.enter_context(ConveneServer(stores, core=OTHER_CORE, port=doomed.port))
        told = crowd.report()
    return Report(
        f"{options.storm_clients} clients of a killed instance come back",
        [
            Goal("all are resumed, after", GOAL_RESUMED_S, single_value(resumed_s), " s", at_most=True),
            Goal("p99 of the others' messages", GOAL_P99_MS, delivery_p99(pairs), " ms", at_most=True),
            Goal("promises broken", 0, single_value(total_faults(told) + total_faults(pairs)), at_most=True),
        ],
        format_body(told, pairs, resumed_s, cpu_s),
        tuple(
            f"{name}: the load tester was itself saturated"
            for name, one in (("crowd", told), ("pairs", pairs))
            if one.saturated
        ),
    )


def wait_until_connected(server: ConveneServer, count: int, since: float) -> float:
    """Wait until so many sockets were let in; answers the seconds since then."""
    while connections_opened(server) < count:
        if time.monotonic() - since > RECONNECT_TIMEOUT_S:
            raise ServerFailed(
                f"{connections_opened(server)} of {count} had come after {RECONNECT_TIMEOUT_S:g} s"
            )
        time.sleep(0.5)
    return time.monotonic() - since


def connections_opened(server: ConveneServer) -> int:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as answer:
        found = re.search(
            r"^convene_connections_opened_total ([0-9.]+)$", answer.read().decode(), re.MULTILINE
        )
    return int(float(found[1])) if found else 0


def single_value(value: float) -> Spread:
    return Spread(value, value, value)


def delivery_p99(pairs: LoadReport) -> Spread:
    """Over the whole time; the least and the most are those of single seconds."""
    seconds = [point.p99_ms for point in pairs.points if point.phase == "load" and point.p99_ms]
    return Spread(pairs.operations["delivery"].p99_ms, min(seconds), max(seconds))


def total_faults(report: LoadReport) -> int:
    return sum(report.fault_counts.values())


def format_body(storm: LoadReport, pairs: LoadReport, resumed_s: float, cpu_s: float) -> str:
    resume, delivery = storm.operations["resume"], pairs.operations["delivery"]
    return (
        f"Resumed: {storm.counts['resumed']}, half of them within {resume.p50_ms / 1000:.1f} s, 99 % within "
        f"{resume.p99_ms / 1000:.1f} s; the surviving instance worked {cpu_s:.1f} of the {resumed_s:.1f} s. "
        f"The others' messages took {delivery.p50_ms:.1f} ms (p50), {delivery.p99_ms:.1f} ms (p99), "
        f"{delivery.max_ms:.0f} ms (at most); there were {delivery.count}.\n\n"
        f"What the clients met: the crowd {json.dumps(storm.errors)}, the pairs {json.dumps(pairs.errors)}."
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
