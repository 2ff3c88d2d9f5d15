"""Runs the command line: `python -m server.cli`."""

from server.cli.main import cli

if __name__ == "__main__":
    cli()
