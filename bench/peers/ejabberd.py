"""`python -m bench.peers.ejabberd`: becomes ejabberd, as Debian packs it, on one scheduler.

Its schedulers do not spin while they wait, for their time would count as work.
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
    parser.add_argument("--redis", help="URL; not used: one node needs none")
    options = parser.parse_args()
    folder = INSTALLED / "ejabberd"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    configuration = folder / "ejabberd.yml"
    configuration.write_text(TEMPLATE.read_text().replace("@PORT@", str(options.port)))
    variables = {
        **os.environ,
        "EJABBERD_CONFIG_PATH": str(configuration),
        "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
        "ERL_LIBS": str(ejabberd_libraries().parent),
    }
    spool = ("-mnesia", "dir", f'"{folder / "spool"}"')
    # The same process from here on, so that its cost is counted and its end is waited for.
    os.execvpe("erl", ["erl", "-noinput", "+S", "1:1", *NO_BUSY_WAIT, *spool, "-s", "ejabberd"], variables)


if __name__ == "__main__":
    main()
