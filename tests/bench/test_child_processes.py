"""A benchmark that ends takes the processes that it started with it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

ROOT = Path(__file__).parents[2]
WAIT_TIMEOUT_S = 30.0
PROGRAM = """
import time
from bench.harness.options import read_options
from bench.harness.process_cpu import OTHER_CORE
from bench.harness.server import Process

read_options(None)
process = Process(["sleep", "1000"], OTHER_CORE)
try:
    print(process.pid, flush=True)
    time.sleep(1000)
finally:
    process.close()
    print("closed", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_children_end_with_the_benchmark(number: signal.Signals) -> None:
    """Signals unwind the `with` blocks; after SIGKILL the kernel ends the children."""
    benchmark = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    assert benchmark.stdout is not None
    child = psutil.Process(int(benchmark.stdout.readline()))
    benchmark.send_signal(number)
    output, _ = benchmark.communicate(timeout=WAIT_TIMEOUT_S)
    assert output == (b"" if number is signal.SIGKILL else b"closed\n")
    assert benchmark.returncode == (-number if number is signal.SIGKILL else 128 + number)
    wait_until_ended(child)


def wait_until_ended(process: psutil.Process) -> None:
    """A zombie has ended: only its new parent has not noticed."""
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child process outlives the benchmark"
        time.sleep(0.01)
