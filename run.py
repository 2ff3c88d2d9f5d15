"""Convene's command line: `python run.py --help`. The commands are in `server/cli/`."""

from server.cli.main import cli

if __name__ == "__main__":
    cli()
