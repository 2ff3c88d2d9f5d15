"""Why a goal is missed, as far as it is known: `bench/missed_goals.toml`. It judges nothing."""

import functools
import tomllib
from pathlib import Path

FILE = Path(__file__).parents[1] / "missed_goals.toml"
NO_EXPLANATION = "not looked into."


@functools.cache
def load_explanations() -> dict[str, str]:
    """What stands in the way, by the beginning of a claim."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def explain_missed_goal(claim: str) -> str:
    """What is known to stand in the way of a claim."""
    fitting = [beginning for beginning in load_explanations() if claim.startswith(beginning)]
    return load_explanations()[max(fitting, key=len)] if fitting else NO_EXPLANATION
