"""Draws a time series as inline SVG: a line, the time range, and the largest and last value."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from server.ops.html import Markup, element, join

WIDTH: Final = 360
HEIGHT: Final = 90
TOP: Final = 16
BOTTOM: Final = 16


def plot(title: str, unit: str, points: Sequence[tuple[float, float]]) -> Markup:
    """Return a figure of (Unix time, value) points, the oldest first."""
    if len(points) < 2:
        return element(
            "figure", join([element("figcaption", title), element("p", "Not enough samples yet.")])
        )
    start_s, end_s = points[0][0], points[-1][0]
    largest = max(value for _, value in points)
    scale_x = WIDTH / max(0.001, end_s - start_s)
    scale_y = (HEIGHT - TOP - BOTTOM) / largest if largest else 0.0
    line = " ".join(
        f"{(at_s - start_s) * scale_x:.1f},{HEIGHT - BOTTOM - value * scale_y:.1f}" for at_s, value in points
    )
    text = f"largest {format_value(largest)}{unit}, now {format_value(points[-1][1])}{unit}"
    drawing = join(
        [
            element("title", f"{title}: {text}"),
            Markup(f'<line class="axis" x1="0" y1="{HEIGHT - BOTTOM}" x2="{WIDTH}" y2="{HEIGHT - BOTTOM}"/>'),
            Markup(f'<polyline class="series" points="{line}"/>'),
            Markup(f'<text x="0" y="{HEIGHT - 3}">{_clock(start_s)}</text>'),
            Markup(f'<text x="{WIDTH}" y="{HEIGHT - 3}" text-anchor="end">{_clock(end_s)}</text>'),
            Markup(f'<text x="0" y="11">{format_value(largest)}{unit}</text>'),
        ]
    )
    svg = element("svg", drawing, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=f"{title}: {text}")
    return element("figure", join([element("figcaption", f"{title} ({text})"), svg]))


def format_value(value: float) -> str:
    """Return a short number with a decimal prefix above a thousand."""
    for limit, divisor, suffix in ((1e3, 1, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M")):
        if abs(value) < limit:
            return f"{value / divisor:.3g}{suffix}"
    return f"{value:.3g}"


def _clock(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%H:%M:%S")
