"""`run.py load` as an operator uses it: files, words and exit statuses."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from loadtest.command import load
from loadtest.options import Options, Thresholds
from loadtest.people.users_file import Person, write_users
from loadtest.play.plays import Scenario
from loadtest.report.report import Report
from tests.loadtest.running import COMMAND_S, ROOT, small

Urls = tuple[str, ...]


@pytest.fixture
def users_file(tmp_path: Path, crowd: Sequence[Person]) -> Path:
    file = tmp_path / "users.json"
    write_users(file, crowd)
    return file


def written(folder: Path) -> Report:
    return msgspec.json.decode((folder / "report.json").read_bytes(), type=Report)


def quick(urls: Urls, thresholds: Thresholds) -> Options:
    return small(Scenario.PAIRS, urls, 4, duration_s=0.5, ramp_s=0.1, thresholds=thresholds)


def test_thresholds_that_hold_end_with_0(
    loaded_urls: Urls, users_file: Path, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was said meanwhile is plain lines, where there is no terminal."""
    thresholds = Thresholds(p99_ms=60_000.0, max_lost=0, max_errors=0)
    status = load(quick(loaded_urls, thresholds), users_file, reports, plain=False)

    said = capsys.readouterr().out
    assert status == 0, said
    assert "-- load" in said
    assert "GOOD: no promise was broken" in said
    assert written(reports).good


def test_a_threshold_that_does_not_hold_ends_with_1(
    loaded_urls: Urls, users_file: Path, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = load(quick(loaded_urls, Thresholds(p99_ms=0.001)), users_file, reports, plain=True)

    assert status == 1
    assert "p99 of delivery" in capsys.readouterr().out.partition("NOT GOOD")[2]
    assert [rule.name for rule in written(reports).failed] == ["p99 of delivery"]


def test_without_a_server_nothing_is_measured(
    users_file: Path, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(quick(("http://127.0.0.1:9",), Thresholds()), users_file, reports, plain=True) == 3
    assert "does not answer" in capsys.readouterr().err


def test_tokens_that_others_may_read_are_not_used(
    users_file: Path, reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users_file.chmod(0o644)

    assert load(quick(("http://127.0.0.1:9",), Thresholds()), users_file, reports, plain=True) == 2
    assert "chmod 600" in capsys.readouterr().err


async def test_interrupted_it_judges_what_there_is(
    loaded_urls: Urls, users_file: Path, reports: Path
) -> None:
    """Ctrl-C in the middle of a long run: a clean end, and a report."""
    words = ("--users-file", str(users_file), "--report", str(reports), "--duration", "300", "-n", "4")
    urls = [word for url in loaded_urls for word in ("--url", url)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run.py"),
        "load",
        "pairs",
        *urls,
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(COMMAND_S):
        while b"-- load" not in await process.stdout.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGINT)
        said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()
    assert "ended early" in said.decode()
    assert written(reports).interrupted
