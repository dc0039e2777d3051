"""Concurrency keys: of all tasks of one key, at most so many run at once; the others are held."""

from __future__ import annotations

import pytest

from musterq.models import Outcome, SchedulingStrategy, TaskFilter, TaskStatus
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import FACTS, end, put, release, status, take, take_one, taken
from tests.support import MovableClock


def put_keyed(storage: Storage, key: str = "user:7", limit: int | None = None, **options: object) -> int:
    return put(storage, concurrency_key=key, concurrency_limit=limit, **options)


def held(storage: Storage, *task_ids: int) -> list[bool]:
    tasks = [storage.get(task_id) for task_id in task_ids]
    return [task.held for task in tasks if task is not None]


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_of_one_key_one_task_runs_at_a_time(storage: Storage, strategy: SchedulingStrategy):
    ids = {put_keyed(storage) for _ in range(4)}
    other = put_keyed(storage, "user:8")
    claims = take(storage, limit=9, strategy=strategy)
    assert len(claims) == 2
    assert other in taken(claims)
    seen = set(taken(claims)) & ids
    (running,) = [claim for claim in claims if claim.task_id in ids]
    for _ in range(3):
        end(storage, running)
        running = take_one(storage, strategy=strategy, limit=9)
        seen.add(running.task_id)
    assert seen == ids


def test_as_many_run_at_once_as_the_limit_says(storage: Storage):
    ids = [put_keyed(storage, limit=3) for _ in range(5)]
    claims = take(storage, limit=9)
    assert taken(claims) == ids[:3]
    end(storage, claims[1])
    assert taken(take(storage, limit=9)) == ids[3:4]


def test_a_key_is_one_for_all_types_and_lanes(storage: Storage):
    mail = put_keyed(storage, type="mail")
    put_keyed(storage, type="video")
    put_keyed(storage, type="mail", compatibility='{"gpu": true}')
    assert taken(take(storage, limit=9, capabilities={"gpu": True})) == [mail]


def test_tasks_of_one_call_and_of_many_are_held_alike(storage: Storage, other: Storage):
    first = put_keyed(storage)
    second = put_keyed(other)
    assert held(storage, first, second) == [False, True]


def test_held_tasks_take_no_place_of_a_claim(storage: Storage):
    for _ in range(20):
        put_keyed(storage, priority=1)
    others = [put(storage) for _ in range(3)]
    assert taken(take(storage, limit=4))[1:] == others


# -- places come free ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.SCHEDULED])
def test_the_end_of_an_attempt_lets_the_next_one_in(storage: Storage, how: TaskStatus):
    """Also one that is followed by a retry, which holds no place while it waits for that."""
    first, second = put_keyed(storage), put_keyed(storage)
    end(storage, take_one(storage), how, error="bad", retry_in_seconds=60)
    assert status(storage, first) == how
    assert taken(take(storage, limit=9)) == [second]


def test_a_retry_waits_for_a_place_when_it_is_due(storage: Storage, clock: MovableClock):
    first, second = put_keyed(storage), put_keyed(storage)
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="bad", retry_in_seconds=10)
    running = take_one(storage)
    clock.advance(11)
    assert take(storage) == []
    assert held(storage, first, second) == [True, False]
    end(storage, running)
    assert taken(take(storage)) == [first]


def test_a_place_is_kept_by_what_is_given_back(storage: Storage):
    first, second = put_keyed(storage), put_keyed(storage)
    release(storage, take_one(storage))
    assert held(storage, first, second) == [False, True]
    assert taken(take(storage, limit=9)) == [first]


def test_a_place_is_kept_by_what_is_rescued(storage: Storage, clock: MovableClock):
    """Until its budget of crashes is used up."""
    first, second = put_keyed(storage, max_crashes=2), put_keyed(storage)
    take_one(storage, lease_seconds=5)
    clock.advance(6)
    assert taken(take(storage, limit=9, lease_seconds=5)) == [first]
    clock.advance(6)
    assert taken(take(storage, limit=9)) == [second]
    assert status(storage, first) == "failed"


def test_the_death_of_a_worker_frees_nothing_but_lets_the_task_run_elsewhere(storage: Storage):
    first, _ = put_keyed(storage), put_keyed(storage)
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    take(storage, "worker-1", lease_seconds=None)
    assert take(storage, "worker-2") == []
    lock.release(forgotten=False)
    storage.rescue_expired()
    assert taken(take(storage, "worker-2", limit=9)) == [first]


def test_cancelling_what_waits_in_a_place_lets_the_next_one_in(storage: Storage):
    first, second, third = (put_keyed(storage) for _ in range(3))
    assert storage.cancel(first)
    assert held(storage, second, third) == [False, True]


