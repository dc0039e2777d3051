"""Tasks that follow others: when they start, what they are given, and what becomes of them if one before them fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from musterq.models import NewTask, Task, TaskStatus
from musterq.records import NewPart
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import end, release, status, take, take_one
from tests.support import MovableClock

S = TaskStatus


def new(type: str, **options: Any) -> NewTask:
    return NewTask(type=type, payload='{"own": 1}', **options)


def chain(storage: Storage, *types: str, **options: Any) -> list[int]:
    """Tasks that follow one another, the options those of the first."""
    parts = [
        NewPart(
            task=new(type, **({} if at else options)),
            next=at + 1 if at + 1 < len(types) else None,
            waits=at > 0,
            result_argument="found" if at else None,
        )
        for at, type in enumerate(types)
    ]
    return storage.enqueue_parts(parts)


def group(storage: Storage, size: int = 2, **options: Any) -> list[int]:
    """Tasks side by side, and one of type last that follows them."""
    parts = [NewPart(task=new("part", **options), group=0, next=size) for _ in range(size)]
    last = NewPart(task=new("last"), waits=True, joins=size, result_argument="found")
    return storage.enqueue_parts([*parts, last])


def fan_out(storage: Storage) -> list[int]:
    """One task, two side by side behind it, one behind both."""
    side = [NewPart(task=new("side"), group=1, next=3, waits=True, result_argument="found") for _ in range(2)]
    last = NewPart(task=new("last"), waits=True, joins=2, result_argument="found")
    return storage.enqueue_parts([NewPart(task=new("first"), next=1), *side, last])


def row(storage: Storage, task_id: int) -> Task:
    found = storage.get(task_id)
    assert found is not None
    return found


def statuses(storage: Storage, ids: list[int]) -> list[str]:
    return [status(storage, task_id) for task_id in ids]


def complete(storage: Storage, result: str | None = None, **wish: Any) -> int:
    claim = take_one(storage, **wish)
    assert end(storage, claim, result=result)
    return claim.task_id


# -- how they start -----------------------------------------------------------------------------------


def test_all_tasks_are_there_from_the_beginning(storage: Storage):
    """Those that wait are scheduled, know for how many they wait, and are never due."""
    first, second = chain(storage, "one", "two")
    assert [row(storage, task_id).status for task_id in (first, second)] == ["queued", "scheduled"]
    assert (row(storage, first).next_id, row(storage, second).awaits) == (second, 1)
    assert storage.seconds_to_next_due() is None


def test_each_starts_when_the_one_before_it_is_completed(storage: Storage):
    """And is given its result beside its own arguments; its payload stays what was put in."""
    ids = chain(storage, "one", "two", "three")
    complete(storage, '{"n": 1}')
    claim = take_one(storage)
    assert (claim.task_id, claim.arguments, claim.payload) == (ids[1], {"own": 1, "found": {"n": 1}}, '{"own": 1}')
    assert take(storage) == []
    end(storage, claim)
    assert take_one(storage).arguments == {"own": 1, "found": None}


def test_every_attempt_is_given_the_same(storage: Storage):
    """A follower that is given back finds the result again."""
    chain(storage, "one", "two")
    complete(storage, "[1]")
    first = take_one(storage)
    release(storage, first)
    assert take_one(storage).arguments == first.arguments


def test_what_follows_a_group_starts_when_all_of_it_is_completed(storage: Storage):
    """And is given the list of results in the order of the parts, whichever was the first to be completed."""
    first, second, last = group(storage)
    claims = {claim.task_id: claim for claim in take(storage, limit=2)}
    end(storage, claims[second], result='"b"')
    assert (status(storage, last), row(storage, last).awaits) == ("scheduled", 1)
    end(storage, claims[first], result='"a"')
    assert take_one(storage).arguments["found"] == ["a", "b"]


def test_a_group_of_one_gives_a_list_of_one(storage: Storage):
    """Its follower need not know how large it is."""
    group(storage, 1)
    complete(storage, "7")
    assert take_one(storage).arguments["found"] == [7]


def test_a_task_is_followed_by_a_whole_group(storage: Storage):
    """Each part of it starts, and is given the one result."""
    first, one, other, last = fan_out(storage)
    complete(storage, "5")
    claims = take(storage, limit=9)
    assert [(claim.task_id, claim.arguments["found"]) for claim in claims] == [(one, 5), (other, 5)]
    assert status(storage, last) == "scheduled"
    assert storage.group_progress(first) is None
    assert storage.group_progress(one) is not None


def test_a_follower_waits_since_it_came_due(storage: Storage, clock: MovableClock):
    """Its age does not count the time in which it waited for others."""
    chain(storage, "one", "two")
    claim = take_one(storage)
    clock.advance(100)
    end(storage, claim)
    clock.advance(3)
    assert storage.metrics().oldest_queued_age_seconds == pytest.approx(3, abs=0.1)


def test_a_retry_with_a_delay_is_no_end(storage: Storage, clock: MovableClock):
    """What follows waits on."""
    first, second = chain(storage, "one", "two")
    end(storage, take_one(storage), S.SCHEDULED, error="later", retry_in_seconds=5)
    assert statuses(storage, [first, second]) == ["scheduled", "scheduled"]
    clock.advance(5)
    complete(storage)
    assert status(storage, second) == "queued"


def test_a_part_whose_worker_died_is_no_end(storage: Storage, clock: MovableClock):
    """It is rescued, runs elsewhere, and what follows it starts then."""
    first, second = chain(storage, "one", "two")
    take_one(storage)
    clock.advance(61)
    storage.rescue_expired()
    assert statuses(storage, [first, second]) == ["queued", "scheduled"]
    complete(storage, worker="worker-2")
    assert status(storage, second) == "queued"


# -- a part that ends otherwise -----------------------------------------------------------------------


def crash(storage: Storage, clock: MovableClock) -> None:
    take_one(storage)
    clock.advance(61)
    storage.rescue_expired()


def expire(storage: Storage, clock: MovableClock) -> None:
    clock.advance(31)
    take(storage)


def plain(statement: str) -> Callable[[Storage, MovableClock], object]:
    return lambda storage, clock: storage.execute(statement)


ENDS: dict[str, tuple[str, dict[str, Any], Callable[[Storage, MovableClock], object]]] = {
    "a permanent error": ("failed", {}, lambda at, clock: end(at, take_one(at), S.FAILED)),
    "the last attempt": ("failed", {"max_attempts": 1}, lambda at, clock: end(at, take_one(at), S.SCHEDULED)),
    "a broken payload": (
        "failed",
        {},
        lambda at, clock: (plain("UPDATE task_queue SET payload = '{'")(at, clock), take(at)),
    ),
    "the crash budget": ("failed", {"max_crashes": 1}, crash),
    "expiry": ("failed", {}, expire),
    "a cancel": ("was cancelled", {}, lambda at, clock: at.cancel(1)),
    "a handler that obeys a cancel": ("was cancelled", {}, lambda at, clock: end(at, take_one(at), S.CANCELLED)),
    "plain SQL": ("failed", {}, plain("UPDATE task_queue SET status = 'failed' WHERE id = 1")),
    "plain SQL's old word": ("failed", {}, plain("UPDATE task_queue SET status = 'dead_letter' WHERE id = 1")),
    "plain SQL's delete": ("was deleted", {}, plain("DELETE FROM task_queue WHERE id = 1")),
    "a replacement": (
        "was deleted",
        {},
        plain("INSERT OR REPLACE INTO task_queue (id, type, payload) VALUES (1, 'one', '{}')"),
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_all_that_waits_behind_a_part_that_ended_is_cancelled(storage: Storage, clock: MovableClock, how: str):
    """However it ended, with the reason in words."""
    word, options, act = ENDS[how]
    if how == "expiry":
        options = {"expires_at": clock.now() + timedelta(seconds=30)}
    first, *behind = chain(storage, "one", "two", "three", **options)
    act(storage, clock)
    assert statuses(storage, behind) == ["cancelled", "cancelled"]
    assert {(row(storage, task_id).error_message or "").partition(": ")[2] for task_id in behind} == {
        f"task {first} (one), which it waits for, {word}"
    }


def test_the_other_parts_of_a_group_go_on(storage: Storage):
    """What follows them is cancelled at once."""
    first, second, last = group(storage)
    one, other = take(storage, limit=2)
    end(storage, one, S.FAILED)
    assert statuses(storage, [first, second, last]) == ["failed", "processing", "cancelled"]
    assert end(storage, other)


def test_a_task_that_waits_can_be_cancelled_by_hand(storage: Storage):
    """With all behind it; what is before it goes on."""
    first, second, third = chain(storage, "one", "two", "three")
    assert storage.cancel(second)
    assert statuses(storage, [first, second, third]) == ["queued", "cancelled", "cancelled"]
    complete(storage)
    assert statuses(storage, [second, third]) == ["cancelled", "cancelled"]


# -- retried by hand ----------------------------------------------------------------------------------


def test_a_retry_of_the_part_that_failed_brings_back_all_behind_it(storage: Storage):
    """They wait as before, and the chain goes on to its end."""
    ids = fan_out(storage)
    end(storage, take_one(storage), S.FAILED)
    assert statuses(storage, ids) == ["failed", "cancelled", "cancelled", "cancelled"]
    assert storage.retry(ids[0])
    assert statuses(storage, ids) == ["queued", "scheduled", "scheduled", "scheduled"]
    assert row(storage, ids[3]).error_message is None
    for _ in ids:
        complete(storage)
    assert statuses(storage, ids) == ["completed"] * 4


def test_what_waits_for_two_that_failed_comes_back_with_the_second(storage: Storage):
    """Until then it has a reason to be cancelled."""
    first, second, last = group(storage)
    for claim in take(storage, limit=2):
        end(storage, claim, S.FAILED)
    storage.retry(first)
    assert status(storage, last) == "cancelled"
    storage.retry(second, delay_seconds=5)
    assert status(storage, last) == "scheduled"


def test_what_waits_for_two_whose_part_was_deleted_comes_back_with_the_second(storage: Storage, sql: PlainSQL):
    """One that was not started is as much in its way as one that failed, where it is not brought back as well."""
    first, second, third, last = fan_out(storage)
    end(storage, take_one(storage), S.FAILED)
    sql.execute("DELETE FROM task_queue WHERE id = ?", (first,))
    assert storage.retry(second)
    assert statuses(storage, [second, third, last]) == ["queued", "cancelled", "cancelled"]
    assert storage.retry(third)
    assert statuses(storage, [second, third, last]) == ["queued", "queued", "scheduled"]


def test_what_was_cancelled_by_hand_does_not_come_back(storage: Storage):
    """Nor anything behind it."""
    first, second, third = chain(storage, "one", "two", "three")
    storage.cancel(second)
    end(storage, take_one(storage), S.FAILED)
    storage.retry(first)
    assert statuses(storage, [first, second, third]) == ["queued", "cancelled", "cancelled"]
    storage.retry(second)
    assert statuses(storage, [second, third]) == ["scheduled", "scheduled"]


def test_what_waits_for_a_part_that_has_stopped_cannot_be_retried(storage: Storage, sql: PlainSQL):
    """It would wait for ever; plain SQL that tries finds it cancelled again."""
    first, second = chain(storage, "one", "two")
    end(storage, take_one(storage), S.FAILED)
    assert not storage.retry(second)
    sql.execute("UPDATE task_queue SET status = 'queued' WHERE id = ?", (second,))
    assert status(storage, second) == "cancelled"
    assert f"task {first} (one)" in (row(storage, second).error_message or "")


def test_a_completed_part_that_runs_again_does_not_start_its_follower_twice(storage: Storage):
    """It runs alone, and counts once."""
    first, second = chain(storage, "one", "two")
    complete(storage)
    complete(storage)
    storage.retry(first)
    assert row(storage, second).awaits == 1
    complete(storage)
    assert (status(storage, second), row(storage, second).awaits) == ("completed", 0)
    assert take(storage) == []


def test_a_follower_that_has_not_begun_waits_for_the_part_that_runs_again(storage: Storage):
    """So that it is given the new result."""
    first, second = chain(storage, "one", "two")
    complete(storage, "1")
    storage.retry(first)
    assert status(storage, second) == "scheduled"
    complete(storage, "2")
    assert take_one(storage).arguments["found"] == 2


def test_a_follower_whose_attempt_fails_waits_for_the_part_that_runs_again(storage: Storage, clock: MovableClock):
    """Its next attempt needs the result."""
    first, second = chain(storage, "one", "two")
    complete(storage, "1")
    claim = take_one(storage)
    storage.retry(first)
    end(storage, claim, S.SCHEDULED, error="later", retry_in_seconds=1)
    clock.advance(5)
    assert complete(storage, "2") == first
    assert take_one(storage).task_id == second


# -- results that are not there -----------------------------------------------------------------------


def assert_failed(storage: Storage, task_id: int, words: str) -> None:
    assert take(storage) == []
    found = row(storage, task_id)
    assert (found.status, found.attempts) == ("failed", 0)
    assert words in (found.error_message or "")


def test_a_result_that_was_deleted_fails_the_follower(storage: Storage, sql: PlainSQL):
    """For good, and without running it with fewer results than it expects."""
    first, _, last = group(storage)
    complete(storage)
    complete(storage)
    sql.execute("DELETE FROM task_queue WHERE id = ?", (first,))
    assert_failed(storage, last, "that it needs: 2; that are there: 1")


def test_the_one_result_that_was_deleted_fails_the_follower(storage: Storage, sql: PlainSQL):
    """In words of its own."""
    first, second = chain(storage, "one", "two")
    complete(storage)
    sql.execute("DELETE FROM task_queue WHERE id = ?", (first,))
    assert_failed(storage, second, "the task before it, whose result it needs, was deleted")


def test_a_part_too_many_fails_the_follower(storage: Storage, sql: PlainSQL):
    """Which of them is meant, nobody can tell."""
    _, second = chain(storage, "one", "two")
    sql.execute("INSERT INTO task_queue (type, payload, next_id) VALUES ('more', '{}', ?)", (second,))
    complete(storage)
    complete(storage)
    assert_failed(storage, second, "that it needs: 1; that are there: 2")


def test_a_result_that_is_not_wanted_may_be_deleted(storage: Storage, sql: PlainSQL):
    """The follower does not ask for it."""
    first, second = storage.enqueue_parts([NewPart(task=new("one"), next=1), NewPart(task=new("two"), waits=True)])
    complete(storage)
    sql.execute("DELETE FROM task_queue WHERE id = ?", (first,))
    claim = take_one(storage)
    assert (claim.task_id, claim.arguments) == (second, {"own": 1})


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE task_queue SET result = '{' WHERE type = 'one'", "is not JSON"),
        ("UPDATE task_queue SET payload = '[]' WHERE type = 'two'", "payload is no object"),
    ],
)
def test_a_result_that_cannot_be_given_fails_the_follower(storage: Storage, sql: PlainSQL, statement: str, words: str):
    """With what is to be mended."""
    _, second = chain(storage, "one", "two")
    complete(storage, "1")
    sql.execute(statement)
    assert_failed(storage, second, words)


def test_a_running_follower_whose_part_runs_again_is_not_claimed_without_it(storage: Storage, clock: MovableClock):
    """A rescue gives it back to wait, and not to the queue."""
    first, second = chain(storage, "one", "two")
    complete(storage)
    take_one(storage)
    storage.retry(first)
    clock.advance(61)
    storage.rescue_expired()
    assert status(storage, second) == "scheduled"


# -- plain SQL ----------------------------------------------------------------------------------------


def test_plain_sql_that_completes_a_part_starts_what_follows(storage: Storage, sql: PlainSQL):
    """With the result that it wrote."""
    first, second = chain(storage, "one", "two")
    sql.execute("UPDATE task_queue SET status = 'completed', result = '\"x\"' WHERE id = ?", (first,))
    claim = take_one(storage)
    assert (claim.task_id, claim.arguments["found"]) == (second, "x")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE task_queue SET status = 'queued' WHERE awaits > 0",
        "UPDATE task_queue SET run_after_utc = '2020-01-01 00:00:00' WHERE awaits > 0",
    ],
)
def test_plain_sql_cannot_start_what_waits(storage: Storage, sql: PlainSQL, statement: str):
    """It stays scheduled until what it waits for is completed."""
    first, second = chain(storage, "one", "two")
    sql.execute(statement)
    assert [claim.task_id for claim in take(storage, limit=5)] == [first]
    assert status(storage, second) == "scheduled"


def test_plain_sql_puts_in_a_chain(storage: Storage, sql: PlainSQL):
    """First what follows, with awaits at 0; each part that names it counts up."""
    sql.execute(
        "INSERT INTO task_queue (id, type, payload, status, run_after_utc, awaits, joins, result_argument)"
        " VALUES (9, 'two', '{}', 'scheduled', '9999-12-31 23:59:59.999', 0, 2, 'found')"
    )
    sql.execute("INSERT INTO task_queue (type, payload, next_id) VALUES ('one', '{}', 9), ('one', '{}', 9)")
    assert row(storage, 9).awaits == 2
    complete(storage, "1")
    complete(storage, "2")
    assert take_one(storage).arguments == {"found": [1, 2]}


def test_plain_sql_puts_in_a_part_that_has_failed(storage: Storage, sql: PlainSQL):
    """What follows it is cancelled."""
    _, second = chain(storage, "one", "two")
    sql.execute("INSERT INTO task_queue (type, payload, status, next_id) VALUES ('more', '{}', 'failed', ?)", (second,))
    assert "(more), which it waits for, failed" in (row(storage, second).error_message or "")


def test_a_part_that_plain_sql_takes_out_of_a_chain_is_waited_for_no_more(storage: Storage, sql: PlainSQL):
    """Its follower starts when nothing else is before it."""
    first, second = chain(storage, "one", "two")
    sql.execute("UPDATE task_queue SET next_id = NULL WHERE id = ?", (first,))
    assert (status(storage, second), row(storage, second).awaits) == ("queued", 0)


def test_plain_sql_fails_a_part_that_was_completed(storage: Storage, sql: PlainSQL):
    """What follows has not begun: it is cancelled, and all behind it."""
    first, *behind = chain(storage, "one", "two", "three")
    complete(storage)
    sql.execute("UPDATE task_queue SET status = 'failed' WHERE id = ?", (first,))
    assert statuses(storage, behind) == ["cancelled", "cancelled"]
    assert {f"task {first} (one)" in (row(storage, task_id).error_message or "") for task_id in behind} == {True}


@pytest.mark.parametrize("recursive", [0, 1])
def test_a_long_chain_is_cancelled_and_comes_back_as_a_whole(storage: Storage, sql: PlainSQL, recursive: int):
    """Whether or not the connection lets triggers fire themselves."""
    sql.execute(f"PRAGMA recursive_triggers = {recursive}")
    first, *behind = chain(storage, *(["link"] * 50))
    sql.execute("UPDATE task_queue SET status = 'failed' WHERE id = ?", (first,))
    assert set(statuses(storage, behind)) == {"cancelled"}
    sql.execute("UPDATE task_queue SET status = 'queued' WHERE id = ?", (first,))
    assert set(statuses(storage, behind)) == {"scheduled"}


# -- groups -------------------------------------------------------------------------------------------


def test_the_progress_of_a_group_counts_its_parts(storage: Storage):
    """By status without zeros, and the share that has finished; what follows is none of them."""
    first, *_ = group(storage, 4)
    one, other = take(storage, limit=2)
    end(storage, one)
    end(storage, other, S.FAILED)
    progress = storage.group_progress(first)
    assert progress is not None
    assert (progress.total, progress.by_status, progress.done) == (
        4, {"completed": 1, "failed": 1, "queued": 2}, 0.5
    )  # fmt: skip


def test_a_group_that_is_not_there_has_no_progress(storage: Storage):
    """Nor anything to cancel."""
    assert (storage.group_progress(4711), storage.cancel_group(4711)) == (None, 0)


def test_a_group_is_cancelled(storage: Storage):
    """What waits at once, what runs is asked to stop, what has finished stays."""
    first, second, third, last = group(storage, 3)
    complete(storage)
    take_one(storage)
    assert storage.cancel_group(first) == 2
    assert statuses(storage, [first, second, third, last]) == ["completed", "processing", "cancelled", "cancelled"]
    assert row(storage, second).cancel_requested


def write_and_give_up(storage: Storage) -> None:
    with storage.transaction():
        group(storage)
        raise RuntimeError("no more")


def test_parts_are_written_all_or_none(storage: Storage):
    """In the transaction that is open."""
    with pytest.raises(RuntimeError, match="no more"):
        write_and_give_up(storage)
    assert storage.task_counts() == {}
