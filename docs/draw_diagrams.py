"""Draws the diagrams of docs/architecture.md: `python docs/draw_diagrams.py`.

- packages.svg: packages and their imports, from the real import graph (transitive reduction).
- message.svg: the way of a message through files, each of which must exist.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import grimp

DOCS = Path(__file__).parent
ROOT = DOCS.parent
IMAGES = DOCS / "images"
ROOT_PACKAGES = ("server", "actors", "storage", "config", "client", "loadtest", "examples")
# Subpackages of these are drawn by themselves; of others only the package.
EXPANDED = ("actors", "server", "storage")
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 132, 30, 14, 46, 16

MESSAGE_STEPS = (
    ("frame to message", "server/websocket/connection.py"),
    ("message to command, rate limit", "actors/sessions/session.py"),
    ("membership, next seq", "actors/conversations/conversation_actor.py"),
    ("group commit", "actors/conversations/log_writer.py"),
    ("insert, unique (conversation, seq)", "storage/mongo/message_log.py"),
    ("encode once, local members and bus", "actors/conversations/entry_publisher.py"),
    ("deliver in seq order", "actors/delivery/room.py"),
    ("one write per client and loop iteration", "actors/delivery/flusher.py"),
)
"""What happens to a message, and the file that does it."""

ARROW_HEAD = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8"/></marker></defs>'
)
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}"
    ".s{font-size:11px;fill:#57606a}"
    "rect{fill:#f6f8fa;stroke:#8c959f;rx:6}"
    "path{fill:none;stroke:#8c959f;stroke-width:1}"
)


def package_of(module: str) -> str | None:
    """Return the drawn package of a module, None for one that is not drawn."""
    parts = module.split(".")
    if parts[0] not in EXPANDED:
        return parts[0]
    if len(parts) < 2:
        return None
    is_package = (ROOT / parts[0] / parts[1]).is_dir()
    return f"{parts[0]}.{parts[1]}" if is_package else parts[0]


def package_imports() -> dict[str, set[str]]:
    """Return the imports between drawn packages."""
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph(*ROOT_PACKAGES, cache_dir=None)
    imports: dict[str, set[str]] = {}
    for module in sorted(graph.modules):
        importer = package_of(module)
        if importer is None:
            continue
        targets = imports.setdefault(importer, set())
        for imported in graph.find_modules_directly_imported_by(module):
            target = package_of(imported)
            if target is not None and target != importer:
                targets.add(target)
    return imports


def levels_of(imports: Mapping[str, set[str]]) -> dict[str, int]:
    """Return the row of each package: below everything that imports it. Cycles share the higher row."""
    levels: dict[str, int] = {}

    def level(package: str, path: frozenset[str]) -> int:
        if package in levels:
            return levels[package]
        below = [
            level(target, path | {package}) + 1
            for target in sorted(imports.get(package, ()))
            if target not in path
        ]
        result = max(below, default=0)
        if not path:
            levels[package] = result
        return result

    for package in sorted(imports):
        level(package, frozenset())
    return levels


def reduced(imports: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Return the edges that are not implied by a longer path."""

    def reaches(start: str, goal: str) -> bool:
        seen, stack = {start}, [one for one in imports.get(start, ()) if one != goal]
        while stack:
            package = stack.pop()
            if package == goal:
                return True
            if package not in seen:
                seen.add(package)
                stack += imports.get(package, ())
        return False

    return {
        (importer, target)
        for importer, targets in imports.items()
        for target in targets
        if not reaches(importer, target)
    }


def packages_svg() -> str:
    imports = package_imports()
    levels = levels_of(imports)
    rows: dict[int, list[str]] = {}
    for package in sorted(imports):
        rows.setdefault(levels[package], []).append(package)
    widest = max(map(len, rows.values()))
    width = 2 * MARGIN + widest * BOX_WIDTH + (widest - 1) * GAP_X
    height = 2 * MARGIN + len(rows) * BOX_HEIGHT + (len(rows) - 1) * GAP_Y
    places: dict[str, tuple[float, float]] = {}
    for row, level in enumerate(sorted(rows, reverse=True)):
        names = rows[level]
        used = len(names) * BOX_WIDTH + (len(names) - 1) * GAP_X
        for column, package in enumerate(names):
            x = (width - used) / 2 + column * (BOX_WIDTH + GAP_X)
            places[package] = (x, MARGIN + row * (BOX_HEIGHT + GAP_Y))
    shapes = [_arrow(places[importer], places[target]) for importer, target in sorted(reduced(imports))]
    shapes += [_box(package, *places[package]) for package in sorted(places)]
    return _svg("Packages and their imports", width, height, shapes)


def message_svg(steps: Sequence[tuple[str, str]] = MESSAGE_STEPS) -> str:
    missing = [path for _, path in steps if not (ROOT / path).exists()]
    if missing:
        raise FileNotFoundError(f"the way of a message names files that do not exist: {missing}")
    box_width, box_height, gap = 330, 44, 22
    width = 2 * MARGIN + box_width
    height = 2 * MARGIN + len(steps) * box_height + (len(steps) - 1) * gap
    shapes = []
    for number, (text, path) in enumerate(steps):
        y = MARGIN + number * (box_height + gap)
        if number:
            shapes.append(f'<path d="M{width / 2:g},{y - gap} V{y}" marker-end="url(#a)"/>')
        shapes.append(
            f'<rect x="{MARGIN}" y="{y}" width="{box_width}" height="{box_height}"/>'
            f'<text x="{MARGIN + 12}" y="{y + 18}">{number + 1}. {escape(text)}</text>'
            f'<text class="s" x="{MARGIN + 12}" y="{y + 35}">{escape(path)}</text>'
        )
    return _svg("The way of a message", width, height, shapes)


def _box(text: str, x: float, y: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"/>'
        f'<text class="s" x="{x + BOX_WIDTH / 2:g}" y="{y + 19:g}" text-anchor="middle">{escape(text)}</text>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + BOX_WIDTH / 2, start[1] + BOX_HEIGHT
    x2, y2 = end[0] + BOX_WIDTH / 2, end[1]
    bend = (y2 - y1) / 2
    return (
        f'<path d="M{x1:g},{y1:g} C{x1:g},{y1 + bend:g} {x2:g},{y2 - bend:g} {x2:g},{y2:g}" '
        'marker-end="url(#a)"/>'
    )


def _svg(title: str, width: float, height: float, shapes: Iterable[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
            f"<title>{escape(title)}</title><style>{STYLE}</style>",
            ARROW_HEAD,
            f'<rect x="0" y="0" width="{width:g}" height="{height:g}" style="fill:#fff;stroke:none"/>',
            *shapes,
            "</svg>",
            "",
        ]
    )


def diagrams() -> dict[str, str]:
    """Return the text of each diagram by file name."""
    return {"packages.svg": packages_svg(), "message.svg": message_svg()}


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for name, text in diagrams().items():
        (IMAGES / name).write_text(text)
