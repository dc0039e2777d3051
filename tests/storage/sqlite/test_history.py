"""The history under what only SQLite allows: types that are no text, and transactions of a program's own connection."""

from __future__ import annotations

import sqlite3

from musterq.models import ClaimRequest, NewTask
from musterq.storage.base import Storage
from tests.storage.conformance.history_reading import HOUR, happened, in_all, steps
from tests.storage.making import FACTS, end, put, take
from tests.support import MovableClock


def test_types_that_are_no_text(storage: Storage, shell: sqlite3.Connection, clock: MovableClock):
    """Bytes, and text that is not UTF-8, are shown with escapes: before they are folded, and afterwards."""
    shell.execute("INSERT INTO task_queue (type, payload) VALUES (x'6d61ff', '{}'), (CAST(x'6d61fe' AS TEXT), '{}')")
    for claim in take(storage, limit=2):
        end(storage, claim)
    expected = {"enqueued": 1, "started": 1, "completed": 1}
    for hours in (1, 2):
        assert happened(storage, r"ma\xff") == happened(storage, r"ma\xfe") == expected
        assert steps(storage, "completed", "hour", hours, type=r"ma\xfe")[0] == 1
        clock.advance(HOUR)
        storage.keep_history()


def test_a_task_within_a_programs_own_transaction(storage: Storage, shell: sqlite3.Connection):
    """It is enqueued when, and only when, that commits; one that is undone by a savepoint is not."""
    shell.execute("BEGIN IMMEDIATE")
    storage.enqueue([NewTask(type="mail", payload="{}")], within=shell)
    shell.execute("SAVEPOINT mine")
    storage.enqueue([NewTask(type="video", payload="{}")], within=shell)
    shell.execute("ROLLBACK TO mine")
    assert in_all(storage) == {}
    shell.execute("COMMIT")
    assert storage.totals(by_type=True).keys() == {"mail"}
    shell.execute("BEGIN IMMEDIATE")
    storage.enqueue([NewTask(type="mail", payload="{}")], within=shell)
    shell.execute("ROLLBACK")
    assert in_all(storage) == {"enqueued": 1}


def test_a_replacement_under_recursive_triggers(storage: Storage, shell: sqlite3.Connection):
    """Which fires triggers that a replacement does not fire otherwise."""
    shell.execute("PRAGMA recursive_triggers = ON")
    task_id = put(storage)
    shell.execute("INSERT OR REPLACE INTO task_queue (id, type, payload) VALUES (?, 'mail', '{}')", (task_id,))
    shell.execute("UPDATE task_queue SET status = 'completed'")
    assert happened(storage) == {"enqueued": 2, "completed": 1}


def test_what_had_begun_untold_when_it_was_taken(storage: Storage, clock: MovableClock):
    """The worker's lock tells which that were, so each that is charged a crash was started, too."""
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    for _ in range(3):
        put(storage)
    clock.advance(2)
    first, second, _ = storage.claim(ClaimRequest(worker_id="worker-1", limit=1, ahead=2, lease_seconds=None))
    for thread, claim in enumerate((first, second)):
        lock.begin(thread, claim.claim_token)
    clock.advance(100)
    storage.rescue_expired()
    lock.release()
    assert happened(storage) == {"enqueued": 3, "started": 2, "rescued": 3, "crashed": 2}
    assert storage.totals(by_type=True)["mail"]["started"].ms == 4000
