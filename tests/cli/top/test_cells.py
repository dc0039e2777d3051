"""Texts fit their columns, and steer nothing."""

import pytest

from musterq.cli.top.cells import Cell, clean, clipped, clipped_left, fitted, justified, padded, width_of, wrapped


@pytest.mark.parametrize("width", range(9))
@pytest.mark.parametrize("text", ["", "short", "longer than that", "画像の縮小", "a画b像"])
def test_a_text_takes_the_width_that_it_is_given(text: str, width: int):
    """Also where a sign takes two columns."""
    assert width_of(clipped(text, width, "…")) <= width
    assert width_of(clipped_left(text, width, "…")) <= width
    assert width_of(padded(text, width, "…")) == width


def test_what_is_left_out_is_marked():
    """At its own end."""
    assert clipped("thumbnail", 6, "…") == "thumb…"
    assert clipped_left("/data/queue.db", 9, "…") == "…queue.db"
    assert padded("7", 3, "…", right=True) == "  7"


def test_a_line_ends_where_the_terminal_does():
    """Later cells are left out, the one at the edge is clipped."""
    line = [Cell("four", "red"), Cell("five5"), Cell("six")]
    assert fitted(line, 7, "~") == [Cell("four", "red"), Cell("fi~")]


def test_the_right_end_is_left_out_where_both_have_no_room():
    """The left one says more."""
    left, right = [Cell("musterq top")], [Cell("12:00")]
    assert "".join(cell.text for cell in justified(left, right, 20, "~")) == "musterq top    12:00"
    assert "".join(cell.text for cell in justified(left, right, 14, "~")) == "musterq top"


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\rb", "a\nb", "\x9b2J", "\u202eevil", "\ud800"])
def test_somebody_elses_text_cannot_steer_the_terminal(text: str):
    """Control characters become escapes."""
    assert clean(text).isprintable()
    assert all(line.isprintable() for line in wrapped(text, 20))


@pytest.mark.parametrize("width", [1, 5, 12, 40])
def test_wrapped_text_loses_nothing(width: int):
    """It is broken at blanks where there are some in time."""
    text = "no such file: images/a-very-long-name.png\nand 画像の縮小 more"
    lines = wrapped(text, width)
    assert max(map(width_of, lines)) <= max(width, 2)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrapped_text_is_broken_between_words():
    """As a reader expects."""
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("", 8) == [""]
