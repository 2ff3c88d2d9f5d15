"""An instance is killed, and all its clients come back to another at once, each with `resume`.

`python -m bench.storm`. Thousands sit in groups of twenty that go on talking; beside them pairs at the
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

from bench.harness.convene import Convene
from bench.harness.options import Options, read_options
from bench.harness.processor import OTHER_CORE, SERVER_CORE, cpu_seconds
from bench.harness.report import Goal, Report, tell
from bench.harness.rounds import Spread
from bench.harness.server import ServerFailed
from bench.harness.stores import Stores
from bench.harness.tester import Found, Tester, prepare

OTHERS = 200
OTHERS_PER_S = 100.0
TALK_PER_S = 20.0
MEANWHILE_S = 20.0
PATIENCE_S = 90.0
GOAL_RESUMED_S = 30.0
GOAL_P99_MS = 250.0


def run(options: Options) -> Report:
    if options.limits_only:
        return Report("Reconnect storm", [], "It has no limit to be held against: not measured.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(Stores())
        here = stack.enter_context(Convene(stores, core=SERVER_CORE))
        doomed = stack.enter_context(Convene(stores, core=OTHER_CORE))
        many = prepare(options.storm, folder / "many.json", stores.variables)
        few = prepare(OTHERS, folder / "few.json", stores.variables)
        duration_s = MEANWHILE_S + PATIENCE_S
        crowd = stack.enter_context(
            Tester(
                [
                    *("storm", "--storms", "0", "-n", str(options.storm), "--rate", str(TALK_PER_S)),
                    *("--url", doomed.url, "--standby", here.url, "--duration", str(duration_s)),
                ],
                many,
                patient=True,
            )
        )
        crowd.wait_for("load")
        others = stack.enter_context(
            Tester(
                [
                    *("pairs", "-n", str(OTHERS), "--rate", str(OTHERS_PER_S), "--url", here.url),
                    *("--duration", str(MEANWHILE_S)),
                ],
                few,
            )
        )
        others.wait_for("load")
        before_s = cpu_seconds(here.pids)
        killed_at = time.monotonic()
        doomed.kill()
        resumed_s = all_came(here, options.storm + OTHERS, killed_at)
        cpu_s = cpu_seconds(here.pids) - before_s
        pairs = others.report()
        # The judges ask every server that there was.
        stack.enter_context(Convene(stores, core=OTHER_CORE, port=doomed.port))
        told = crowd.report()
    return Report(
        f"{options.storm} clients of a killed instance come back",
        [
            Goal("all are resumed, after", GOAL_RESUMED_S, once(resumed_s), " s", at_most=True),
            Goal("p99 of the others' messages", GOAL_P99_MS, worst(pairs), " ms", at_most=True),
            Goal("promises broken", 0, once(broken(told) + broken(pairs)), at_most=True),
        ],
        body(told, pairs, resumed_s, cpu_s),
        tuple(
            f"{name}: the load tester was itself saturated"
            for name, one in (("crowd", told), ("pairs", pairs))
            if one.saturated
        ),
    )


def all_came(at: Convene, wanted: int, since: float) -> float:
    """Wait until so many sockets were let in; answers the seconds since then."""
    while opened(at) < wanted:
        if time.monotonic() - since > PATIENCE_S:
            raise ServerFailed(f"{opened(at)} of {wanted} had come after {PATIENCE_S:g} s")
        time.sleep(0.5)
    return time.monotonic() - since


def opened(at: Convene) -> int:
    with urllib.request.urlopen(f"{at.url}/metrics", timeout=30) as answer:
        found = re.search(
            r"^convene_connections_opened_total ([0-9.]+)$", answer.read().decode(), re.MULTILINE
        )
    return int(float(found[1])) if found else 0


def once(value: float) -> Spread:
    return Spread(value, value, value)


def worst(pairs: Found) -> Spread:
    """Over the whole time; the least and the most are those of single seconds."""
    seconds = [point.p99_ms for point in pairs.points if point.phase == "load" and point.p99_ms]
    return Spread(pairs.operations["delivery"].p99_ms, min(seconds), max(seconds))


def broken(found: Found) -> int:
    return sum(found.fault_counts.values())


def body(told: Found, pairs: Found, resumed_s: float, cpu_s: float) -> str:
    resume, delivery = told.operations["resume"], pairs.operations["delivery"]
    return (
        f"Resumed: {told.counts['resumed']}, half of them within {resume.p50_ms / 1000:.1f} s, 99 % within "
        f"{resume.p99_ms / 1000:.1f} s; the surviving instance worked {cpu_s:.1f} of the {resumed_s:.1f} s. "
        f"The others' messages took {delivery.p50_ms:.1f} ms (p50), {delivery.p99_ms:.1f} ms (p99), "
        f"{delivery.max_ms:.0f} ms (at most); there were {delivery.count}.\n\n"
        f"What the clients met: the crowd {json.dumps(told.errors)}, the pairs {json.dumps(pairs.errors)}."
    )


if __name__ == "__main__":
    tell(run(read_options(__doc__)))