def test_a_held_task_can_be_cancelled(storage: Storage):
    first, second = put_keyed(storage), put_keyed(storage)
    assert storage.cancel(second)
    assert status(storage, second) == "cancelled"
    assert held(storage, first, second) == [False, False]
    assert storage.retry(second)
    assert held(storage, first, second) == [False, True]


def test_a_held_task_can_expire_and_be_broken_without_using_the_place(storage: Storage, clock: MovableClock):
    ids = [put_keyed(storage, payload="{broken") for _ in range(3)]
    good = put_keyed(storage)
    assert taken(take(storage, limit=2)) + taken(take(storage, limit=2)) == [good]
    assert {status(storage, task_id) for task_id in ids} == {"failed"}


def test_several_outcomes_in_one_transaction_let_several_in(storage: Storage):
    for _ in range(5):
        put_keyed(storage, limit=2)
    claims = take(storage, limit=9)
    storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED) for claim in claims])
    assert len(take(storage, limit=9)) == 2


# -- order -----------------------------------------------------------------------------------------


def test_places_are_given_by_priority_then_by_age(storage: Storage):
    running = put_keyed(storage)
    claim = take_one(storage)
    late, urgent, also_urgent = (put_keyed(storage, priority=p) for p in (200, 5, 5))
    order = []
    for _ in range(3):
        end(storage, claim)
        claim = take_one(storage, strategy=SchedulingStrategy.LIFO)
        order.append(claim.task_id)
    assert order == [urgent, also_urgent, late]
    assert running not in order


def test_a_more_urgent_task_takes_the_place_of_one_that_waits(storage: Storage):
    calm = put_keyed(storage, priority=100)
    urgent = put_keyed(storage, priority=1)
    assert held(storage, calm, urgent) == [True, False]
    assert taken(take(storage, limit=9)) == [urgent]


def test_a_more_urgent_task_does_not_take_the_place_of_one_that_runs(storage: Storage):
    put_keyed(storage, priority=100)
    take_one(storage)
    urgent = put_keyed(storage, priority=1)
    assert held(storage, urgent) == [True]


def test_a_task_that_becomes_urgent_takes_the_place_of_one_that_waits(storage: Storage, sql: PlainSQL):
    first, second = put_keyed(storage), put_keyed(storage)
    sql.execute("UPDATE task_queue SET priority = 1 WHERE id = ?", (second,))
    assert held(storage, first, second) == [True, False]


# -- the limit of a key ----------------------------------------------------------------------------


def test_the_newest_task_says_the_limit_of_its_key(storage: Storage):
    """A higher one lets others in at once; a lower one throws nobody out."""
    ids = [put_keyed(storage) for _ in range(4)]
    newest = put_keyed(storage, limit=3)
    assert held(storage, *ids, newest) == [False, False, False, True, True]
    lower = put_keyed(storage, limit=1)
    claims = take(storage, limit=9)
    assert taken(claims) == ids[:3]
    end(storage, claims[0])
    end(storage, claims[1])
    assert take(storage, limit=9) == []
    end(storage, claims[2])
    assert taken(take(storage, limit=9)) == ids[3:]
    assert held(storage, lower) == [True]


def test_a_limit_by_plain_sql_counts_at_once(storage: Storage, sql: PlainSQL):
    ids = [put_keyed(storage) for _ in range(4)]
    sql.execute("UPDATE task_queue SET concurrency_limit = 3")
    assert held(storage, *ids) == [False, False, False, True]


@pytest.mark.parametrize("limit", [0, -5, "few", None])
def test_a_limit_that_makes_no_sense_is_one(storage: Storage, sql: PlainSQL, limit: object):
    ids = [put_keyed(storage, limit=2) for _ in range(3)]
    sql.execute("UPDATE task_queue SET concurrency_limit = ?", (limit,))
    take(storage, limit=9)
    sql.execute("UPDATE task_queue SET status = 'completed' WHERE id = ?", (ids[0],))
    assert held(storage, ids[2]) == [True]
    sql.execute("UPDATE task_queue SET status = 'completed' WHERE id = ?", (ids[1],))
    assert held(storage, ids[2]) == [False]


# -- plain SQL -------------------------------------------------------------------------------------


def insert(sql: PlainSQL, **columns: object) -> int:
    facts = {"type": "mail", "payload": "{}", "concurrency_key": "user:7", "run_after_utc": "2020-01-01", **columns}
    names, marks = ", ".join(facts), ", ".join("?" * len(facts))
    ((task_id,),) = sql.execute(f"INSERT INTO task_queue ({names}) VALUES ({marks}) RETURNING id", [*facts.values()])
    return task_id


@pytest.mark.parametrize("older", ["leased", "processing"])
def test_rows_that_plain_sql_puts_in_are_held_like_any_other(storage: Storage, sql: PlainSQL, older: str):
    running = insert(sql, status=older)
    waiting, ended, later = insert(sql), insert(sql, status="dead_letter"), insert(sql, run_after_utc="9999-01-01")
    assert held(storage, running, waiting, ended, later) == [False, True, False, False]
    sql.execute("UPDATE task_queue SET status = 'dead_letter' WHERE id = ?", (running,))
    assert held(storage, waiting) == [False]


