"""Why a goal is missed, as far as it is known: `bench/obstacles.toml`. It judges nothing."""

import functools
import tomllib
from pathlib import Path

FILE = Path(__file__).parents[1] / "obstacles.toml"
UNKNOWN = "not looked into."


@functools.cache
def obstacles() -> dict[str, str]:
    """What stands in the way, by the beginning of a claim."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def obstacle(claim: str) -> str:
    """What is known to stand in the way of a claim."""
    fitting = [beginning for beginning in obstacles() if claim.startswith(beginning)]
    return obstacles()[max(fitting, key=len)] if fitting else UNKNOWN
