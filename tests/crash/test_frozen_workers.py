"""A worker is stopped past its lease and goes on: its tasks are done elsewhere, and its late finishes are refused."""

from __future__ import annotations

import signal

from tests.crash.arena import Arena
from tests.worker.waiting import freeze, until

TASKS = 100


def test_a_hundred_late_finishes_are_refused(arena: Arena) -> None:
    """Each task is finished by the other worker, once; each refusal stands in the ledger."""
    ids = arena.enqueue("hold", times=TASKS)
    frozen = arena.start("frozen", concurrency=TASKS, lease_seconds=1.0, heartbeat_seconds=0.3)
    arena.wait_until_begun(ids)
    freeze(frozen, arena.path)
    until(lambda: arena.queue.storage.rescue_expired().queued)
    until(lambda: arena.state("frozen") == "suspended")
    for claim in arena.queue.claim("other", limit=TASKS):
        assert arena.queue.complete(claim)
    assert arena.finished()
    (arena.folder / "go").touch()
    frozen.send_signal(signal.SIGCONT)
    until(lambda: arena.monitoring.get_ledger_totals().get("refused", {}).get("not held") == TASKS)
    assert {arena.queue.get(task_id).locked_by for task_id in ids} == {"other"}  # type: ignore[union-attr]
    arena.check()
