"""Time passes when the test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from musterq import TaskQueue
from musterq.testing import FrozenClock


def test_it_stands_still_until_it_is_moved():
    """By the wall and by the boot clock alike."""
    clock = FrozenClock()
    before = clock.now(), clock.boot_ms()
    assert (clock.now(), clock.boot_ms()) == before
    clock.advance(1.5)
    assert clock.now() - before[0] == timedelta(seconds=1.5)
    assert clock.boot_ms() - before[1] == 1500


def test_it_can_be_set_to_any_moment():
    """At the beginning, or later."""
    christmas = datetime(2030, 12, 24, 18, tzinfo=UTC)
    clock = FrozenClock(christmas)
    assert clock.now() == christmas
    assert repr(clock) == "<FrozenClock at 2030-12-24 18:00:00.000>"
    clock.set(datetime(2029, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2029


def test_a_lease_is_over_when_its_time_has_passed(queue: TaskQueue, frozen: FrozenClock):
    """Leases are judged by it, too."""
    id = queue.enqueue("mail", {"to": "ann"}).id
    queue.claim("w", lease_seconds=60)
    assert queue.claim("other") == []
    frozen.advance(61)
    assert [claim.task_id for claim in queue.claim("other")] == [id]


@pytest.mark.parametrize(
    ("seconds", "error"), [(-1, ValueError), ("1", TypeError), (float("nan"), ValueError), (1e12, ValueError)]
)
def test_it_does_not_go_back_by_accident(seconds: Any, error: type[Exception]):
    """Or by what is no time."""
    with pytest.raises(error, match="give"):
        FrozenClock().advance(seconds)


@pytest.mark.parametrize(("at", "error"), [(datetime(2030, 1, 1), ValueError), ("2030-01-01", TypeError)])  # noqa: DTZ001
def test_a_moment_has_a_time_zone(at: Any, error: type[Exception]):
    """Nobody can know which is meant."""
    with pytest.raises(error, match="aware datetime"):
        FrozenClock(at)
