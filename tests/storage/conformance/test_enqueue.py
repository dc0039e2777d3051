"""Putting tasks in: all of a call or none, each key once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from musterq.models import NewTask, RetryPolicy
from musterq.storage.base import Storage
from tests.storage.engines import Engine
from tests.storage.making import put, say, status, take, take_one, taken
from tests.support import MovableClock

HOSTILE = [
    'it\'s "quoted"; DROP TABLE task_queue; --',
    "a\\0b %00 NUL",
    "🦆 ducks, Ünïcödé, 漢字",
    "x" * 255,
    "worker/../x",
    " leading and trailing ",
    "line\nbreak\ttab",
    "%s ? :name $1 {}",
]


def test_a_new_task_is_queued_with_the_defaults(storage: Storage, clock: MovableClock):
    task = storage.get(put(storage, "mail", '{"to": "a"}'))
    assert task is not None
    assert (task.type, task.payload, task.status, task.priority) == ("mail", '{"to": "a"}', "queued", 100)
    assert (task.compatibility, task.attempts, task.max_attempts, task.max_crashes) == ("{}", 0, 5, 3)
    assert task.created_at_utc == task.updated_at_utc == task.run_after_utc == clock.now()
    assert (task.locked_by, task.error_message, task.idempotency_key, task.finished_at_utc) == (None,) * 4


def test_everything_that_is_said_of_a_task_is_kept(storage: Storage, clock: MovableClock):
    """And reaches the worker that claims it."""
    expires = clock.now() + timedelta(hours=1)
    task_id = put(
        storage,
        priority=7,
        compatibility='{"gpu": true}',
        max_attempts=9,
        max_crashes=2,
        expires_at=expires,
        idempotency_key="k",
        concurrency_key="tenant-1",
        headers='{"trace": "1"}',
        retry=RetryPolicy(initial_seconds=3, factor=4, max_seconds=5, jitter=0),
        timeout_seconds=6.5,
    )
    task = storage.get(task_id)
    assert task is not None
    assert (task.priority, task.compatibility, task.max_attempts, task.max_crashes) == (7, '{"gpu": true}', 9, 2)
    assert (task.expires_at_utc, task.idempotency_key, task.concurrency_key) == (expires, "k", "tenant-1")
    claim = take_one(storage, capabilities={"gpu": True})
    assert (claim.priority, claim.max_attempts, claim.max_crashes, claim.timeout_seconds) == (7, 9, 2, 6.5)
    assert (claim.headers, claim.compatibility) == ('{"trace": "1"}', '{"gpu": true}')
    assert claim.retry == RetryPolicy(initial_seconds=3, factor=4, max_seconds=5, jitter=0)


def test_ids_grow_in_the_order_of_the_call(storage: Storage):
    made = storage.enqueue([NewTask(type=f"type-{n % 3}", payload=str(n)) for n in range(50)])
    ids = [task.id for task in made]
    assert ids == sorted(set(ids))
    assert all(task.created for task in made)
    assert [task.payload for task in map(storage.get, ids) if task] == [str(n) for n in range(50)]


def test_nothing_is_a_call_too(storage: Storage):
    assert storage.enqueue([]) == []
    assert storage.task_counts() == {}


def test_ids_are_not_given_twice(storage: Storage):
    """Also not that of a task which was deleted."""
    first = put(storage)
    storage.execute("DELETE FROM task_queue")
    assert put(storage) > first


def test_a_known_key_gives_the_task_that_has_it(storage: Storage):
    (first,) = storage.enqueue([NewTask(type="mail", payload="1", idempotency_key="k")])
    (second,) = storage.enqueue([NewTask(type="other", payload="2", idempotency_key="k")])
    assert (first.created, second.created, second.id) == (True, False, first.id)
    task = storage.get(first.id)
    assert task is not None
    assert (task.type, task.payload) == ("mail", "1")


def test_a_key_counts_within_one_call(storage: Storage):
    """Tasks with and without keys in one call keep their order."""
    made = storage.enqueue(
        [
            NewTask(type="mail", payload="1"),
            NewTask(type="mail", payload="2", idempotency_key="k"),
            NewTask(type="mail", payload="3"),
            NewTask(type="mail", payload="4", idempotency_key="k"),
            NewTask(type="mail", payload="5"),
        ]
    )
    assert [task.created for task in made] == [True, True, True, False, True]
    assert made[3].id == made[1].id
    assert [task.payload for task in (storage.get(made[n].id) for n in (0, 1, 2, 4)) if task] == ["1", "2", "3", "5"]


def test_a_key_holds_while_its_row_exists(storage: Storage):
    """Finished or not; once the row is deleted the key is free."""
    first = put(storage, idempotency_key="k")
    assert storage.cancel(first)
    assert put(storage, idempotency_key="k") == first
    storage.execute("DELETE FROM task_queue WHERE id = ?", (first,))
    assert put(storage, idempotency_key="k") != first


def test_a_task_that_cannot_be_written_takes_its_whole_call_along(storage: Storage):
    """All or none; and nothing of it stays behind for the next call."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - the driver's own word for a number beyond 64 bits
        storage.enqueue([NewTask(type="fresh", payload="1"), NewTask(type="fresh", payload="2", priority=2**70)])
    assert storage.task_counts() == {}
    assert status(storage, put(storage, "fresh")) == "queued"
    assert len(take(storage)) == 1


def test_a_task_for_later_is_scheduled(storage: Storage, clock: MovableClock):
    later = put(storage, run_after=clock.now() + timedelta(seconds=30))
    past = put(storage, run_after=clock.now() - timedelta(seconds=30))
    assert (status(storage, later), status(storage, past)) == ("scheduled", "queued")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(storage: Storage, engine: Engine, text: str):
    """As type, key, worker id, error and log line it comes back as it went in."""
    task_id = put(storage, text, idempotency_key=text, concurrency_key=text)
    assert put(storage, text, idempotency_key=text) == task_id
    claim = take_one(storage, text, types=frozenset([text]))
    say(storage, claim, text, text)
    assert storage.progress(claim, 0.5, text)
    task = storage.get(task_id)
    assert task is not None
    assert (task.type, task.idempotency_key, task.locked_by, task.progress_message) == (text,) * 4
    assert [worker.worker_id for worker in storage.workers()] == [text]
    assert [tuple(row) for row in storage.execute("SELECT message, details FROM task_logs")] == [(text, text)]
    storage.pause(text)
    assert (storage.paused_types(), storage.types()) == ([text], [text])


def test_two_storages_see_the_same_queue(storage: Storage, other: Storage):
    task_id = put(storage)
    assert taken(take(other)) == [task_id]