def test_plain_sql_that_ends_or_deletes_a_task_lets_the_next_one_in(storage: Storage, sql: PlainSQL):
    first, second, third, fourth = (put_keyed(storage) for _ in range(4))
    sql.execute("UPDATE task_queue SET status = 'completed' WHERE id = ?", (first,))
    assert held(storage, second, third) == [False, True]
    sql.execute("DELETE FROM task_queue WHERE id = ?", (second,))
    assert held(storage, third, fourth) == [False, True]


def test_many_deletions_by_one_statement_leave_no_task_behind(storage: Storage, sql: PlainSQL):
    ids = [put_keyed(storage, limit=2) for _ in range(12)]
    sql.execute("DELETE FROM task_queue WHERE id % 2 = 0")
    sql.execute("UPDATE task_queue SET status = 'cancelled' WHERE id < ?", (ids[6],))
    left = [task_id for task_id in ids[6:] if storage.get(task_id) is not None]
    assert held(storage, *left) == [False, False, True]


def test_a_replaced_task_leaves_its_place(storage: Storage, sql: PlainSQL):
    first, second = put_keyed(storage), put_keyed(storage)
    sql.execute(
        "INSERT OR REPLACE INTO task_queue (id, type, payload, run_after_utc) VALUES (?, 'mail', '{}', '2020-01-01')",
        (first,),
    )
    assert held(storage, first, second) == [False, False]


def test_a_task_replaced_by_its_idempotency_key_leaves_its_place(storage: Storage, sql: PlainSQL):
    put_keyed(storage, idempotency_key="k")
    second = put_keyed(storage)
    sql.execute(
        "INSERT OR REPLACE INTO task_queue (type, payload, idempotency_key, run_after_utc) "
        "VALUES ('mail', '{}', 'k', '2020-01-01')"
    )
    assert held(storage, second) == [False]


@pytest.mark.parametrize("recursive", ["OFF", "ON"])
def test_it_holds_with_recursive_triggers_too(storage: Storage, sql: PlainSQL, recursive: str):
    sql.execute(f"PRAGMA recursive_triggers = {recursive}")
    ids = [insert(sql, priority=100 - n) for n in range(30)]
    assert held(storage, *ids).count(False) == 1
    sql.execute("UPDATE task_queue SET concurrency_limit = 20")
    assert held(storage, *ids).count(False) == 20
    sql.execute("INSERT OR REPLACE INTO task_queue (id, type, payload) SELECT id, 'mail', '{}' FROM task_queue")
    assert held(storage, *ids).count(False) == 30


def test_a_change_of_key_moves_a_task_to_the_other_key(storage: Storage, sql: PlainSQL):
    seven, also_seven, eight = put_keyed(storage), put_keyed(storage), put_keyed(storage, "user:8")
    sql.execute("UPDATE task_queue SET concurrency_key = 'user:8' WHERE id = ?", (seven,))
    assert held(storage, seven, also_seven, eight) == [True, False, False]
    sql.execute("UPDATE task_queue SET concurrency_key = NULL WHERE id = ?", (seven,))
    assert held(storage, seven, also_seven, eight) == [False, False, False]


def test_a_task_that_is_given_a_key_is_held_where_the_key_is_full(storage: Storage, sql: PlainSQL):
    first, second = put_keyed(storage), put(storage)
    sql.execute("UPDATE task_queue SET concurrency_key = 'user:7' WHERE id = ?", (second,))
    assert held(storage, first, second) == [False, True]


# -- reading ---------------------------------------------------------------------------------------


def test_held_tasks_are_queued_in_every_listing_and_count(storage: Storage):
    ids = [put_keyed(storage) for _ in range(3)]
    assert storage.metrics().depth_by_status == {"queued": 3}
    found = storage.find(TaskFilter(status=TaskStatus.QUEUED))
    assert [task.id for task in found] == ids[::-1]


def test_the_oldest_waiting_task_may_be_a_held_one(storage: Storage, clock: MovableClock):
    put_keyed(storage)
    put_keyed(storage)
    clock.advance(30)
    take_one(storage)
    put(storage)
    assert storage.metrics().oldest_queued_age_seconds == 30


def test_a_paused_type_keeps_the_place_of_its_key(storage: Storage):
    """It waits in it; resume the type or cancel the task, and the others go on."""
    mail, video = put_keyed(storage, type="mail"), put_keyed(storage, type="video")
    storage.pause("mail")
    assert take(storage, limit=9) == []
    storage.cancel(mail)
    assert taken(take(storage, limit=9)) == [video]
