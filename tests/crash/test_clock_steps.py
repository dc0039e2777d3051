"""The wall clock is set an hour forward or back while workers are at work."""

from __future__ import annotations

import pytest

from tests.crash.arena import Arena
from tests.worker.waiting import until


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_clock_makes_nobody_stale_and_runs_nothing_twice(arena: Arena, step: float) -> None:
    """Leases and beats of one machine are judged by the boot clock."""
    arena.start("w1", lease_seconds=2.0, heartbeat_seconds=0.5)
    (held,) = arena.enqueue("hold")
    arena.wait_until_begun([held])
    (arena.folder / "clock").write_text(str(step), encoding="ascii")
    arena.start("w2", lease_seconds=2.0, heartbeat_seconds=0.5)
    beat = arena.queue.storage.worker("w1")
    until(lambda: arena.queue.storage.worker("w1") != beat)
    arena.enqueue("quick", times=20)
    assert {arena.state("w1"), arena.state("w2")} <= {"idle", "busy"}
    assert arena.monitoring.get_ledger() == []
    (arena.folder / "go").touch()
    arena.drain()
    assert arena.queue.get(held).attempts == 1  # type: ignore[union-attr]
    arena.check()
