"""Columns fit the width."""

import pytest

from musterq.cli.top.cells import Cell, line_width
from musterq.cli.top.grid import Column, grid

COLUMNS = (
    Column("NAME", clips=True),
    Column("N", right=True),
    Column("SPARE", spare=1),
    Column("FIRST TO GO", spare=2),
)
ROW = [Cell("a-rather-long-name-of-a-thing"), Cell("12"), Cell("x", "red"), Cell("y")]


def texts(width: int) -> list[str]:
    titles, lines = grid(COLUMNS, [ROW], width, "~")
    return ["".join(cell.text for cell in line).rstrip() for line in (titles, *lines)]


def test_all_columns_are_shown_where_they_have_room():
    """Numbers at the right, in a style of their own where they have one."""
    assert texts(80) == [
        "NAME                           N SPARE FIRST TO GO",
        "a-rather-long-name-of-a-thing 12 x     y",
    ]
    assert Cell(" x    ", "red") in grid(COLUMNS, [ROW], 80, "~")[1][0]


def test_the_least_needed_columns_go_first():
    """Before a name becomes too short to be read."""
    assert texts(30) == ["NAME                   N SPARE", "a-rather-long-name-o~ 12 x"]
    assert texts(20) == ["NAME               N", "a-rather-long-na~ 12"]


@pytest.mark.parametrize("width", range(11, 60))
def test_a_row_is_never_wider_than_the_terminal(width: int):
    """As long as what cannot go or be clipped has room."""
    titles, lines = grid(COLUMNS, [ROW, ROW], width, "~")
    assert max(line_width(line) for line in (titles, *lines)) <= width


def test_a_column_keeps_its_least_width():
    """So that it does not jump when another row is seen."""
    titles, _ = grid((Column("N", least=6), Column("M")), [[Cell("1"), Cell("2")]], 80, "~")
    assert "".join(cell.text for cell in titles) == "N      M"
