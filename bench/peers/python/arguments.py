"""Command line arguments of the Python peers."""

import argparse


def read_arguments(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True, help="URL")
    return parser.parse_args()
