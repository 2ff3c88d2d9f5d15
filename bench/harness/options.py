"""Command line options of all benchmarks. Recorded results use the defaults."""

import argparse
from collections.abc import Sequence

import msgspec

from bench.harness.child_processes import exit_on_signals


class Options(msgspec.Struct, frozen=True):
    names: Sequence[str] = ()
    record: bool = False
    rounds: int = 7
    seconds: float = 1.0
    seed: int = 1
    baselines_only: bool = False
    members: int = 1000
    pairs: int = 500
    per_s: float = 0.0
    idle_connections: int = 18_000
    posts: int = 200_000
    storm_clients: int = 5000
    faults: str = ""


def read_options(description: str | None, names: Sequence[str] = ()) -> Options:
    """Read the command line, where some of `names` may be chosen, and call `exit_on_signals`."""
    exit_on_signals()
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m bench", description=description)
    if names:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; default: all")
        parser.add_argument("--record", action="store_true", help="write the reports to bench/RESULTS.md")
    parser.add_argument(
        "--rounds", type=int, default=default.rounds, help="rounds; use at least 5 for recorded results"
    )
    parser.add_argument("--seconds", type=float, default=default.seconds, help="length of a slice in seconds")
    parser.add_argument(
        "--seed", type=int, default=default.seed, help="seed for the order of slices and the data"
    )
    parser.add_argument("--baselines-only", action="store_true", help="measure the baselines without Convene")
    parser.add_argument("--members", type=int, default=default.members, help="members of the room")
    parser.add_argument("--pairs", type=int, default=default.pairs, help="number of direct pairs")
    parser.add_argument(
        "--per-s",
        type=float,
        default=default.per_s,
        help="messages/s; 0: the highest rate that every server sustains",
    )
    parser.add_argument(
        "--idle-connections", type=int, default=default.idle_connections, help="number of idle connections"
    )
    parser.add_argument("--posts", type=int, default=default.posts, help="number of posts in the database")
    parser.add_argument(
        "--storm-clients", type=int, default=default.storm_clients, help="clients of the killed instance"
    )
    parser.add_argument(
        "--faults", default=default.faults, help="inject only the faults whose name contains this"
    )
    options = Options(**vars(parser.parse_args()))
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    return options
