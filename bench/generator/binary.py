"""The compiled generator: made when it is missing or older than its source. It is never shipped."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("generator.c")
BINARY = SOURCE.parent.parent / "build" / "generator"


class CompilerMissing(Exception):  # noqa: N818 - what is the matter, said to a person
    """There is no C compiler here, or it refused the source."""


def ensure_generator_binary() -> Path:
    """The path of an up-to-date generator.

    Raises:
        NoCompiler: with what to do about it.
    """
    if BINARY.exists() and BINARY.stat().st_mtime >= SOURCE.stat().st_mtime:
        return BINARY
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise CompilerMissing(
            "the benches need a C compiler: install gcc or clang so that `cc` is on the path"
        )
    BINARY.parent.mkdir(exist_ok=True)
    fresh = BINARY.with_suffix(".new")
    done = subprocess.run(
        [compiler, "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", str(fresh), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CompilerMissing(f"{compiler} refused {SOURCE.name}:\n{done.stderr}")
    fresh.replace(BINARY)
    return BINARY
