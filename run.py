"""Convene's command line: `python run.py --help`. The commands are in `server/cli/`."""

from server.cli.main import cli
from server.instance import Instance as Instance  # noqa: PLC0414

if __name__ == "__main__":
    cli()
