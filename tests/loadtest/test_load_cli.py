"""`run.py load` from the command line: files, output and exit status."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from loadtest.accounts.users_file import LoadUser, read_users, write_users
from loadtest.cli import run_load
from loadtest.options import Options, Thresholds
from loadtest.report.folder import create_report_folder
from loadtest.report.report import Report
from loadtest.run_plan import Scenario
from storage.embedded import StoreUrls
from tests.end_to_end.server_process import ServerStores
from tests.loadtest.small_runs import COMMAND_TIMEOUT_S, ROOT, small_options

Urls = tuple[str, ...]


@pytest.fixture
def users_file(tmp_path: Path, load_users: Sequence[LoadUser]) -> Path:
    file = tmp_path / "users.json"
    write_users(file, load_users)
    return file


def read_report(folder: Path) -> Report:
    return msgspec.json.decode((folder / "report.json").read_bytes(), type=Report)


def quick_options(urls: Urls, thresholds: Thresholds) -> Options:
    return small_options(Scenario.PAIRS, urls, 4, duration_s=0.5, ramp_s=0.1, thresholds=thresholds)


def test_met_thresholds_exit_with_0(
    server_urls: Urls, users_file: Path, report_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal, progress is printed as plain lines."""
    thresholds = Thresholds(p99_ms=60_000.0, max_unanswered=0, max_errors=0)
    status = run_load(quick_options(server_urls, thresholds), users_file, report_folder, plain=False)

    output = capsys.readouterr().out
    assert status == 0, output
    assert "-- load" in output
    assert "PASSED: no faults" in output
    assert read_report(report_folder).passed


def test_missed_threshold_exits_with_1(
    server_urls: Urls, users_file: Path, report_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output and the report name the missed threshold."""
    status = run_load(
        quick_options(server_urls, Thresholds(p99_ms=0.001)), users_file, report_folder, plain=True
    )

    assert status == 1
    assert "p99 of delivery" in capsys.readouterr().out.partition("FAILED")[2]
    assert [criterion.name for criterion in read_report(report_folder).failed_criteria] == ["p99 of delivery"]


def test_missing_extra_exits_with_2(
    report_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the server is installed, the error names the extra and the command."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("loadtest.cli.find_spec", lambda name: None)
    status = run_load(quick_options(("http://127.0.0.1:9",), Thresholds()), None, report_folder, plain=True)

    error = capsys.readouterr().err
    assert status == 2
    assert "matplotlib" in error
    assert 'pip install "convene[load]"' in error
    assert "make load" in error


def test_unreachable_server_exits_with_3(
    users_file: Path, report_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the server that does not respond."""
    assert (
        run_load(quick_options(("http://127.0.0.1:9",), Thresholds()), users_file, report_folder, plain=True)
        == 3
    )
    assert "does not respond" in capsys.readouterr().err


def test_readable_users_file_exits_with_2(
    users_file: Path, report_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error suggests `chmod 600`."""
    users_file.chmod(0o644)

    assert (
        run_load(quick_options(("http://127.0.0.1:9",), Thresholds()), users_file, report_folder, plain=True)
        == 2
    )
    assert "chmod 600" in capsys.readouterr().err


async def test_interrupt_writes_a_report(server_urls: Urls, users_file: Path, report_folder: Path) -> None:
    """Ctrl-C during a long run ends it cleanly, with a report."""
    arguments = (
        "--users-file",
        str(users_file),
        "--report",
        str(report_folder),
        "--duration",
        "300",
        "-n",
        "4",
    )
    url_arguments = [argument for url in server_urls for argument in ("--url", url)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run.py"),
        "load",
        "pairs",
        *url_arguments,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        while b"-- load" not in await process.stdout.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "ended early" in output.decode()
    assert read_report(report_folder).interrupted


async def test_files_are_written_to_the_data_folder(
    stores: StoreUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of `CONVENE_DATA_DIR`, whatever the current folder is: the users of `prepare`, and reports."""
    data, current = tmp_path / "data_of_convene", tmp_path / "current"
    current.mkdir()
    variables = {"CONVENE_DATA_DIR": str(data), **ServerStores(stores).environment()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "run.py"), "load", "prepare", "--users", "2"),
        cwd=current,
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert len(read_users(data / "load" / "users.json")) == 2
    assert list(current.iterdir()) == []
    monkeypatch.setenv("CONVENE_DATA_DIR", str(data))
    monkeypatch.chdir(current)
    assert create_report_folder(None, "pairs").parent == data / "load"
    assert list(current.iterdir()) == []
