"""Rules that the source files of the browser client keep."""

import re
from pathlib import Path

import pytest

from server.web_client import WEB_FOLDER, WebClient
from tests.server.web_files import SCRIPTS, STYLES, VENDORED, PageParser, code_of

IMPORT = re.compile(r"""^import\b[^;"]*"([^"]+)";|\bimport\("([^"]+)"\)""", re.MULTILINE)
NAMES = re.compile(r"^import \{([^}]+)\} from \"([^\"]+)\";", re.MULTILINE)
NAMESPACE = "http://www.w3.org/2000/svg"
MAP = "https://www.openstreetmap.org/"
MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|parseHTMLUnsafe|createContextualFragment"
    r"|DOMParser|srcdoc|execCommand(?!\(.(?:insertText|delete)\b))\b|\bdocument\.write"
)
CODE = re.compile(r"\beval\s*\(|\bnew Function\b|\bFunction\s*\(|set(?:Timeout|Interval)\s*\(\s*[\"'`]")


def test_page_has_no_inline_script_or_style() -> None:
    """Neither in elements nor in attributes, and every link is served by this server."""
    page = PageParser()
    page.feed((WEB_FOLDER / "index.html").read_text("utf-8"))
    assert page.inline == []
    assert "style" not in page.attributes
    assert not {name for name in page.attributes if name.startswith("on")}
    assert page.links
    names = WebClient().names
    for link in page.links:
        assert link == "/docs" or link.removeprefix("/web/") in names, link


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_no_text_becomes_markup_or_code(path: Path) -> None:
    """Scripts insert text only as text nodes and evaluate no strings."""
    code = code_of(path)
    assert not MARKUP.search(code)
    assert not CODE.search(code)
    assert not re.search(r"setAttribute\(\s*[\"'`](on|style)", code)
    assert "javascript:" not in code


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_every_import_resolves(path: Path) -> None:
    """Imported files exist, they export the imported names, and the names are used."""
    code = code_of(path)
    for match in IMPORT.finditer(code):
        name = match.group(1) or match.group(2)
        assert name.startswith(("./", "../")), name
        assert (path.parent / name).resolve() in {*SCRIPTS, *VENDORED}, name
    for names, source in NAMES.findall(code):
        exporting = (path.parent / source).resolve().read_text("utf-8")
        for name in (entry.strip() for entry in names.split(",") if entry.strip()):
            exported = rf"^export (async )?(class|function|const) {re.escape(name)}\b"
            assert re.search(exported, exporting, re.MULTILINE), name
            assert len(re.findall(rf"\b{re.escape(name)}\b", code)) > 1, f"{name} is not used"


def test_every_script_is_reached() -> None:
    """Every script is imported by `boot.js`, directly or indirectly, and no vendored one is left over."""
    reached: set[Path] = set()
    waiting = [WEB_FOLDER / "boot.js"]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            imports = IMPORT.finditer(code_of(path))
            waiting += [(path.parent / (match.group(1) or match.group(2))).resolve() for match in imports]
    assert reached == {*SCRIPTS, *VENDORED}


def test_no_file_names_another_host() -> None:
    """Styles and scripts load nothing from other hosts."""
    for path in STYLES:
        assert not re.search(r"@import|url\(|//", path.read_text("utf-8")), path
    for path in SCRIPTS:
        # An XML namespace is not requested, the map only when a user follows the link.
        code = code_of(path).replace(NAMESPACE, "").replace(MAP, "")
        assert not re.search(r"[\"'`](?:https?:)?//", code), path


def test_token_is_in_no_url() -> None:
    """It is sent in a header and in the first frame, never in a query."""
    for path in SCRIPTS:
        assert not re.search(r"[?&](?:access_)?token=|searchParams.*token", code_of(path)), path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_every_script_begins_with_a_description(path: Path) -> None:
    """The first line describes the module, and no module is large."""
    text = path.read_text("utf-8")
    assert text.startswith("// ")
    assert text.count("\n") < 300
