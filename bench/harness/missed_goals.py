"""Known reasons for missed goals, from `bench/missed_goals.toml`."""

import functools
import tomllib
from pathlib import Path

FILE = Path(__file__).parents[1] / "missed_goals.toml"
NO_EXPLANATION = "not analysed."


@functools.cache
def load_explanations() -> dict[str, str]:
    """Return explanations keyed by a prefix of the claim."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def explain_missed_goal(claim: str) -> str:
    """Return the explanation with the longest prefix that matches `claim`."""
    prefixes = [prefix for prefix in load_explanations() if claim.startswith(prefix)]
    return load_explanations()[max(prefixes, key=len)] if prefixes else NO_EXPLANATION
