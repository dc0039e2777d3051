"""`OR REPLACE`, `OR IGNORE` and their kin: rows go without a trigger, or a trigger hears of rows that never come.

Everything runs on connections with recursive triggers and foreign keys on and off: they decide which triggers fire.
Counts are compared after each statement, and what belonged to a replaced task (logs, attempts) must be gone with it.
"""

from __future__ import annotations

import itertools
import sqlite3

import pytest

from musterq.models import TaskStatus
from musterq.storage.base import Storage
from tests.storage.engines import SQLITE
from tests.storage.making import FACTS, check_counts, end, put, say, status, take, take_one, taken
from tests.support import MovableClock

STATUSES = [status.value for status in TaskStatus]
PRAGMAS = list(itertools.product(["ON", "OFF"], repeat=2))


@pytest.fixture(params=PRAGMAS, ids=lambda pair: f"recursive-{pair[0]}-keys-{pair[1]}")
def sql(request: pytest.FixtureRequest, shell: sqlite3.Connection) -> sqlite3.Connection:
    """A connection with each of the four settings."""
    recursive, keys = request.param
    shell.execute(f"PRAGMA recursive_triggers = {recursive}")
    shell.execute(f"PRAGMA foreign_keys = {keys}")
    return shell


def a_task_with_a_past(storage: Storage, how: str = "queued", **options: object) -> int:
    """A task that has a log line and a failed attempt, in some status."""
    task_id = put(storage, **options)
    (claim,) = (claim for claim in take(storage, limit=100) if claim.task_id == task_id)
    say(storage, claim, "line")
    end(storage, claim, TaskStatus.SCHEDULED, error="bad")
    storage.execute("UPDATE task_queue SET status = ? WHERE id = ?", (how, task_id))
    return task_id


def check(storage: Storage, *, tasks: int, lines: int) -> None:
    check_counts(storage)
    SQLITE.verify_counts(storage)
    assert sum(storage.task_counts().values()) == tasks
    for table in ("task_logs", "task_attempts"):
        assert storage.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == lines


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_replace_by_id(storage: Storage, sql: sqlite3.Connection, before: str, after: str):
    task_id = a_task_with_a_past(storage, before)
    sql.execute(
        "INSERT OR REPLACE INTO task_queue (id, type, payload, priority, status) VALUES (?, 'new', '2', 9, ?)",
        (task_id, after),
    )
    check(storage, tasks=1, lines=0)
    assert status(storage, task_id) == after


@pytest.mark.parametrize("before", STATUSES)
def test_replace_by_idempotency_key(storage: Storage, sql: sqlite3.Connection, before: str):
    """The new task has another id, and the key."""
    old = a_task_with_a_past(storage, before, idempotency_key="k")
    sql.execute("INSERT OR REPLACE INTO task_queue (type, payload, idempotency_key) VALUES ('new', '2', 'k')")
    check(storage, tasks=1, lines=0)
    assert storage.get(old) is None
    assert take_one(storage).type == "new"


def test_replace_by_id_and_by_key_at_once(storage: Storage, sql: sqlite3.Connection):
    """One row in, two rows out."""
    first = a_task_with_a_past(storage, "completed")
    a_task_with_a_past(storage, "failed", idempotency_key="k")
    other = a_task_with_a_past(storage)
    sql.execute("REPLACE INTO task_queue (id, type, payload, idempotency_key) VALUES (?, 'new', '2', 'k')", (first,))
    check(storage, tasks=2, lines=1)
    assert sorted(taken(take(storage, limit=5))) == sorted([first, other])


def test_replace_without_a_conflict_is_an_insert(storage: Storage, sql: sqlite3.Connection):
    a_task_with_a_past(storage)
    sql.execute("INSERT OR REPLACE INTO task_queue (type, payload, idempotency_key) VALUES ('new', '2', 'k')")
    check(storage, tasks=2, lines=1)


def test_replace_many_at_once(storage: Storage, sql: sqlite3.Connection):
    """Rows of one statement that replace others, and each other."""
    ids = [a_task_with_a_past(storage, STATUSES[n % 6], idempotency_key=f"k{n}") for n in range(6)]
    rows = [(ids[n % 6], f"type-{n}", f"k{n % 4}", STATUSES[n % 6]) for n in range(20)]
    sql.executemany(
        "INSERT OR REPLACE INTO task_queue (id, type, payload, idempotency_key, status) VALUES (?, ?, '2', ?, ?)", rows
    )
    left = sql.execute("SELECT count(*) FROM task_queue").fetchone()[0]
    check(storage, tasks=left, lines=0)
    sql.execute("REPLACE INTO task_queue (id, type, payload) SELECT id, 'again', '3' FROM task_queue")
    check(storage, tasks=left, lines=0)


