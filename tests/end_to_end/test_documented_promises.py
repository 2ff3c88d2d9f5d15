"""The test references in `docs/promises.md`."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from tests.end_to_end.server_process import ROOT

PAGE = ROOT / "docs" / "promises.md"
TEST_REFERENCE = re.compile(r"`([\w/]*test_\w+\.py)::(\w+)`")
HERE = Path(__file__).parent


def test_referenced_tests_exist() -> None:
    """Every referenced test file contains the referenced test."""
    references = TEST_REFERENCE.findall(PAGE.read_text())
    functions = {
        file: functions_defined_in(ROOT / file if "/" in file else HERE / file) for file, _ in references
    }
    assert references
    assert [f"{file}::{test}" for file, test in references if test not in functions[file]] == []


def test_every_promise_references_a_test() -> None:
    """Every table row names at least one test."""
    lines = PAGE.read_text().splitlines()
    headers = {line for line, next_line in pairwise(lines) if next_line.startswith("|---")}
    rows = [line for line in lines if line.startswith("| ") and line not in headers]
    assert rows
    assert [row for row in rows if not TEST_REFERENCE.search(row)] == []


def functions_defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
