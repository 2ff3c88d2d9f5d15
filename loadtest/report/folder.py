"""The report folder: `report.json`, `index.html` and `summary.txt`. It contains no secrets."""

import os
import time
from pathlib import Path

import msgspec

from loadtest.report.page import render_page
from loadtest.report.report import Report
from loadtest.report.summary import render_summary


def create_report_folder(requested: Path | None, scenario: str) -> Path:
    """Create the folder, by default a new one in `load` of the data folder. Raises `OSError`."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder = requested or Path(os.environ.get("CONVENE_DATA_DIR", "data")) / "load" / f"{stamp}-{scenario}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_report(folder: Path, report: Report) -> None:
    """Write all three files. Raises `OSError`."""
    encoded = msgspec.json.format(msgspec.json.encode(report), indent=1)
    (folder / "report.json").write_bytes(encoded + b"\n")
    (folder / "summary.txt").write_text(render_summary(report), encoding="utf-8")
    (folder / "index.html").write_text(render_page(report), encoding="utf-8")
