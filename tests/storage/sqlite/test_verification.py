"""A full count finds whatever is wrong of what is kept, names it and makes it right; else it has nothing to say."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from musterq.errors import QueueSchemaError
from musterq.models import NewTask, TaskStatus
from musterq.records import NewPart, Retention
from musterq.storage.base import Storage
from musterq.storage.sqlite.engine import SQLiteStorage
from musterq.storage.sqlite.upkeep import verifying
from tests.storage.making import end, put, release, take, take_one
from tests.support import MovableClock

DAY = 86400


@pytest.fixture
def storage(storage: Storage, clock: MovableClock) -> Storage:
    """A queue in which everything that is counted has happened, some of it days ago."""
    for n in range(12):
        put(storage, "mail" if n % 3 else "video", priority=1 + n * 40)
    for place, claim in enumerate(take(storage, limit=6)):
        clock.advance(7)
        end(storage, claim, [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SCHEDULED][place % 3])
    storage.keep_history()
    clock.advance(DAY)
    late = take_one(storage)
    storage.remove_worker("worker-1")
    end(storage, late)
    storage.set_retention("completed", Retention(max_age_seconds=DAY / 2))
    while storage.prune().more:
        pass
    storage.keep_history()
    clock.advance(3700)
    for _ in range(3):
        put(storage, "keyed", concurrency_key="k", concurrency_limit=2)
    chain = [
        NewPart(task=NewTask(type="part", payload="{}"), next=1),
        NewPart(task=NewTask(type="part", payload="{}"), waits=True),
    ]
    storage.enqueue_parts(chain)
    storage.keep_history()
    clock.advance(90)
    release(storage, take_one(storage))
    return storage


def state(shell: sqlite3.Connection) -> dict[str, list[Any]]:
    """All that is kept beside the tasks."""
    return {
        "counters": shell.execute("SELECT * FROM counters WHERE n <> 0 ORDER BY kind, key1, key2").fetchall(),
        "history": shell.execute(
            "SELECT span, by_type, what, at, type, n, ms FROM history ORDER BY 1, 2, 3, 4, 5"
        ).fetchall(),
        "tasks": shell.execute(
            "SELECT id, status, lane_id, run_ms, held, awaits FROM task_queue ORDER BY id"
        ).fetchall(),
        "objects": shell.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall(),
    }


def found_in(storage: Storage) -> set[str]:
    return {one.what for one in storage.verify()}


#: Statements that spoil one kind of thing each, and the kind that must be named.
SPOILS = {
    "tasks of a type and status, changed": ("UPDATE counters SET n = n + 3 WHERE kind = 3", "tasks"),
    "tasks of a type and status, lost": ("DELETE FROM counters WHERE kind = 3", "tasks"),
    "tasks of a type and status, added": ("INSERT INTO counters VALUES (3, 'nobody', 'queued', 7, 0, 0, 0)", "tasks"),
    "negative numbers": ("UPDATE counters SET n = -n WHERE kind = 3", "tasks"),
    "sums of attempts": ("UPDATE counters SET sum1 = sum1 + 1 WHERE kind = 3 AND key2 = 'failed'", "tasks"),
    "how many have run times": ("UPDATE counters SET sum2 = sum2 + 1 WHERE kind = 3 AND key2 = 'failed'", "tasks"),
    "sums of run times": ("UPDATE counters SET sum3 = 0 WHERE kind = 3", "tasks"),
    "a type that is not text": ("INSERT INTO counters VALUES (3, x'ff00', 'queued', 1, 0, 0, 0)", "tasks"),
    "waiting tasks of lanes": ("UPDATE counters SET n = n + 1 WHERE kind = 0", "waiting"),
    "waiting tasks of groups of priorities": ("DELETE FROM counters WHERE kind = 1", "waiting"),
    "waiting tasks of priorities": ("UPDATE counters SET n = n - 1 WHERE kind = 2", "waiting"),
    "weights": ("UPDATE counters SET sum1 = sum1 + 5 WHERE kind = 2", "waiting"),
    "a lane that is not there": ("INSERT INTO counters VALUES (0, 4711, 0, 1, 1, 0, 0)", "waiting"),
    "run times by buckets, changed": ("UPDATE counters SET n = n + 1 WHERE kind = 4", "run_times"),
    "run times by buckets, lost": ("DELETE FROM counters WHERE kind = 4", "run_times"),
    "the bounds of the buckets": ("DELETE FROM run_buckets WHERE upper_ms BETWEEN 5000 AND 9000", "buckets"),
    "a bound that no bucket has": ("INSERT INTO run_buckets VALUES (7000)", "buckets"),
    "the history of minutes": (
        "DELETE FROM history WHERE span = 'minute' AND by_type = 0 AND what NOT IN ('active_workers', 'utilisation')",
        "history",
    ),
    "the history of hours": ("UPDATE history SET n = n + 1 WHERE span = 'hour' AND what = 'completed'", "history"),
    "the history of hours, lost": ("DELETE FROM history WHERE span = 'hour'", "history"),
    "the history of days": ("UPDATE history SET ms = ms + 1 WHERE span = 'day'", "history"),
    "the history of days, lost": ("DELETE FROM history WHERE span = 'day'", "history"),
    "what ever was": ("UPDATE history SET n = n - 1 WHERE span = 'ever'", "history"),
    "what ever was, lost": ("DELETE FROM history WHERE span = 'ever' AND by_type = 1", "history"),
    "what ever was, added": (
        "INSERT INTO history VALUES ('ever', 1, 'completed', '', 'nobody', 5, 0, '{}')",
        "history",
    ),
    "buckets of the history": (
        "UPDATE history SET buckets = '{\"1\": 1}' WHERE span = 'day' AND buckets <> '{}'",
        "history",
    ),
    "buckets that are no JSON": ("UPDATE history SET buckets = '{' WHERE span = 'hour'", "history"),
    "numbers below one": ("UPDATE history SET n = -4 WHERE span = 'day' AND what = 'started'", "history"),
    "gauges": ("UPDATE history SET ms = ms + 1 WHERE span = 'hour' AND what = 'depth' AND by_type = 0", "history"),
    "a tally of nothing": ("INSERT INTO tallies VALUES (NULL, '2026-01-01 00:00', 'x', 'failed', -1, 0, 0)", "tally"),
    "a tally below nothing": (
        "INSERT INTO tallies VALUES (NULL, '2026-01-01 00:00', 'x', 'failed', -1, 1, -9)",
        "tally",
    ),
    "a tally in no bucket": ("INSERT INTO tallies VALUES (NULL, '2026-01-01 00:00', 'x', 'failed', 7, 1, 7)", "tally"),
    "a tally at no time": ("INSERT INTO tallies VALUES (NULL, 'today', x'ff', 'failed', -1, 1, 0)", "tally"),
    "an index that is missing": ("DROP INDEX task_waiting_by_id", "schema"),
    "a trigger that is missing": ("DROP TRIGGER task_moved", "schema"),
    "a view that is missing": ("DROP VIEW task_count_changes", "schema"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_was_spoiled_is_found_and_mended(storage: Storage, shell: sqlite3.Connection, spoil: str):
    """And everything is as it was before."""
    before = state(shell)
    statement, what = SPOILS[spoil]
    assert shell.execute(statement).rowcount != 0
    assert what in found_in(storage)
    assert what in {one.what for one in storage.repair()}
    assert storage.verify() == []
    assert state(shell) == before


#: The same of rows of tasks, which triggers keep right: they are dropped first.
SPOILED_ROWS = {
    "lanes": ("UPDATE task_queue SET lane_id = lane_id + 1", "lane"),
    "no lanes": ("UPDATE task_queue SET lane_id = NULL", "lane"),
    "run times": ("UPDATE task_queue SET run_ms = 5 WHERE status = 'failed'", "run_time"),
    "no run times": ("UPDATE task_queue SET run_ms = NULL WHERE status = 'failed'", "run_time"),
    "tasks that are held": ("UPDATE task_queue SET held = 1 WHERE type = 'keyed'", "key"),
    "tasks that are held and do not wait": ("UPDATE task_queue SET held = 1 WHERE status = 'failed'", "held"),
    "how many parts are awaited": ("UPDATE task_queue SET awaits = 2 WHERE awaits > 0", "awaited"),
    "no parts are awaited": ("UPDATE task_queue SET awaits = 0 WHERE awaits > 0", "awaited"),
    "parts before their time": ("UPDATE task_queue SET status = 'queued' WHERE awaits > 0", "part"),
}


def drop_triggers(shell: sqlite3.Connection) -> None:
    for (name,) in shell.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        shell.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize("spoil", SPOILED_ROWS)
def test_rows_that_no_trigger_kept_right_are_mended(storage: Storage, shell: sqlite3.Connection, spoil: str):
    """As are the triggers, and the counters of these rows."""
    shell.execute("UPDATE task_queue SET concurrency_key = 'other' WHERE status = 'failed'")
    before = state(shell)
    statement, what = SPOILED_ROWS[spoil]
    drop_triggers(shell)
    assert shell.execute(statement).rowcount != 0
    assert {what, "schema"} <= found_in(storage)
    assert {what, "schema"} <= {one.what for one in storage.repair()}
    assert storage.verify() == []
    assert state(shell) == before


def test_what_happened_without_triggers_is_counted(storage: Storage, shell: sqlite3.Connection):
    """Rows of every kind: put in, moved, changed, deleted."""
    drop_triggers(shell)
    shell.execute("INSERT INTO task_queue (type, payload) VALUES ('new', '{}'), ('old', '{}'), ('gone', '{}')")
    shell.execute("INSERT INTO task_queue (type, payload, run_after_utc) VALUES ('later', '{}', '2999-01-01T00:00Z')")
    shell.execute("UPDATE task_queue SET status = 'dead_letter', finished_at_utc = '2026-01-01' WHERE type = 'old'")
    shell.execute("DELETE FROM task_queue WHERE type = 'gone'")
    storage.repair()
    assert storage.verify() == []
    counts = storage.task_counts()
    assert (
        counts["new", TaskStatus.QUEUED]
        == counts["old", TaskStatus.FAILED]
        == counts["later", TaskStatus.SCHEDULED]
        == 1
    )
    assert not any(type == "gone" for type, _ in counts)
    assert take_one(storage, types=frozenset(["new"])).type == "new"


def test_what_waited_for_a_part_that_is_done_runs(storage: Storage, shell: sqlite3.Connection):
    """Its last part was completed while no trigger told it."""
    drop_triggers(shell)
    shell.execute("UPDATE task_queue SET status = 'completed' WHERE next_id IS NOT NULL")
    storage.repair()
    (follower,) = shell.execute("SELECT id FROM task_queue WHERE awaits IS NOT NULL").fetchone()
    assert take_one(storage, types=frozenset(["part"])).task_id == follower


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE counters SET n = -1 WHERE kind = 5", "pruned"),
        ("UPDATE counters SET sum2 = n + 1 WHERE kind = 5", "pruned"),
        ("UPDATE counters SET sum1 = -1 WHERE kind = 5", "pruned"),
        ("UPDATE counters SET sum3 = -1 WHERE kind = 5", "pruned"),
        ("INSERT INTO counters VALUES (5, 'mail', 'queued', 1, 0, 0, 0)", "pruned"),
        ("INSERT INTO counters VALUES (5, 'mail', 'cancelled', 1, 1, 0, 0)", "pruned"),
        ("DELETE FROM counters WHERE kind = 6", "ledger"),
        ("UPDATE counters SET n = 0 WHERE kind = 6", "ledger"),
    ],
)
def test_what_rows_cannot_tell_is_brought_to_what_can_be(
    storage: Storage, shell: sqlite3.Connection, statement: str, what: str
):
    """Of what was pruned, and of entries of the ledger, the rows tell a bound."""
    shell.execute(statement)
    assert found_in(storage) == {what}
    storage.repair()
    assert storage.verify() == []
    assert min(total.count for total in storage.lifetime_totals().values()) > 0


def test_a_trigger_that_was_changed_is_made_again(storage: Storage, shell: sqlite3.Connection):
    """A program's own are left alone."""
    (sql,) = shell.execute("SELECT sql FROM sqlite_master WHERE name = 'task_ended'").fetchone()
    shell.execute("DROP TRIGGER task_ended")
    shell.execute(sql.replace("n = n + 1", "n = n + 2"))
    shell.execute("CREATE TRIGGER my_own AFTER INSERT ON task_queue BEGIN SELECT 1; END")
    for claim in take(storage, limit=5):
        end(storage, claim)
    assert {"schema", "tasks"} <= found_in(storage)
    storage.repair()
    assert storage.verify() == []
    assert shell.execute("SELECT sql FROM sqlite_master WHERE name = 'task_ended'").fetchone() == (sql,)
    assert shell.execute("SELECT count(*) FROM sqlite_master WHERE name = 'my_own'").fetchone() == (1,)
    end(storage, take_one(storage))


