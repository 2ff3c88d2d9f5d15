"""The wheel: installed into an environment of its own, it serves from an empty folder."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ("actors", "client", "config", "examples", "loadtest", "server", "sql", "storage", "web")
NOT_INSTALLED = re.compile(r"/vendor/(?!.*\.(js|css|svg|txt|html)$)|package(-lock)?\.json$|\.(npmrc|sh)$")
"""What only makes the files that are installed."""
RUN_LIMIT_BYTES = 200 << 20
STEP_TIMEOUT_S = 600
START_TIMEOUT_S = 120.0


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, because the build writes into its source."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in SOURCE:
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
        )
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    run_pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("convene-*.whl"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def run_pip(*arguments: str) -> None:
    command = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)
    result = subprocess.run(command, capture_output=True, text=True, timeout=STEP_TIMEOUT_S, check=False)
    assert result.returncode == 0, result.stderr


def make_environment(folder: Path) -> Path:
    """Make an environment without anything in it; return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    return folder / "bin" / "python"


def install(python: Path, wheel: Path) -> None:
    run_pip("--python", str(python), "install", "--no-deps", "--no-compile", str(wheel))


def site_packages(python: Path) -> Path:
    return next(python.parents[1].glob("lib/python3*/site-packages"))


async def serve_from_folder(python: Path, folder: Path) -> None:
    """Serve with embedded stores in the folder, ask for the health and the browser client, and stop."""
    process = await asyncio.create_subprocess_exec(
        str(python.with_name("convene")),
        "--port",
        "0",
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    log: list[str] = []
    try:
        url = await asyncio.wait_for(read_address(process, log), START_TIMEOUT_S)
        async with aiohttp.ClientSession(url) as http:
            async with http.get("/healthz") as answer:
                assert answer.status == 200, log
            async with http.get("/") as answer:
                assert answer.status == 200, log
                page = await answer.text()
            script = re.search(r'src="(/[^"]+\.js)"', page)
            assert script is not None
            async with http.get(script[1]) as answer:
                assert answer.status == 200, log
            async with http.get("/readyz") as answer:
                assert answer.status == 200, log
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), START_TIMEOUT_S) == 0
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), START_TIMEOUT_S)


async def read_address(process: asyncio.subprocess.Process, log: list[str]) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        log.append(line.decode())
        if found := re.search(r"listening on (127\.0\.0\.1:\d+)", log[-1]):
            return f"http://{found[1]}"
    raise AssertionError("".join(log))


def test_wheel_holds_every_file_of_the_packages(wheel: Path, tmp_path: Path) -> None:
    """SQL, pages, configuration and texts are found beside the modules that read them."""
    python = make_environment(tmp_path / "environment")
    install(python, wheel)

    missing = [
        str(path.relative_to(ROOT))
        for name in SOURCE
        for path in (ROOT / name).rglob("*")
        if path.is_file()
        and not {"__pycache__", "node_modules"} & set(path.parts)
        and not NOT_INSTALLED.search(path.as_posix())
        and not (site_packages(python) / path.relative_to(ROOT)).is_file()
    ]
    assert missing == []


@pytest.mark.stores
async def test_installed_command_serves_from_an_empty_folder(
    wheel: Path, tmp_path: Path, empty: Path
) -> None:
    """`convene` runs from the wheel; its dependencies are those of the environment of the tests."""
    python = make_environment(tmp_path / "environment")
    install(python, wheel)
    dependencies = site_packages(python) / "dependencies.pth"
    dependencies.write_text(sysconfig.get_path("purelib") + "\n")

    await serve_from_folder(python, empty)

    assert os.listdir(empty) == ["data"]  # noqa: PTH208 - a path's iterdir is for synchronous code


@pytest.mark.stores
@pytest.mark.skipif("CONVENE_TEST_LONG" not in os.environ, reason="`make test-long` runs it")
@pytest.mark.timeout(2 * STEP_TIMEOUT_S)
async def test_wheel_with_the_locked_dependencies(wheel: Path, tmp_path: Path, empty: Path) -> None:
    """Exactly what `make run` installs is enough, and it is small."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    target = tmp_path / "environment"
    made = await asyncio.create_subprocess_exec(
        *("make", f"VENV={target}", f"PYTHON={sys.executable}", f"{target}/.run"), cwd=ROOT, env=environment
    )
    assert await asyncio.wait_for(made.wait(), STEP_TIMEOUT_S) == 0
    size = sum(path.lstat().st_size for path in target.rglob("*") if path.is_file())
    assert size < RUN_LIMIT_BYTES
    python = target / "bin" / "python"
    install(python, wheel)

    await serve_from_folder(python, empty)

    assert os.listdir(empty) == ["data"]  # noqa: PTH208 - a path's iterdir is for synchronous code
