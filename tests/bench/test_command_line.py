"""`python -m bench NAME...` runs the benchmarks that are named."""

import subprocess
import sys

from bench.__main__ import BENCHES
from tests.bench.test_child_processes import ROOT


def test_unknown_name_is_an_error_that_lists_the_names() -> None:
    """Nothing is run if one of the names does not exist."""
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "idle", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "no benchmark nothing" in ended.stderr
    assert all(name in ended.stderr for name in BENCHES)
