"""Figures are compared in turns, and judged as their targets say."""

import json
from collections.abc import Callable

import pytest

from benchmarks.harness import Contestant, Row, Target, as_json, as_table, compare, in_turns, missed, percentile


def contestant(name: str, run: Callable[[], float | None], target: Target | None = None) -> Contestant:
    return Contestant(name=name, operations=10, run=run, target=target)


def test_a_percentile_is_the_figure_that_so_many_do_not_exceed():
    """The 99th of a hundred figures is the second largest; of three, the largest."""
    figures = [float(n) for n in range(100, 0, -1)]
    assert (percentile(figures, 0.99), percentile(figures, 0.5)) == (99.0, 50.0)
    assert (percentile(figures, 1.0), percentile(figures, 0.0)) == (100.0, 1.0)
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0


@pytest.mark.parametrize(("figures", "share"), [([], 0.5), ([1.0], 99), ([1.0], -0.1)])
def test_a_percentile_of_nothing_or_beyond_all_is_refused(figures: list[float], share: float):
    """99 is no share: 0.99 is meant."""
    with pytest.raises(ValueError, match="percentile"):
        percentile(figures, share)


def test_at_least_holds_from_the_bound_on_and_below_holds_under_it():
    """The first includes its bound, the second does not."""
    assert Target(at_least=0.8).holds(0.8)
    assert not Target(at_least=0.8).holds(0.799)
    assert Target(below=1.5).holds(1.499)
    assert not Target(below=1.5).holds(1.5)


def test_a_target_with_two_bounds_wants_both():
    """Neither alone is enough."""
    target = Target(at_least=1.0, below=2.0)
    assert [target.holds(figure) for figure in (0.5, 1.0, 1.5, 2.0)] == [False, True, True, False]


def test_contestants_run_in_turns():
    """One round after the other, so that a slow moment of the machine hits all."""
    order: list[str] = []

    def running(name: str, seconds: float) -> Contestant:
        return contestant(name, lambda: order.append(name) or seconds)

    rates = in_turns([running("a", 2.0), running("b", 5.0)], 3)
    assert order == ["a", "b"] * 3
    assert rates == [[5.0] * 3, [2.0] * 3]


def test_who_cannot_run_is_asked_once_and_has_no_rates():
    """The others run on as if it were not there."""
    calls: list[str] = []
    unable = contestant("unable", lambda: calls.append("unable"))
    assert in_turns([contestant("able", lambda: 1.0), unable], 3) == [[10.0] * 3, []]
    assert calls == ["unable"]


def test_who_fails_in_a_later_round_has_no_rates_either():
    """Half of a comparison is none."""
    answers = iter([1.0, None, 1.0])
    assert in_turns([contestant("fickle", lambda: next(answers))], 3) == [[]]


def test_the_figure_is_the_median_of_the_rounds_ratios():
    """Each round is compared with itself: here the machine was ten times slower in the second one."""
    ours, theirs = iter([1.0, 10.0, 1.0]), iter([2.0, 20.0, 3.0])
    (row,) = compare(
        "work", contestant("ours", lambda: next(ours)), [contestant("theirs", lambda: next(theirs))], rounds=3
    )
    assert row.figure == 2.0


def test_a_row_says_whether_its_target_is_met():
    """One that could not be measured is neither met nor missed; one without a target says nothing."""
    target = Target(at_least=1.0)
    rows = [Row(name="a", figure=figure, unit="x", target=target) for figure in (1.0, 0.9, None)]
    rows.append(Row(name="a", figure=0.1, unit="x"))
    assert [row.verdict for row in rows] == ["met", "MISSED", "not measured", ""]
    assert missed(rows) == [rows[1]]


def test_rows_are_shown_with_their_targets_beside_them():
    """In the table and in JSON."""
    row = Row(name="enqueue", against="raw", ours=8000.0, theirs=10_000.0, figure=0.8, unit="x", target=Target(below=1))
    shown = as_table([row]).splitlines()[1]
    assert " ".join(shown.split()) == "enqueue raw 8,000 10,000 0.8 x < 1 x met"
    (document,) = json.loads(as_json([row]))
    assert (document["figure"], document["target"]["below"], document["verdict"]) == (0.8, 1, "met")
