"""The file of results: one section for each benchmark, which can be measured again alone.

A section begins with `<!-- NAME -->`, and says when and on which machine it was measured.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.harness.report import Report, describe_machine

HEADING = "# Benchmark results"
SECTION = re.compile(r"<!-- (\w+) -->\n(.*?)(?=<!-- \w+ -->\n|\Z)", re.DOTALL)


def format_section(report: Report | None, name: str) -> str:
    """Return a report with the time and the machine of its measurement; None if the benchmark failed."""
    if report is None:
        return f"## {name}\n\nNot measured: the benchmark failed."
    heading, _, rest = report.markdown().partition("\n")
    return f"{heading}\n\nMeasured {describe_machine()}.\n{rest}".rstrip()


def update_results(file: Path, method: str, names: Sequence[str], sections: Mapping[str, str]) -> None:
    """Write `sections` into the file, in the order of `names`. Other sections that it has stay."""
    known = dict(SECTION.findall(file.read_text(encoding="utf-8"))) if file.exists() else {}
    merged = {**known, **sections}
    parts = [HEADING, method]
    parts += [f"<!-- {name} -->\n{merged[name].strip()}" for name in names if name in merged]
    file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
