"""Small charts."""

import pytest

from musterq.cli.top.symbols import ASCII, UNICODE, progress_bar, sparkline, symbols_for


def test_a_chart_goes_from_zero_to_the_greatest():
    """Nothing where nothing is known, the lowest bar where it was zero."""
    assert sparkline([None, 0, 1, 4, 8], 5, UNICODE) == " ▁▂▅█"


def test_what_is_not_zero_never_looks_like_zero():
    """However small it is beside the greatest."""
    assert sparkline([1, 1_000_000], 2, UNICODE) == "▂█"


def test_the_latest_is_at_the_right():
    """Before the first one nothing is known."""
    assert sparkline([3, 3], 5, UNICODE) == "   ██"


def test_a_narrow_chart_keeps_its_peaks():
    """Each column is the greatest of what it stands for, the last columns whole."""
    assert sparkline([0, 9, 0, 0, 0, 0, 0], 3, UNICODE) == "▁█▁"
    assert len(sparkline(range(61), 8, UNICODE)) == 8


@pytest.mark.parametrize(("values", "width"), [([], 5), ([None], 5), ([1, 2], 0)])
def test_nothing_is_drawn_of_nothing(values: list[float | None], width: int):
    """Blanks of that width."""
    assert sparkline(values, width, UNICODE) == " " * width


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no such encoding", None])
def test_a_terminal_without_unicode_has_plain_signs(encoding: str | None):
    """All of them can be shown."""
    assert symbols_for(encoding) is ASCII
    assert "".join(ASCII).isascii()
    assert sparkline([0, 1, 8], 3, ASCII) == "_.#"


def test_a_terminal_with_unicode_has_its_signs():
    """As most have."""
    assert symbols_for("utf-8") is UNICODE


@pytest.mark.parametrize(("share", "bar"), [(0.0, "░░░░"), (0.5, "██░░"), (1.0, "████"), (7.0, "████"), (-1.0, "░░░░")])
def test_progress_fills_a_bar(share: float, bar: str):
    """Also where somebody said what cannot be."""
    assert progress_bar(share, 4, UNICODE) == bar
