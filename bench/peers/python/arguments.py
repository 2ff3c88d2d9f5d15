"""What every Python peer is told: where to listen and where its Redis is."""

import argparse


def read_arguments(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True, help="URL")
    return parser.parse_args()
