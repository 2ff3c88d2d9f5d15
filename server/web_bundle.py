"""Combines the scripts and the styles of the browser client into one file each.

A browser that loads seventy modules over HTTP/1.1 waits for about twelve round trips. The bundle is made when
the server starts, so the client has no build step, and its name contains a hash of its content, so browsers
keep it until it changes:

    app.js and what it imports -> bundle-<hash>.js        stylesheets of index.html -> bundle-<hash>.css

Each module becomes a function that returns what it exports. Only the forms that the client uses are
supported: `import { a, b } from "./x.js";` and `export` before a declaration, without import cycles.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from posixpath import dirname, join, normpath
from typing import Final, NamedTuple

ENTRY: Final = "app.js"
PREFIX: Final = "/web/"

_IMPORT: Final = re.compile(r'^import \{([^}]+)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|class|const) )", re.MULTILINE)
_EXPORTED: Final = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
_UNSUPPORTED: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*//.*\n", re.MULTILINE)
_STYLESHEET: Final = re.compile(r'^.*<link rel="stylesheet" href="/web/([^"]+)">\n', re.MULTILINE)
_SCRIPT: Final = re.compile(r'^.*<script type="module" src="/web/app\.js"></script>\n', re.MULTILINE)


class Bundle(NamedTuple):
    """The combined files by name, and the page that loads them."""

    files: dict[str, bytes]
    page: bytes


def make_bundle(index: str, sources: Mapping[str, str]) -> Bundle:
    """Combine what `index` loads.

    `sources` holds the scripts and stylesheets by their path below `/web/`.

    Raises:
        ValueError: a module uses an unsupported form of import or export, or imports in a cycle.
        KeyError: an import or a stylesheet does not exist.
    """
    files: dict[str, bytes] = {}
    tags = ""
    styles = _STYLESHEET.findall(index)
    if styles:
        name = _add(files, "css", "".join(sources[style] for style in styles))
        tags += f'    <link rel="stylesheet" href="{PREFIX}{name}">\n'
    if _SCRIPT.search(index):
        modules = (_wrapped(name, sources[name]) for name in _in_import_order(ENTRY, sources))
        name = _add(files, "js", "".join(modules))
        tags += f'    <script type="module" src="{PREFIX}{name}"></script>\n'
    page = _SCRIPT.sub("", _STYLESHEET.sub("", index)).replace("  </head>\n", f"{tags}  </head>\n")
    return Bundle(files, page.encode())


def _add(files: dict[str, bytes], suffix: str, content: str) -> str:
    body = content.encode()
    name = f"bundle-{blake2b(body, digest_size=8).hexdigest()}.{suffix}"
    files[name] = body
    return name


def _in_import_order(entry: str, sources: Mapping[str, str]) -> Iterator[str]:
    """Yield every module after the modules that it imports."""
    finished: set[str] = set()
    entered: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in finished:
            return
        if name in entered:
            raise ValueError(f"import cycle through {name}")
        entered.add(name)
        for _, target in _IMPORT.findall(sources[name]):
            yield from visit(_resolve(name, target))
        finished.add(name)
        yield name

    return visit(entry)


def _wrapped(name: str, source: str) -> str:
    def bind(match: re.Match[str]) -> str:
        names = " ".join(match[1].split()).rstrip(",")
        return f"const {{ {names} }} = {_variable(_resolve(name, match[2]))};\n"

    exported = ", ".join(_EXPORTED.findall(source))
    body = _EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub(bind, source)))
    unsupported = _UNSUPPORTED.search(body)
    if unsupported:
        raise ValueError(f"{name}: unsupported statement: {unsupported[0]}")
    return f"// {name}\nconst {_variable(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _resolve(importer: str, target: str) -> str:
    return normpath(join(dirname(importer), target))


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name)
