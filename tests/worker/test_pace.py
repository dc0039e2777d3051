"""How many tasks a worker claims ahead."""

from __future__ import annotations

import pytest

from musterq.models import Outcome, TaskStatus
from musterq.worker.pace import Pace
from tests.worker.claims import claim


def ran(*seconds: float) -> list[Outcome]:
    """Outcomes of tasks that took so long."""
    return [
        Outcome(claim=claim(), status=TaskStatus.COMPLETED, started_at=1000.0, finished_at=1000.0 + s) for s in seconds
    ]


def test_nothing_is_claimed_ahead_before_anything_is_known() -> None:
    """One task for each thread."""
    assert Pace(8, 128).target == 8


@pytest.mark.parametrize(
    ("seconds", "ahead"),
    [(0.000005, 128), (0.001, 80), (0.004, 20), (0.0051, 0), (2.0, 0)],
)
def test_tasks_that_begin_within_ten_milliseconds_are_claimed_ahead(seconds: float, ahead: int) -> None:
    """Eight threads, tasks of this length: at most 128, none where a task takes over 5 ms."""
    pace = Pace(8, 128)
    pace.note(ran(seconds, seconds))
    assert pace.ahead == pytest.approx(ahead, abs=1)


def test_newer_tasks_count_more() -> None:
    """Long tasks after short ones end claiming ahead, and short ones after long ones bring it back."""
    pace = Pace(8, 128)
    pace.note(ran(0.0001))
    pace.note(ran(1.0))
    assert pace.ahead == 0
    for _ in range(20):
        pace.note(ran(0.0001))
    assert pace.ahead == 128


def test_a_stall_ends_claiming_ahead() -> None:
    """Tasks that waited too long for a thread say that others run long, though none of those has finished."""
    pace = Pace(8, 128)
    pace.note(ran(0.0001))
    pace.note_stall()
    assert pace.target == 8


def test_outcomes_that_did_not_run_teach_nothing() -> None:
    """A task whose payload did not fit has no times."""
    pace = Pace(8, 128)
    pace.note(ran(0.004))
    before = pace.ahead
    pace.note([Outcome(claim=claim(), status=TaskStatus.FAILED)])
    assert pace.ahead == before


def test_a_clock_that_was_set_back_does_no_harm() -> None:
    """A negative time counts as a very short one, still within the limit."""
    pace = Pace(8, 128)
    pace.note(ran(-3600.0))
    assert pace.ahead == 128


def test_the_limit_can_be_set() -> None:
    """None ahead at all, where the caller wants that."""
    pace = Pace(8, 0)
    pace.note(ran(0.0001))
    assert pace.target == 8