def test_a_claim_does_not_survive_a_replacement(storage: Storage, sql: sqlite3.Connection):
    """Even if the new row says that it is processing by the same worker."""
    put(storage)
    claim = take_one(storage)
    sql.execute(
        "INSERT OR REPLACE INTO task_queue (id, type, payload, status, locked_by) "
        "VALUES (?, 'mail', '{}', 'processing', ?)",
        (claim.task_id, claim.worker_id),
    )
    assert not end(storage, claim)
    assert status(storage, claim.task_id) == "processing"


@pytest.mark.parametrize("clause", ["OR IGNORE", "OR FAIL", "OR ABORT", "OR ROLLBACK"])
@pytest.mark.parametrize("columns", ["(id, type, payload) VALUES (1", "(idempotency_key, type, payload) VALUES ('k'"])
def test_a_row_that_is_dropped_counts_nothing(storage: Storage, sql: sqlite3.Connection, clause: str, columns: str):
    """Though its BEFORE triggers ran; what is done next to the task in its way is counted right as well."""
    task_id = a_task_with_a_past(storage, idempotency_key="k")
    assert task_id == 1
    insert = f"INSERT {clause} INTO task_queue {columns}, 'new', '2')"
    if clause == "OR IGNORE":
        sql.execute(insert)
    else:
        with pytest.raises(sqlite3.IntegrityError):
            sql.execute(insert)
    check(storage, tasks=1, lines=1)
    for change in ("status = 'completed'", "idempotency_key = 'other'", "type = 'changed'"):
        sql.execute(f"UPDATE task_queue SET {change}")
        check(storage, tasks=1, lines=1)
    put(storage, "another")
    check(storage, tasks=2, lines=1)
    sql.execute("DELETE FROM task_queue WHERE id = 1")
    check(storage, tasks=1, lines=0)


def test_a_dropped_row_among_others(storage: Storage, sql: sqlite3.Connection):
    a_task_with_a_past(storage, idempotency_key="k1")
    rows = [(f"k{n}",) for n in (0, 1, 2, 1, 3, 0)]
    sql.executemany("INSERT OR IGNORE INTO task_queue (type, payload, idempotency_key) VALUES ('a', '1', ?)", rows)
    check(storage, tasks=4, lines=1)


def test_update_or_replace_by_key(storage: Storage, sql: sqlite3.Connection):
    """The row that is changed takes the key; the one that had it is gone."""
    keeps = a_task_with_a_past(storage, "completed", idempotency_key="a")
    goes = a_task_with_a_past(storage, "failed", idempotency_key="b")
    sql.execute("UPDATE OR REPLACE task_queue SET idempotency_key = 'b' WHERE id = ?", (keeps,))
    check(storage, tasks=1, lines=1)
    assert storage.get(goes) is None


def test_update_or_replace_by_id(storage: Storage, sql: sqlite3.Connection):
    second = a_task_with_a_past(storage, "completed")
    first = put(storage, "first")
    sql.execute("UPDATE OR REPLACE task_queue SET id = ? WHERE id = ?", (second, first))
    check(storage, tasks=1, lines=0)
    assert take_one(storage).task_id == second


def test_update_or_replace_of_many(storage: Storage, sql: sqlite3.Connection):
    """All take one key: the last one is left."""
    for n in range(6):
        put(storage, f"type-{n}", idempotency_key=f"k{n}")
    sql.execute("UPDATE OR REPLACE task_queue SET idempotency_key = 'one', status = 'completed'")
    check(storage, tasks=1, lines=0)


def test_update_or_ignore_leaves_the_row(storage: Storage, sql: sqlite3.Connection):
    first = a_task_with_a_past(storage, idempotency_key="a")
    second = a_task_with_a_past(storage, idempotency_key="b")
    sql.execute("UPDATE OR IGNORE task_queue SET idempotency_key = 'b', type = 'new' WHERE id = ?", (first,))
    check(storage, tasks=2, lines=2)
    sql.execute("UPDATE task_queue SET idempotency_key = NULL WHERE id = ?", (second,))
    sql.execute("UPDATE task_queue SET idempotency_key = 'c' WHERE id = ?", (first,))
    check(storage, tasks=2, lines=2)


