"""Combines the scripts and the styles of the browser client into a few files with a hash in their names.

A browser that loads a hundred modules over HTTP/1.1 waits for many round trips. The bundles are made when
the server starts, so the client has no build step, and a name contains a hash of the content, so browsers
keep the file until it changes:

    boot.js and what it imports            -> bundle-<hash>.js    the script of the page
    app.js and what it imports             -> bundle-<hash>.js    preloaded by the page
    each `import("./x.js")`, and what that
    imports and the two above do not have  -> bundle-<hash>.js    loaded on demand
    stylesheets of index.html              -> bundle-<hash>.css
    texts of each language                 -> bundle-<hash>.json  one of them is loaded

Modules that several imports on demand have in common are in a separate file, so each module is loaded and
run once. Only the first bundle names the others: they do not depend on each other's hashes.

Each module becomes a function that returns what it exports. Only the forms that the client uses are
supported: `import { a, b } from "./x.js";` and `export` before a declaration, without import cycles, and
`import("./x.js")`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from posixpath import dirname, join, normpath
from typing import Final, NamedTuple

ENTRY: Final = "boot.js"
APP: Final = "app.js"
PREFIX: Final = "/web/"

_IMPORT: Final = re.compile(r'^import \{([^}]+)\} from "([^"]+)";\n', re.MULTILINE)
_ON_DEMAND: Final = re.compile(r'\bimport\("([^"]+)"\)')
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|class|const) )", re.MULTILINE)
_EXPORTED: Final = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
_UNSUPPORTED: Final = re.compile(
    r"^(?:import|export)\b(?!\().*|\bexport\{.*|\bimport\((?!\").*", re.MULTILINE
)
_COMMENT: Final = re.compile(r"^\s*//.*\n", re.MULTILINE)
_LOCALE: Final = re.compile(r'"/web/(locales/\w+\.json)"')
_STYLESHEET: Final = re.compile(r'^.*<link rel="stylesheet" href="/web/([^"]+)">\n', re.MULTILINE)
_SCRIPT: Final = re.compile(
    rf'^.*<script type="module" src="/web/{re.escape(ENTRY)}"></script>\n', re.MULTILINE
)

# `$` holds the exports of each module that ran. A file of modules runs once, after those that it needs.
_LOADER: Final = """const $ = {};
const $ran = new Set();
async function $import(name) {
  const loaded = await Promise.all($files[name].map(async (file) => [file, await import(file)]));
  for (const [file, { run }] of loaded) if (!$ran.has(file)) $ran.add(file), run($, $import);
  return $[name];
}
"""


class Bundle(NamedTuple):
    """The combined files by name, and the page that loads them."""

    files: dict[str, bytes]
    page: bytes


def make_bundle(index: str, sources: Mapping[str, str]) -> Bundle:
    """Combine what `index` loads.

    `sources` holds the scripts, stylesheets and texts by their path below `/web/`.

    Raises:
        ValueError: a module uses an unsupported form of import or export, or imports in a cycle.
        KeyError: an import or a stylesheet does not exist.
    """
    files: dict[str, bytes] = {}
    tags = ""
    if _SCRIPT.search(index):
        entry, preloaded = _add_scripts(files, sources)
        # `async`: it asks for the texts without waiting for the styles, which scripts otherwise do.
        tags += f'    <script type="module" async fetchpriority="high" src="{PREFIX}{entry}"></script>\n'
        tags += "".join(f'    <link rel="modulepreload" href="{path}">\n' for path in preloaded)
    styles = _STYLESHEET.findall(index)
    if styles:
        name = _add(files, "css", "".join(sources[style] for style in styles))
        tags += f'    <link rel="stylesheet" href="{PREFIX}{name}">\n'
    page = _SCRIPT.sub("", _STYLESHEET.sub("", index)).replace("  </head>\n", f"{tags}  </head>\n")
    return Bundle(files, page.encode())


def _add_scripts(files: dict[str, bytes], sources: Mapping[str, str]) -> tuple[str, list[str]]:
    """Add all script files. Return the name of the first, and the paths of those that it loads at once."""
    first = list(_in_import_order([ENTRY], sources))
    paths: dict[str, list[str]] = defaultdict(list)
    for roots, modules in _files_on_demand(first, sources):
        body = "".join(_wrapped(name, sources[name]) for name in modules)
        path = PREFIX + _add(files, "js", f"export function run($, $import) {{\n{body}}}\n")
        for root in sorted(roots):
            paths[root].append(path)
    body = "".join(_wrapped(name, sources[name]) for name in first)
    loader = f"const $files = {json.dumps(paths)};\n{_LOADER}" if paths else "const $ = {};\n"
    return _add(files, "js", loader + _with_locales(body, files, sources)), paths.get(APP, [])


def _files_on_demand(
    first: Iterable[str], sources: Mapping[str, str]
) -> Iterator[tuple[frozenset[str], list[str]]]:
    """Yield the modules of each file, and the imports that need it.

    A file is yielded after those with modules that its modules import.
    """
    present = set(first)
    if APP in _roots(present, sources):
        modules = [name for name in _in_import_order([APP], sources) if name not in present]
        yield frozenset((APP,)), modules
        # Everything else is loaded by it, so its modules are there.
        present.update(modules)
    roots_of: dict[str, set[str]] = defaultdict(set)
    seen = {APP}
    waiting = sorted(_roots(present, sources) - seen)
    while waiting:
        root = waiting.pop()
        seen.add(root)
        modules = [name for name in _in_import_order([root], sources) if name not in present]
        for name in modules:
            roots_of[name].add(root)
        waiting += sorted(_roots(modules, sources) - seen - set(waiting))
    modules_of: dict[frozenset[str], list[str]] = defaultdict(list)
    for name in _in_import_order(sorted(roots_of), sources):
        if name in roots_of:
            modules_of[frozenset(roots_of[name])].append(name)
    # What a module imports is needed wherever the module is, and perhaps elsewhere.
    yield from sorted(modules_of.items(), key=lambda item: (-len(item[0]), sorted(item[0])))


def _roots(names: Iterable[str], sources: Mapping[str, str]) -> set[str]:
    """Return the modules that these import on demand."""
    return {_resolve(name, target) for name in names for target in _ON_DEMAND.findall(sources[name])}


def _add(files: dict[str, bytes], suffix: str, content: str) -> str:
    body = content.encode()
    name = f"bundle-{blake2b(body, digest_size=8).hexdigest()}.{suffix}"
    files[name] = body
    return name


def _with_locales(script: str, files: dict[str, bytes], sources: Mapping[str, str]) -> str:
    """Replace the paths of texts by those of the added files."""

    def replace(match: re.Match[str]) -> str:
        texts = json.dumps(json.loads(sources[match[1]]), ensure_ascii=False, separators=(",", ":"))
        return f'"{PREFIX}{_add(files, "json", texts)}"'

    return _LOCALE.sub(replace, script)


def _in_import_order(roots: Iterable[str], sources: Mapping[str, str]) -> Iterator[str]:
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

    for root in roots:
        yield from visit(root)


def _wrapped(name: str, source: str) -> str:
    def bind(match: re.Match[str]) -> str:
        names = " ".join(match[1].split()).rstrip(",")
        return f'const {{ {names} }} = $["{_resolve(name, match[2])}"];\n'

    def load(match: re.Match[str]) -> str:
        return f'$import("{_resolve(name, match[1])}")'

    exported = ", ".join(_EXPORTED.findall(source))
    body = _IMPORT.sub(bind, source)
    body = _EXPORT.sub("", _COMMENT.sub("", body))
    unsupported = _UNSUPPORTED.search(body)
    if unsupported:
        raise ValueError(f"{name}: unsupported statement: {unsupported[0]}")
    body = _ON_DEMAND.sub(load, body)
    return f'$["{name}"] = (() => {{\n{body}return {{ {exported} }};\n}})();\n'


def _resolve(importer: str, target: str) -> str:
    return normpath(join(dirname(importer), target))
