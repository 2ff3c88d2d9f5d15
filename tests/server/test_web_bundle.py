"""The bundles of the browser client: its modules and styles in the files that a browser loads."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from server.web_bundle import make_bundle
from server.web_client import INDEX_FILE, WEB_FOLDER
from tests.server.web_files import BUNDLE, LOCALES, SCRIPTS, STYLES, VENDORED


def real_bundle() -> dict[str, bytes]:
    paths = [*SCRIPTS, *VENDORED, *STYLES, *LOCALES]
    sources = {path.relative_to(WEB_FOLDER).as_posix(): path.read_text("utf-8") for path in paths}
    return make_bundle((WEB_FOLDER / INDEX_FILE).read_text("utf-8"), sources).files


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_script_bundles_are_valid_modules(tmp_path: Path) -> None:
    """Node parses the bundles of the real client."""
    for name, body in real_bundle().items():
        if name.endswith(".js"):
            path = tmp_path / f"{name}.mjs"
            path.write_bytes(body)
            subprocess.run(["node", "--check", path], check=True)


def test_each_module_is_in_one_bundle() -> None:
    """So each runs once, and no byte is loaded twice."""
    scripts = [body.decode() for name, body in real_bundle().items() if name.endswith(".js")]
    modules = [name for script in scripts for name in re.findall(r'^\$\["(.*?)"\] = ', script, re.MULTILINE)]
    paths = [path.relative_to(WEB_FOLDER).as_posix() for path in [*SCRIPTS, *VENDORED]]
    assert sorted(modules) == sorted(paths)


PAGE = """<!doctype html>
<html>
  <head>
    <link rel="stylesheet" href="/web/a.css">
    <link rel="stylesheet" href="/web/b.css">
    <script type="module" src="/web/boot.js"></script>
  </head>
</html>
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_bundles_run_modules_in_the_order_of_their_imports(tmp_path: Path) -> None:
    """Exports reach their importers, and each module runs once, also what two imports on demand share."""
    bundle = make_bundle(
        PAGE,
        {
            "a.css": "a {}",
            "b.css": "b {}",
            "boot.js": 'import("./app.js").then(({ start }) => start());\n',
            "app.js": 'import { double } from "./lib/math.js";\n'
            'import { add } from "./lib/base.js";\n\n'
            "export async function start() {\n  console.log(double(2), add(1, 1));\n"
            '  await Promise.all([import("./views/one.js"), import("./views/two.js")]);\n}\n',
            "lib/math.js": 'import {\n  add,\n} from "./base.js";\n\n'
            "// Twice.\nexport function double(one) {\n  return add(one, one);\n}\n",
            "lib/base.js": 'console.log("base");\n\nexport const add = (one, other) => one + other;\n',
            "lib/shared.js": 'console.log("shared");\n\nexport const shared = 5;\n',
            "views/one.js": 'import { shared } from "../lib/shared.js";\n\nconsole.log("one", shared);\n',
            "views/two.js": 'import { double } from "../lib/math.js";\n'
            'import { shared } from "../lib/shared.js";\n\nconsole.log("two", double(shared));\n',
        },
    )
    assert sum(name.endswith(".js") for name in bundle.files) == len(("boot", "app", "shared", "one", "two"))
    # Node imports paths of the file system.
    for name, body in bundle.files.items():
        (tmp_path / name).write_text(body.decode().replace("/web/", f"{tmp_path}/"))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    first = BUNDLE.findall(bundle.page.decode())[0].removeprefix("/web/")
    output = subprocess.run(["node", tmp_path / first], check=True, capture_output=True, text=True).stdout
    lines = output.splitlines()
    assert lines[:3] == ["base", "4 2", "shared"]
    assert sorted(lines[3:]) == ["one 5", "two 10"]
    assert b"a {}b {}" in bundle.files.values()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('import * as all from "./other.js";\n', "unsupported"),
        ("export default 1;\n", "unsupported"),
        ("import(name);\n", "unsupported"),
        ('import { boot } from "./boot.js";\n', "cycle"),
    ],
)
def test_bundle_rejects_unsupported_modules(source: str, message: str) -> None:
    """A module in another form stops the server at its start instead of breaking the page."""
    with pytest.raises(ValueError, match=message):
        make_bundle(PAGE, {"a.css": "", "b.css": "", "boot.js": source})
