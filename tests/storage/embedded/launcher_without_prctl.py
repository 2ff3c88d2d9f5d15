"""The launcher of servers with a C library that has none of the functions of Linux."""

import ctypes
import runpy
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).parents[3] / "storage" / "embedded" / "launcher.py"


class PortableLibrary:
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def load_library(*_arguments: object, **_options: object) -> PortableLibrary:
    return PortableLibrary()


if __name__ == "__main__":
    ctypes.CDLL = load_library  # type: ignore[misc, assignment]
    runpy.run_path(str(LAUNCHER), run_name="__main__")
