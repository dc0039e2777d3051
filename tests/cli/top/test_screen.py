"""What is painted is what a terminal then shows."""

import pyte

from musterq.cli.top.cells import Cell
from musterq.cli.top.screen import Screen

LINES = [[Cell("first", "bold red"), Cell(" row")], [Cell("second")], []]


def test_a_terminal_shows_the_lines():
    """In their styles."""
    terminal = pyte.Screen(20, 3)
    pyte.Stream(terminal).feed(Screen(colours=True).paint(LINES))
    assert [line.rstrip() for line in terminal.display] == ["first row", "second", ""]
    first = terminal.buffer[0]
    assert (first[0].fg, first[0].bold, first[6].fg, first[6].bold) == ("red", True, "default", False)


def test_only_rows_that_changed_are_painted():
    """And nothing where none did."""
    screen = Screen(colours=True)
    screen.paint(LINES)
    assert screen.paint(LINES) == ""
    painted = screen.paint([LINES[0], [Cell("other")], []])
    assert "other" in painted
    assert "first" not in painted


def test_a_forgotten_or_resized_terminal_is_painted_anew():
    """It may show anything."""
    screen = Screen(colours=True)
    screen.paint(LINES)
    assert "second" in screen.paint([*LINES, []])
    screen.forget()
    assert "second" in screen.paint([*LINES, []])


def test_without_colours_there_are_none():
    """Bold and reversed text stay: these are no colours."""
    painted = Screen(colours=False).paint([[Cell("a", "red"), Cell("b", "yellow reverse")]])
    assert "a\x1b[7mb\x1b[m" in painted
