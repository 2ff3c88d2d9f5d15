"""`python -m bench.peers`: install what the peers need, from PyPI and npm, into `bench/peers/.installed`.

What it can not install, ejabberd, it says how to.

It measures nothing and touches no environment of Convene's.
"""

import sys

from bench.peers.environments import ERLANG, NODE, PYTHON, NotInstalled


def main() -> int:
    failures = 0
    for environment in (PYTHON, NODE, ERLANG):
        try:
            environment.install()
        except NotInstalled as failure:
            # What it never installs is no failure of its own.
            failures += environment is not ERLANG
            print(f"{environment.name}: {failure}", file=sys.stderr)
        else:
            print(f"{environment.name}: installed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