def test_what_is_written_after_the_look_is_counted_once(
    storage: Storage, shell: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
):
    """A repair adds what was missing at the look, and the triggers what came since."""
    shell.execute("UPDATE counters SET n = n + 3 WHERE kind = 3")
    looked = verifying.look

    def look_and_go_on(*arguments: Any) -> verifying.Look:
        found = looked(*arguments)
        shell.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
        shell.execute("UPDATE task_queue SET status = 'completed' WHERE id = (SELECT max(id) FROM task_queue) - 1")
        return found

    monkeypatch.setattr(verifying, "look", look_and_go_on)
    storage.repair()
    monkeypatch.setattr(verifying, "look", looked)
    assert storage.verify() == []


def test_two_who_repair_at_once_add_it_once(
    storage: Storage, shell: sqlite3.Connection, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
):
    """Whoever comes second has looked in vain, and looks again."""
    shell.execute("UPDATE counters SET n = n + 3 WHERE kind = 3")
    other = SQLiteStorage(storage.location, clock=clock)
    looked = verifying.look

    def look_and_be_too_late(*arguments: Any) -> verifying.Look:
        found = looked(*arguments)
        monkeypatch.setattr(verifying, "look", looked)
        assert other.repair() != []
        return found

    monkeypatch.setattr(verifying, "look", look_and_be_too_late)
    assert storage.repair() != []
    other.close()


