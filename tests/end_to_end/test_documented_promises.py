"""The page that says where each promise is shown, held to what there is. It never runs what is named."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from tests.end_to_end.server_process import ROOT

PAGE = ROOT / "docs" / "promises.md"
TEST_REFERENCE = re.compile(r"`([\w/]*test_\w+\.py)::(\w+)`")
HERE = Path(__file__).parent


def test_referenced_tests_exist() -> None:
    """By its file and its name: a page that names what is gone shows nothing."""
    named = TEST_REFERENCE.findall(PAGE.read_text())
    there = {file: functions_defined_in(ROOT / file if "/" in file else HERE / file) for file, _ in named}
    assert named
    assert [f"{file}::{test}" for file, test in named if test not in there[file]] == []


def test_every_promise_references_a_test() -> None:
    """Nothing stands in a table of the page that is not shown."""
    lines = PAGE.read_text().splitlines()
    heads = {line for line, below in pairwise(lines) if below.startswith("|---")}
    rows = [line for line in lines if line.startswith("| ") and line not in heads]
    assert rows
    assert [row for row in rows if not TEST_REFERENCE.search(row)] == []


def functions_defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