@pytest.mark.parametrize(
    "action",
    [
        "DO NOTHING",
        "DO UPDATE SET payload = excluded.payload, status = 'queued'",
        "DO UPDATE SET id = excluded.id, idempotency_key = excluded.idempotency_key",
        "DO UPDATE SET type = excluded.type, priority = 3, status = 'failed'",
    ],
)
@pytest.mark.parametrize("target", ["(id)", "(idempotency_key) WHERE idempotency_key IS NOT NULL"])
def test_upsert(storage: Storage, sql: sqlite3.Connection, target: str, action: str):
    """An id that is changed has nothing yet that refers to it, which SQLite would refuse where it looks."""
    changes_id = "excluded.id" in action and target != "(id)"
    task_id = (put if changes_id else a_task_with_a_past)(storage, idempotency_key="k")
    values = (task_id, "other-key") if target == "(id)" else (None, "k")
    if changes_id:
        values = (task_id + 5, "k")
    sql.execute(
        "INSERT INTO task_queue (id, idempotency_key, type, payload) VALUES (?, ?, 'new', '2') "
        f"ON CONFLICT {target} {action}",
        values,
    )
    check_counts(storage)
    SQLITE.verify_counts(storage)
    assert sum(storage.task_counts().values()) == 1
    sql.execute("UPDATE task_queue SET idempotency_key = 'later'")
    put(storage)
    assert sum(storage.task_counts().values()) == 2


def test_delete_takes_logs_and_attempts_along(storage: Storage, sql: sqlite3.Connection):
    a_task_with_a_past(storage)
    task_id = a_task_with_a_past(storage)
    sql.execute("DELETE FROM task_queue WHERE id = ?", (task_id,))
    check(storage, tasks=1, lines=1)
    sql.execute("DELETE FROM task_queue")
    check(storage, tasks=0, lines=0)


def test_changing_columns_on_any_connection(storage: Storage, sql: sqlite3.Connection):
    """The triggers of each kind of change do not stir each other up."""
    for n, how in enumerate(STATUSES):
        a_task_with_a_past(storage, how, priority=n + 1)
    for change in (
        "status = 'leased'",
        "run_after_utc = '2999-01-01T00:00:00Z', status = 'queued'",
        "status = 'dead_letter', finished_at_utc = '2026-01-02T03:04:05Z'",
        "status = 'queued', type = 'x', compatibility = '[]', held = 1",
        "held = 0, priority = 2000",
        "lease_until_utc = '2026-01-02', created_at_utc = '2026-01-02T01:00'",
    ):
        sql.execute(f"UPDATE task_queue SET {change}")
        check(storage, tasks=6, lines=6)


# -- workers -----------------------------------------------------------------------------------------
def test_replacing_a_worker_keeps_what_its_process_told(storage: Storage, sql: sqlite3.Connection):
    """Host, pid, and that it has a lock: whoever holds that is dead when it is free."""
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    sql.execute("INSERT OR REPLACE INTO workers (worker_id, capabilities) VALUES ('worker-1', '{\"cpu\": 8}')")
    (activity,) = storage.worker_activity()
    assert (activity.host, activity.pid, activity.capabilities) == ("host-1", 4711, '{"cpu": 8}')
    lock.release(forgotten=False)
    assert storage.worker_activity()[0].status == "lost"


def test_replacing_a_worker_keeps_its_tasks(storage: Storage, sql: sqlite3.Connection, clock: MovableClock):
    """They stay under its beat: neither orphaned nor under a lease of their own."""
    put(storage)
    storage.register("worker-1", "{}")
    claim = take_one(storage, lease_seconds=None)
    sql.execute("INSERT OR REPLACE INTO workers (worker_id, capabilities) VALUES ('worker-1', '{}')")
    clock.advance(50)
    storage.heartbeat("worker-1")
    clock.advance(50)
    assert storage.rescue_expired().queued == ()
    assert end(storage, claim)


def test_deleting_a_worker_forgets_what_its_process_told(storage: Storage, sql: sqlite3.Connection):
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    lock.release()
    sql.execute("INSERT OR IGNORE INTO workers (worker_id, capabilities) VALUES ('worker-1', '{}')")
    sql.execute("DELETE FROM workers")
    sql.execute("INSERT INTO workers (worker_id, capabilities) VALUES ('worker-1', '{}')")
    (activity,) = storage.worker_activity()
    assert (activity.status, activity.host) == ("idle", None)
