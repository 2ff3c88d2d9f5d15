"""`python -m bench.peers.ejabberd`: replace this process by Debian's ejabberd with one scheduler.

Busy waiting of the schedulers is disabled, because its CPU time would count as work.
"""

import argparse
import os
import shutil
from pathlib import Path

from bench.peers.environments import INSTALLED, ejabberd_libraries

TEMPLATE = Path(__file__).parent / "erlang" / "ejabberd.yml"
NO_BUSY_WAIT = ("+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", help="URL; ignored: a single node does not use Redis")
    options = parser.parse_args()
    folder = INSTALLED / "ejabberd"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    configuration = folder / "ejabberd.yml"
    configuration.write_text(TEMPLATE.read_text().replace("@PORT@", str(options.port)))
    environment = {
        **os.environ,
        "EJABBERD_CONFIG_PATH": str(configuration),
        "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
        "ERL_LIBS": str(ejabberd_libraries().parent),
    }
    spool = ("-mnesia", "dir", f'"{folder / "spool"}"')
    # exec keeps the pid, so that the CPU time is counted and the exit is waited for.
    os.execvpe("erl", ["erl", "-noinput", "+S", "1:1", *NO_BUSY_WAIT, *spool, "-s", "ejabberd"], environment)


if __name__ == "__main__":
    main()
