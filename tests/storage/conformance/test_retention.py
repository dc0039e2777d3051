"""Old rows go as the rules say, and what they counted for stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from musterq.models import ClaimRequest, NewTask, TaskStatus
from musterq.records import LifetimeTotal, Retention
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import end, put, status, take, take_one
from tests.support import MovableClock

DAY = 86_400.0
ENDS = [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED]


def ended(storage: Storage, how: TaskStatus = TaskStatus.COMPLETED, **options: object) -> int:
    """A task that ended now."""
    task_id = put(storage, **options)
    claim = take_one(storage)
    assert claim.task_id == task_id
    end(storage, claim, how, error=None if how is TaskStatus.COMPLETED else "no")
    return task_id


def pruned(storage: Storage) -> int:
    """Prune to the end; how many tasks went."""
    tasks = 0
    for _ in range(1000):
        step = storage.prune()
        tasks += step.tasks
        if not step.more:
            return tasks
    raise AssertionError("pruning does not come to an end")


def there(storage: Storage) -> list[int]:
    """The ids of all tasks."""
    return [row[0] for row in storage.execute("SELECT id FROM task_queue ORDER BY id").fetchall()]


def test_the_rules_of_a_new_queue(storage: Storage):
    """A week, and a month for what failed and for the ledger."""
    week, month = Retention(max_age_seconds=7 * DAY), Retention(max_age_seconds=30 * DAY)
    assert storage.retention() == {"completed": week, "cancelled": week, "failed": month, "ledger": month}


def test_a_rule_is_changed_alone(storage: Storage):
    """Both its bounds."""
    before = storage.retention()
    storage.set_retention("failed", Retention(max_count=3))
    assert storage.retention() == {**before, "failed": Retention(max_count=3)}


@pytest.mark.parametrize("how", ENDS)
def test_a_task_goes_when_it_is_too_old(storage: Storage, clock: MovableClock, how: TaskStatus):
    """Not at its age exactly, but after it."""
    storage.set_retention(how.value, Retention(max_age_seconds=60))
    task_id = ended(storage, how)
    clock.advance(60)
    assert pruned(storage) == 0
    assert status(storage, task_id) == how
    clock.advance(0.002)
    assert pruned(storage) == 1
    assert storage.get(task_id) is None


@pytest.mark.parametrize("how", ENDS)
def test_tasks_beyond_their_number_go(storage: Storage, clock: MovableClock, how: TaskStatus):
    """The newest stay, however old."""
    storage.set_retention(how.value, Retention(max_count=2))
    ids = [ended(storage, how) for _ in range(5)]
    assert pruned(storage) == 3
    assert there(storage) == ids[3:]
    clock.advance(1000 * DAY)
    assert pruned(storage) == 0


def test_both_bounds_hold_at_once(storage: Storage, clock: MovableClock):
    """Whichever takes more."""
    storage.set_retention("completed", Retention(max_age_seconds=60, max_count=3))
    ids = [ended(storage) for _ in range(5)]
    assert pruned(storage) == 2
    clock.advance(61)
    ids.append(ended(storage))
    assert pruned(storage) == 3
    assert there(storage) == ids[5:]


@pytest.mark.parametrize("how", ENDS)
def test_without_a_bound_all_are_kept(storage: Storage, clock: MovableClock, how: TaskStatus):
    """For ever."""
    storage.set_retention(how.value, Retention())
    ended(storage, how)
    clock.advance(10_000 * DAY)
    assert pruned(storage) == 0


def test_what_has_not_ended_stays(storage: Storage, clock: MovableClock):
    """Waiting, delayed or running, whatever their age."""
    gone = ended(storage)
    ids = [put(storage) for _ in range(3)]
    put(storage, run_after=clock.now() + timedelta(days=2000))
    take(storage, lease_seconds=1e9)
    clock.advance(1000 * DAY)
    assert pruned(storage) == 1
    assert there(storage) == [*ids, ids[-1] + 1]
    assert gone not in ids


def test_a_task_that_is_retried_stays(storage: Storage, clock: MovableClock):
    """It has not ended any more."""
    task_id = ended(storage)
    clock.advance(8 * DAY)
    assert storage.retry(task_id)
    assert pruned(storage) == 0


def test_a_part_stays_until_its_follower_has_ended(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """Its result may still be asked for."""
    part = ended(storage)
    follower = put(storage)
    sql.execute("UPDATE task_queue SET next_id = ? WHERE id = ?", (follower, part))
    clock.advance(8 * DAY)
    assert pruned(storage) == 0
    end(storage, take_one(storage))
    clock.advance(3601)  # what was passed by is looked at again
    assert pruned(storage) == 1
    assert there(storage) == [follower]


def test_a_part_of_a_group_stays_until_all_of_it_has_ended(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """And until what follows the group has."""
    first, second, third = ended(storage), put(storage), put(storage, "report")
    sql.execute("UPDATE task_queue SET group_id = ?, next_id = ? WHERE id IN (?, ?)", (first, third, first, second))
    clock.advance(8 * DAY)
    assert pruned(storage) == 0
    end(storage, take_one(storage, types=frozenset({"mail"})))
    clock.advance(8 * DAY)
    assert pruned(storage) == 0
    end(storage, take_one(storage))
    clock.advance(8 * DAY)
    assert pruned(storage) == 3


def test_a_part_before_a_group_stays_until_that_has_ended(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """A group is named by the id of its first part."""
    before, first, second = ended(storage), put(storage), put(storage)
    sql.execute("UPDATE task_queue SET group_id = ? WHERE id IN (?, ?)", (first, first, second))
    sql.execute("UPDATE task_queue SET next_id = ? WHERE id = ?", (first, before))
    end(storage, take_one(storage))
    clock.advance(8 * DAY)
    assert pruned(storage) == 0
    end(storage, take_one(storage))
    clock.advance(8 * DAY)
    assert pruned(storage) == 3


def test_what_hangs_on_a_task_goes_along(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """Its log and its attempts, however many."""
    put(storage)
    claim = take_one(storage)
    end(storage, claim, TaskStatus.FAILED, error="no")
    sql.execute_many(
        "INSERT INTO task_logs (task_id, level, message) VALUES (?, 'INFO', 'line')", [(claim.task_id,)] * 1000
    )
    clock.advance(31 * DAY)
    assert pruned(storage) == 1
    assert [sql.execute(f"SELECT count(*) FROM {name}")[0][0] for name in ("task_logs", "task_attempts")] == [0, 0]


def test_a_step_may_end_within_the_log_of_a_task(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """So that no log is so long that writers wait for it: the task itself goes last."""
    task_id = ended(storage)
    sql.execute_many("INSERT INTO task_logs (task_id, level, message) VALUES (?, 'INFO', ?)", [(task_id, "l")] * 30_000)
    clock.advance(8 * DAY)
    steps = 0
    while storage.get(task_id) is not None:
        assert storage.prune().more
        steps += 1
    assert steps > 1


def test_rows_of_plain_sql_are_found_by_any_time_they_have(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """An end that nobody noted is the time of the last change; a time in the future stops nothing."""
    for how in ("completed", "failed", "cancelled"):
        sql.execute(
            "INSERT INTO task_queue (type, payload, status, created_at_utc, updated_at_utc) VALUES ('t', '{}', ?, "
            "'2020-01-01', '2020-01-01')",
            (how,),
        )
    sql.execute("UPDATE task_queue SET created_at_utc = '2999-01-01' WHERE status = 'completed'")
    late = ended(storage)
    clock.advance(31 * DAY)
    assert pruned(storage) == 4
    assert late not in there(storage)


def test_a_task_that_ended_long_after_those_behind_it_is_found_later(storage: Storage, clock: MovableClock):
    """The walk has passed it by; within an hour it goes from the start again."""
    slow = put(storage)
    claim = take_one(storage, lease_seconds=1e9)
    for _ in range(3):
        ended(storage)
    clock.advance(8 * DAY)
    assert pruned(storage) == 3
    end(storage, claim)
    clock.advance(7 * DAY + 1)
    assert pruned(storage) == 1
    assert storage.get(slow) is None


def test_many_go_in_many_steps(storage: Storage, clock: MovableClock):
    """Each short, all in the end."""
    storage.enqueue([NewTask(type="mail", payload="{}") for _ in range(3000)])
    for claim in storage.claim(ClaimRequest(worker_id="w", limit=3000)):
        end(storage, claim)
    keep = put(storage)
    clock.advance(8 * DAY)
    first = storage.prune()
    assert first.more
    assert 0 < first.tasks < 3000
    assert pruned(storage) == 3000 - first.tasks
    assert there(storage) == [keep]


# -- the ledger --------------------------------------------------------------------------------------
def ledger_of(sql: PlainSQL) -> list[int]:
    return [row[0] for row in sql.execute("SELECT ledger_id FROM rescue_ledger ORDER BY ledger_id")]


def note(sql: PlainSQL, clock: MovableClock, count: int) -> None:
    sql.execute_many(
        "INSERT INTO rescue_ledger (at_utc, event, task_id, reason) VALUES (?, 'rescued', 1, 'removed')",
        [(clock.text(),)] * count,
    )


def test_old_entries_of_the_ledger_go(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """After a month."""
    note(sql, clock, 300)
    clock.advance(15 * DAY)
    note(sql, clock, 1)
    clock.advance(16 * DAY)
    entries = 0
    while (step := storage.prune()).more:
        entries += step.entries
    assert entries == 300
    assert len(ledger_of(sql)) == 1


def test_entries_beyond_their_number_go(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """The newest stay."""
    storage.set_retention("ledger", Retention(max_count=2))
    note(sql, clock, 5)
    kept = ledger_of(sql)[3:]
    pruned(storage)
    assert ledger_of(sql) == kept


# -- what stays --------------------------------------------------------------------------------------
def test_lifetime_totals_stay_as_they_were(storage: Storage, clock: MovableClock):
    """Count, attempts and run time, of each type and status; what is there now is among them."""
    for type_, how in [("mail", TaskStatus.COMPLETED), ("mail", TaskStatus.FAILED), ("report", TaskStatus.COMPLETED)]:
        put(storage, type_)
        claim = take_one(storage)
        clock.advance(1.5)
        end(storage, claim, how, error=None)
    ended(storage, TaskStatus.CANCELLED)
    before = storage.lifetime_totals()
    assert before == {
        ("mail", "cancelled"): LifetimeTotal(count=1, attempts=0, run_seconds=0.0),
        ("mail", "completed"): LifetimeTotal(count=1, attempts=1, run_seconds=1.5),
        ("mail", "failed"): LifetimeTotal(count=1, attempts=1, run_seconds=1.5),
        ("report", "completed"): LifetimeTotal(count=1, attempts=1, run_seconds=1.5),
    }
    clock.advance(31 * DAY)
    assert pruned(storage) == 4
    assert there(storage) == []
    assert storage.lifetime_totals() == before
    ended(storage)
    assert storage.lifetime_totals()["mail", "completed"] == LifetimeTotal(count=2, attempts=2, run_seconds=1.5)


def test_a_plain_delete_takes_the_totals_along(storage: Storage, sql: PlainSQL):
    """Only the pruner keeps them."""
    ended(storage)
    sql.execute("DELETE FROM task_queue")
    assert storage.lifetime_totals() == {}


# -- space -------------------------------------------------------------------------------------------
def fill_and_empty(storage: Storage, sql: PlainSQL) -> None:
    storage.enqueue([NewTask(type="mail", payload='"' + "x" * 20_000 + '"') for _ in range(300)])
    sql.execute("DELETE FROM task_queue")


def reclaimed(storage: Storage, keep: float = 0.1) -> int:
    size = 0
    while (step := storage.reclaim(keep)).bytes:
        size += step.bytes
    return size


def test_free_space_is_given_back(storage: Storage, sql: PlainSQL):
    """As much as is not to be kept for what comes next."""
    assert reclaimed(storage, 0.0) == 0
    fill_and_empty(storage, sql)
    assert reclaimed(storage) > 4_000_000
    assert reclaimed(storage) == 0
    assert 0 < reclaimed(storage, 0.0) < 2_100_000  # a thousand pages are too few to be worth it


def test_a_little_free_space_is_kept(storage: Storage, sql: PlainSQL):
    """It is used again soon."""
    storage.enqueue([NewTask(type="mail", payload='"' + "x" * 20_000 + '"') for _ in range(20)])
    sql.execute("DELETE FROM task_queue")
    assert reclaimed(storage) == 0


# -- duties ------------------------------------------------------------------------------------------
def test_a_duty_is_of_one_at_a_time(storage: Storage, other: Storage):
    """Who has it may go on with it, and each duty is by itself."""
    assert storage.take_duty("prune", "a", 60)
    assert not other.take_duty("prune", "b", 60)
    assert storage.take_duty("prune", "a", 60)
    assert other.take_duty("sweep", "b", 60)


def test_a_duty_that_is_left_is_free(storage: Storage, other: Storage):
    """But nobody leaves it for another."""
    storage.take_duty("prune", "a", 60)
    other.leave_duty("prune", "b")
    assert not other.take_duty("prune", "b", 60)
    storage.leave_duty("prune", "a")
    assert other.take_duty("prune", "b", 60)


@pytest.mark.parametrize("seconds", [60, -100 * DAY])
def test_a_duty_whose_time_is_over_is_free(storage: Storage, clock: MovableClock, seconds: float):
    """Also where the clock was set back meanwhile, so that the time seems to be far off."""
    storage.take_duty("prune", "a", 60)
    clock.set_wall_clock(seconds)
    assert storage.take_duty("prune", "b", 60)
    assert not storage.take_duty("prune", "a", 60)
