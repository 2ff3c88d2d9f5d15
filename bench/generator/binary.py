"""Compiles the load generator if the binary is missing or older than its source."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("generator.c")
BINARY = SOURCE.parent.parent / "build" / "generator"


class CompilerMissing(Exception):  # noqa: N818 - the message is the whole report
    """No C compiler was found, or compilation failed."""


def ensure_generator_binary() -> Path:
    """Return the path of an up-to-date generator binary.

    Raises:
        CompilerMissing: no compiler was found, or compilation failed.
    """
    if BINARY.exists() and BINARY.stat().st_mtime >= SOURCE.stat().st_mtime:
        return BINARY
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise CompilerMissing(
            "the benchmarks need a C compiler: install gcc or clang so that `cc` is on the path"
        )
    BINARY.parent.mkdir(exist_ok=True)
    new_binary = BINARY.with_suffix(".new")
    result = subprocess.run(
        [compiler, "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", str(new_binary), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise CompilerMissing(f"{compiler} could not compile {SOURCE.name}:\n{result.stderr}")
    new_binary.replace(BINARY)
    return BINARY
