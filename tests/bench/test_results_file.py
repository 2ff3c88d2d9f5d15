"""`bench/RESULTS.md` keeps the sections that are not measured again."""

from pathlib import Path

from bench.harness.report import Goal, Report
from bench.harness.results_file import format_section, update_results
from bench.harness.rounds import Spread


def report(title: str) -> Report:
    return Report(title, [Goal("a claim", 2.0, Spread.of([3.0]))], "| a table |")


def test_measured_sections_replace_theirs_alone(tmp_path: Path) -> None:
    """In the order of the benchmarks, whichever is measured first."""
    file = tmp_path / "RESULTS.md"
    update_results(file, "The method.", ("room", "idle"), {"idle": format_section(report("Idle"), "idle")})
    update_results(file, "The method.", ("room", "idle"), {"room": format_section(report("Room"), "room")})
    update_results(file, "Another.", ("room", "idle"), {"idle": format_section(report("Idle again"), "idle")})
    text = file.read_text()
    assert text.startswith("# Benchmark results\n\nAnother.\n\n<!-- room -->\n## Room\n\nMeasured ")
    assert text.index("## Room") < text.index("## Idle again")
    assert "## Idle\n" not in text
    assert text.count("| a table |") == 2


def test_failed_benchmark_has_a_section() -> None:
    """It says that it was not measured."""
    assert format_section(None, "room") == "## room\n\nNot measured: the benchmark failed."