def test_a_repair_within_a_transaction_is_part_of_it(storage: Storage, shell: sqlite3.Connection):
    """Rolled back, all is as it was; committed, it is mended, triggers as well."""
    shell.execute("UPDATE counters SET n = n + 3 WHERE kind = 3")
    shell.execute("DROP TRIGGER task_moved")
    with pytest.raises(LookupError):
        repair_and_fail(storage)
    assert {"tasks", "schema"} <= found_in(storage)
    with storage.transaction():
        assert storage.repair() != []
    assert storage.verify() == []


def repair_and_fail(storage: Storage) -> None:
    with storage.transaction():
        storage.repair()
        raise LookupError


def test_what_is_too_much_to_name_is_numbered(storage: Storage, shell: sqlite3.Connection):
    """A hundred of each kind are named."""
    drop_triggers(shell)
    shell.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250) "
        "INSERT INTO task_queue (type, payload) SELECT 'many', '{}' FROM n"
    )
    lanes = [one for one in storage.verify() if one.what == "lane"]
    assert len(lanes) == 101
    assert lanes[-1].where == "150 more"
    storage.repair()


def test_a_table_that_lost_a_column_cannot_be_mended(storage: Storage, shell: sqlite3.Connection):
    """The error names it, and says what to do."""
    shell.execute("BEGIN")
    shell.execute("ALTER TABLE worker_expectations RENAME COLUMN types TO kinds")
    shell.execute("COMMIT")
    for verb in (storage.verify, storage.repair):
        with pytest.raises(QueueSchemaError, match=r"worker_expectations lacks types.*restore a backup"):
            verb()
    shell.execute("ALTER TABLE worker_expectations RENAME COLUMN kinds TO types")
