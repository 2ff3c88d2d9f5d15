"""Programs of other projects that tests run: proxies, checkers of configuration."""

import os
import shutil

import pytest

ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where distributions install servers; not in every user's PATH."""


def find_program(name: str) -> str:
    """Return the path of a program. Without it the test is skipped.

    It fails where CONVENE_TEST_REQUIRED names the program.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{ADMIN_FOLDERS}")
    if found is None:
        missing = f"{name} is not installed"
        if name in os.environ.get("CONVENE_TEST_REQUIRED", "").split():
            pytest.fail(missing)
        pytest.skip(missing)
    return found
