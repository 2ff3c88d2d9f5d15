"""The last hour in memory, and its plots."""

import pytest

from server.ops.plots import plot
from server.ops.samples import quantile


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 0, 0), 0.0),
        ((100, 0, 0, 0), 0.1),
        ((98, 1, 1, 0), 0.2),
        ((0, 0, 0, 5), 0.5),
        ((1, 0, 0, 1), 0.5),
    ],
)
def test_quantile_is_the_bound_of_its_bucket(counts: tuple[int, ...], expected: float) -> None:
    """Zero without values; the last bound for values above it."""
    assert quantile((0.1, 0.2, 0.5), counts) == expected


def test_plot_is_a_labelled_drawing() -> None:
    """Line within the frame, largest and last value as text for those who do not see it."""
    drawing = plot("Commands <of> clients", "/s", [(0.0, 0.0), (10.0, 2000.0), (20.0, 500.0)])
    assert 'points="0.0,74.0 180.0,16.0 360.0,59.5"' in drawing
    assert "largest 2 k/s, now 500/s" in drawing
    assert "<of>" not in drawing
    assert 'role="img"' in drawing


def test_plot_of_one_sample_says_so() -> None:
    """A line needs two samples; a series of zeros has no scale."""
    assert "Not enough samples" in plot("x", "", [(0.0, 1.0)])
    assert "largest 0," in plot("x", "", [(0.0, 0.0), (10.0, 0.0)])
