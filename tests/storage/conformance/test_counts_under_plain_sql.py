"""Whatever plain SQL does to the rows, every count stays right: the storage fixture compares all of them after a test.

Here each kind of change is made at least once, on every status, and what can be seen of it is asked for.
"""

from __future__ import annotations

import pytest

from musterq.models import SchedulingStrategy, TaskStatus
from musterq.storage.base import Storage
from tests.storage.engines import Engine, PlainSQL
from tests.storage.making import check_counts, end, put, say, take, take_one, taken
from tests.support import MovableClock

STATUSES = [status.value for status in TaskStatus]
COLUMNS = "type, payload, priority, status, attempts, processing_started_utc, finished_at_utc"


@pytest.fixture
def rows(storage: Storage, sql: PlainSQL, clock: MovableClock) -> list[int]:
    """Ids of tasks of every status, in several lanes and priorities; the finished ones have run."""
    sql.execute("BEGIN")
    for n in range(36):
        ran = (clock.text(-n - 60), clock.text(-n)) if n % 4 else (None, None)
        values = (f"type-{n % 2}", "{}", 1 + n * 27, STATUSES[n % 6], n % 4, *ran)
        sql.execute(f"INSERT INTO task_queue ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    sql.execute("COMMIT")
    return [task_id for (task_id,) in sql.execute("SELECT id FROM task_queue ORDER BY id")]


def test_rows_of_every_status(storage: Storage, rows: list[int]):
    assert storage.metrics().depth_by_status == dict.fromkeys(STATUSES, 6)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_a_status_moved_by_update(storage: Storage, sql: PlainSQL, rows: list[int], before: str, status: str):
    """From each to each, allowed or not: plain SQL is not asked why."""
    sql.execute("UPDATE task_queue SET status = ? WHERE status = ?", (status, before))
    depth = dict.fromkeys(STATUSES, 6)
    depth[before] -= 6
    depth[status] += 6
    assert storage.metrics().depth_by_status == {status: n for status, n in depth.items() if n}


@pytest.mark.parametrize(
    "change",
    [
        "priority = priority + 1",
        "priority = 1",
        "priority = -5",
        "priority = 100000",
        "type = 'another'",
        "type = 'type-1'",
        "compatibility = '{\"gpu\": true}'",
        "type = 'another', compatibility = '{\"gpu\": true}', priority = 7",
        "held = 1",
        "held = 1 - held",
        "attempts = attempts + 3",
        "status = 'queued', priority = 3, type = 'another', held = 1",
        "status = 'completed', type = 'another', attempts = 9",
        "status = 'failed', finished_at_utc = processing_started_utc",
        "processing_started_utc = NULL",
        "finished_at_utc = NULL",
        "processing_started_utc = finished_at_utc",
        "finished_at_utc = '2026-01-02T03:04:05Z', processing_started_utc = '2026-01-02 03:04:03'",
        "finished_at_utc = '2020-01-01 00:00:00'",
        "payload = payload",
        "status = status",
        "locked_by = 'x', claim_token = 7",
    ],
)
def test_a_column_changed_by_update(storage: Storage, sql: PlainSQL, engine: Engine, rows: list[int], change: str):
    """On all rows at once, then on one of each status, then back by deleting half."""
    sql.execute(f"UPDATE task_queue SET {change}")
    check_counts(storage)
    engine.verify_counts(storage)
    for task_id in rows[:6]:
        sql.execute(f"UPDATE task_queue SET {change} WHERE id = ?", (task_id,))
    check_counts(storage)
    engine.verify_counts(storage)
    sql.execute("DELETE FROM task_queue WHERE id % 2 = 0")


def test_a_changed_type_is_another_lane(storage: Storage, sql: PlainSQL):
    task_id = put(storage, "mail")
    sql.execute("UPDATE task_queue SET type = 'video' WHERE id = ?", (task_id,))
    assert take(storage, types=frozenset(["mail"])) == []
    assert take_one(storage, types=frozenset(["video"])).type == "video"


def test_a_changed_compatibility_is_another_lane(storage: Storage, sql: PlainSQL):
    task_id = put(storage)
    sql.execute("UPDATE task_queue SET compatibility = ? WHERE id = ?", ('{"gpu": true}', task_id))
    assert take(storage) == []
    assert taken(take(storage, capabilities={"gpu": True})) == [task_id]


def test_times_changed_by_update_change_the_run_times(storage: Storage, sql: PlainSQL, clock: MovableClock):
    put(storage)
    claim = take_one(storage)
    clock.advance(2)
    end(storage, claim)
    sql.execute("UPDATE task_queue SET finished_at_utc = ?", (clock.text(8),))
    assert storage.metrics().statistics["completed"].avg_run_seconds == 10
    sql.execute("UPDATE task_queue SET finished_at_utc = NULL")
    assert storage.metrics().statistics["completed"].avg_run_seconds is None


def test_rows_ended_by_plain_sql_have_run_times(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """As a worker in another language ends what it claimed by plain SQL."""
    put(storage)
    take_one(storage)
    sql.execute(
        "UPDATE task_queue SET status = 'completed', processing_started_utc = ?, finished_at_utc = ?",
        (clock.text(), clock.text(4)),
    )
    assert storage.metrics().statistics["completed"].avg_run_seconds == 4


def test_deleted_rows_are_counted_out(storage: Storage, sql: PlainSQL, rows: list[int]):
    for task_id in rows[:6]:
        sql.execute("DELETE FROM task_queue WHERE id = ?", (task_id,))
    assert storage.metrics().depth_by_status == dict.fromkeys(STATUSES, 5)
    sql.execute("DELETE FROM task_queue")
    assert storage.metrics().depth_by_status == {}


def test_a_rollback_counts_nothing(storage: Storage, sql: PlainSQL, rows: list[int]):
    before = storage.task_counts()
    sql.execute("BEGIN")
    sql.execute("INSERT INTO task_queue (type, payload) VALUES ('new', '{}')")
    sql.execute("UPDATE task_queue SET status = 'queued', priority = 5")
    sql.execute("DELETE FROM task_queue WHERE id % 3 = 0")
    sql.execute("ROLLBACK")
    assert storage.task_counts() == before


def test_a_statement_that_fails_counts_nothing(storage: Storage, sql: PlainSQL):
    """The third of three rows has a key that is taken."""
    put(storage, idempotency_key="k")
    with pytest.raises(Exception, match=r"(?i)unique"):
        sql.execute(
            "INSERT INTO task_queue (type, payload, idempotency_key) "
            "VALUES ('a', '1', 'x'), ('b', '2', 'y'), ('c', '3', 'k')"
        )
    assert storage.types() == ["mail"]


def test_rows_copied_by_select(storage: Storage, sql: PlainSQL, rows: list[int]):
    sql.execute(f"INSERT INTO task_queue ({COLUMNS}) SELECT {COLUMNS} FROM task_queue")
    assert storage.metrics().depth_by_status == dict.fromkeys(STATUSES, 12)


UPSERT = """
INSERT INTO task_queue (type, payload, idempotency_key) VALUES ('upserted', '2', 'k')
ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL
"""


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "action",
    [
        "DO NOTHING",
        "DO UPDATE SET payload = excluded.payload",
        "DO UPDATE SET idempotency_key = excluded.idempotency_key, payload = excluded.payload",
        "DO UPDATE SET type = excluded.type, priority = 1, status = 'queued'",
        "DO UPDATE SET idempotency_key = NULL",
        "DO UPDATE SET idempotency_key = 'another', status = 'completed'",
        "DO UPDATE SET id = task_queue.id + 1000",
    ],
)
def test_an_upsert_by_key(storage: Storage, sql: PlainSQL, action: str, status: str):
    """The row that was there stays one task, and keeps its logs; what follows is counted as well."""
    task_id = put(storage, idempotency_key="k", priority=9)
    say(storage, take_one(storage), "line")
    sql.execute("UPDATE task_queue SET status = ? WHERE id = ?", (status, task_id))
    sql.execute(f"{UPSERT} {action}")
    assert sum(storage.task_counts().values()) == 1
    if ".id" not in action:
        assert storage.execute("SELECT count(*) FROM task_logs").fetchone()[0] == 1
    sql.execute("UPDATE task_queue SET idempotency_key = 'later'")
    sql.execute("INSERT INTO task_queue (type, payload) VALUES ('next', '{}')")
    assert sum(storage.task_counts().values()) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE task_queue SET idempotency_key = 'k2'",
        "UPDATE task_queue SET id = id + 100",
        "UPDATE task_queue SET id = id + 100, idempotency_key = 'k2'",
        "UPDATE task_queue SET status = 'completed', idempotency_key = 'k2'",
        "DELETE FROM task_queue",
    ],
)
def test_a_dropped_duplicate_leaves_nothing_behind(storage: Storage, sql: PlainSQL, change: str):
    """Whatever is done afterwards to the task that was in its way: it is counted once, and keeps its log."""
    put(storage, idempotency_key="k")
    say(storage, take_one(storage), "line")
    sql.execute(f"{UPSERT} DO NOTHING")
    sql.execute(change)
    there = 0 if change.startswith("DELETE") else 1
    assert sum(storage.task_counts().values()) == there
    if " id" not in change:
        assert storage.execute("SELECT count(*) FROM task_logs").fetchone()[0] == there


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_what_plain_sql_changed_is_claimed_to_the_last(
    storage: Storage, sql: PlainSQL, rows: list[int], strategy: SchedulingStrategy
):
    """No strategy is led astray by a count: every waiting task is found, and no other."""
    sql.execute("UPDATE task_queue SET status = 'queued', priority = (id * 37) % 1500 - 100 WHERE id % 5 <> 0")
    sql.execute("DELETE FROM task_queue WHERE id % 7 = 0")
    waiting = [task_id for (task_id,) in sql.execute("SELECT id FROM task_queue WHERE status = 'queued' ORDER BY id")]
    claimed: list[int] = []
    while claims := take(storage, strategy=strategy, limit=7):
        claimed += taken(claims)
    assert sorted(claimed) == waiting


def test_a_task_that_ran_before_and_is_lost_has_no_run_time(storage: Storage, sql: PlainSQL):
    """Plain SQL queued it again as it was; how long it ran then says nothing of the run that nobody ended."""
    task_id = put(storage, max_crashes=1)
    claim = take_one(storage)
    end(storage, claim, TaskStatus.COMPLETED, started_at=claim.claimed_at, finished_at=claim.claimed_at + 5)
    sql.execute("UPDATE task_queue SET status = 'queued' WHERE id = ?", (task_id,))
    take_one(storage, lease_seconds=None)
    storage.remove_worker("worker-1")
    assert storage.metrics().statistics["failed"].avg_run_seconds is None
