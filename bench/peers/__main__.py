"""`python -m bench.peers`: install the peers' libraries from PyPI and npm into `bench/peers/.installed`.

ejabberd is a system package; the command prints how to install it.
"""

import sys

from bench.peers.environments import ERLANG, NODE, PYTHON, NotInstalled


def main() -> int:
    failures = 0
    for environment in (PYTHON, NODE, ERLANG):
        try:
            environment.install()
        except NotInstalled as failure:
            # ejabberd is never installed from here, so its absence is not a failure.
            failures += environment is not ERLANG
            print(f"{environment.name}: {failure}", file=sys.stderr)
        else:
            print(f"{environment.name}: installed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
