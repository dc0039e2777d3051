"""A row that plain SQL puts in, from any language, is a task like any other; and none of them ever stops a worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from musterq.models import DEFAULT_RETRY, SchedulingStrategy, TaskStatus
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import end, put, say, status, take, take_one, taken
from tests.support import MovableClock

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FORMS = {
    "2026-01-02 03:04:05": MOMENT,
    "2026-01-02T03:04:05": MOMENT,
    "2026-01-02 03:04:05Z": MOMENT,
    "2026-01-02T03:04:05.678Z": MOMENT + timedelta(milliseconds=678),
    "2026-01-02 03:04:05.678": MOMENT + timedelta(milliseconds=678),
    "2026-01-02T05:04:05+02:00": MOMENT,
    "2026-01-01 22:04:05.678-05:00": MOMENT + timedelta(milliseconds=678),
}
TASK_TIMES = [
    "run_after_utc",
    "lease_until_utc",
    "reserved_at_utc",
    "processing_started_utc",
    "finished_at_utc",
    "created_at_utc",
    "updated_at_utc",
    "expires_at_utc",
]
HOSTILE = [
    "'; DROP TABLE task_queue; --",
    "\\0 %00",
    "🦆漢字",
    "x" * 255,
    "worker/../x",
    " a  b ",
    '"{}"',
    "line\nbreak",
]


def put_in(sql: PlainSQL, **columns: object) -> int:
    """INSERT a task; its id."""
    columns = {"type": "mail", "payload": "{}", **columns}
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    ((task_id,),) = sql.execute(
        f"INSERT INTO task_queue ({names}) VALUES ({marks}) RETURNING id", tuple(columns.values())
    )
    return task_id


def moment(value: object) -> datetime:
    """A time as any driver gives it."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


# -- the least, and the whole life -------------------------------------------------------------------
@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_type_and_a_payload_make_a_task(storage: Storage, sql: PlainSQL, strategy: SchedulingStrategy):
    task_id = put_in(sql, payload='{"to": "a"}')
    claim = take_one(storage, strategy=strategy)
    assert (claim.task_id, claim.arguments, claim.priority) == (task_id, {"to": "a"}, 100)
    assert end(storage, claim)
    assert status(storage, task_id) == "completed"


def test_rows_of_both_kinds_are_claimed_in_one_order(storage: Storage, sql: PlainSQL):
    ids = [put_in(sql) if n % 2 else put(storage) for n in range(10)]
    assert taken(take(storage, strategy=SchedulingStrategy.FIFO, limit=10)) == ids


def test_rows_of_both_kinds_are_one_lane(storage: Storage, sql: PlainSQL):
    """A worker that may serve one may serve the other."""
    put(storage, compatibility='{"gpu": true}')
    put_in(sql, compatibility='{"gpu": true}')
    assert len(take(storage, capabilities={"gpu": True}, limit=5)) == 2


def test_many_rows_in_one_statement(storage: Storage, sql: PlainSQL):
    sql.execute("INSERT INTO task_queue (type, payload) VALUES ('a', '1'), ('b', '2'), ('a', '3')")
    sql.execute_many("INSERT INTO task_queue (type, payload) VALUES (?, ?)", [("c", "4"), ("a", "5")])
    assert [claim.payload for claim in take(storage, limit=10)] == ["1", "2", "3", "4", "5"]


def test_a_task_for_later_becomes_scheduled(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """Though it says queued: its time has not come."""
    task_id = put_in(sql, status="queued", run_after_utc=clock.text(3600))
    assert status(storage, task_id) == "scheduled"
    assert take(storage) == []
    clock.advance(3601)
    assert taken(take(storage)) == [task_id]


def test_a_queued_task_can_be_put_off(storage: Storage, sql: PlainSQL, clock: MovableClock):
    task_id = put(storage)
    sql.execute("UPDATE task_queue SET run_after_utc = ? WHERE id = ?", (clock.text(3600), task_id))
    assert status(storage, task_id) == "scheduled"
    assert take(storage) == []


def test_a_scheduled_task_can_be_drawn_near(storage: Storage, sql: PlainSQL, clock: MovableClock):
    task_id = put(storage, run_after=clock.now() + timedelta(hours=1))
    sql.execute("UPDATE task_queue SET run_after_utc = ? WHERE id = ?", (clock.text(-1), task_id))
    assert taken(take(storage)) == [task_id]


@pytest.mark.parametrize(("word", "meaning"), [("leased", "processing"), ("dead_letter", "failed")])
def test_older_words_are_brought_to_the_new_ones(storage: Storage, sql: PlainSQL, word: str, meaning: str):
    put_in_so = put_in(sql, status=word)
    updated = put(storage)
    sql.execute("UPDATE task_queue SET status = ? WHERE id = ?", (word, updated))
    assert (status(storage, put_in_so), status(storage, updated)) == (meaning, meaning)


def test_a_queue_can_be_requeued_by_update(storage: Storage, sql: PlainSQL):
    """What people type to run everything again that failed."""
    for _ in range(3):
        put(storage)
    for claim in take(storage, limit=3):
        end(storage, claim, TaskStatus.FAILED, error="bad")
    sql.execute("UPDATE task_queue SET status = 'queued', attempts = 0 WHERE status = 'failed'")
    assert len(take(storage, limit=5)) == 3


# -- times -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("column", TASK_TIMES)
def test_times_of_a_task_may_have_any_form(storage: Storage, sql: PlainSQL, column: str, text: str):
    """Whether they are put in or changed."""
    inserted = storage.get(put_in(sql, status="completed", **{column: text}))
    assert getattr(inserted, column) == FORMS[text]
    updated = put(storage)
    sql.execute(f"UPDATE task_queue SET {column} = ? WHERE id = ?", (text, updated))
    assert getattr(storage.get(updated), column) == FORMS[text]


@pytest.mark.parametrize("text", FORMS)
def test_a_beat_may_have_any_form(storage: Storage, sql: PlainSQL, text: str):
    sql.execute("INSERT INTO workers (worker_id, capabilities, heartbeat_utc) VALUES ('a', '{}', ?)", (text,))
    storage.register("b", "{}")
    sql.execute("UPDATE workers SET heartbeat_utc = ? WHERE worker_id = 'b'", (text,))
    assert [worker.heartbeat_utc for worker in storage.workers()] == [FORMS[text]] * 2


@pytest.mark.parametrize("text", FORMS)
def test_a_log_line_may_have_any_form(storage: Storage, sql: PlainSQL, text: str):
    sql.execute("INSERT INTO task_logs (task_id, at_utc, level) VALUES (?, ?, 'INFO')", (put(storage), text))
    assert moment(sql.execute("SELECT at_utc FROM task_logs")[0][0]) == FORMS[text]


def test_forms_do_not_disturb_the_order(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """What is due is told by the moment, not by the letters."""
    soon = (clock.now() + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    later = (clock.now() + timedelta(minutes=20)).strftime("%Y-%m-%d %H:%M:%S")
    first, second = put_in(sql, run_after_utc=soon), put_in(sql, run_after_utc=later)
    assert storage.seconds_to_next_due() == 600
    clock.advance(600)
    assert taken(take(storage, limit=5, lease_seconds=3600)) == [first]
    clock.advance(600)
    assert taken(take(storage, limit=5)) == [second]


# -- claims by plain SQL -----------------------------------------------------------------------------
def test_a_lease_that_was_put_in_is_a_lease(storage: Storage, sql: PlainSQL, clock: MovableClock):
    task_id = put_in(sql, status="leased", locked_by="worker-x", lease_until_utc=clock.text(30))
    assert take(storage) == []
    clock.advance(31)
    assert taken(take(storage)) == [task_id]


@pytest.mark.parametrize("seconds", [10, 300])
def test_a_lease_that_was_changed_counts_as_it_reads(
    storage: Storage, sql: PlainSQL, clock: MovableClock, seconds: int
):
    """Sooner or later than what the claim said."""
    put(storage)
    claim = take_one(storage, lease_seconds=60)
    sql.execute("UPDATE task_queue SET lease_until_utc = ? WHERE id = ?", (clock.text(seconds), claim.task_id))
    clock.advance(seconds - 1)
    assert take(storage, "worker-2") == []
    clock.advance(2)
    assert taken(take(storage, "worker-2")) == [claim.task_id]


def test_a_row_that_is_processing_is_held_by_no_token(storage: Storage, sql: PlainSQL):
    """It has no claim that could be finished; it comes back when its lease is over."""
    put(storage)
    claim = take_one(storage)
    sql.execute("DELETE FROM task_queue")
    task_id = put_in(sql, id=claim.task_id, status="processing", locked_by="worker-1")
    assert not end(storage, claim)
    assert status(storage, task_id) == "processing"


# -- what is broken ----------------------------------------------------------------------------------
BROKEN_PAYLOADS = ["", "{", "not json", "NaN", "{'a': 1}", '{"a": 1} x', "[" * 100_000, '"\\ud800"', "\ufeff{}"]


@pytest.mark.parametrize("payload", BROKEN_PAYLOADS, ids=lambda text: repr(text[:8]))
def test_a_broken_payload_fails_its_task_alone(storage: Storage, sql: PlainSQL, payload: str):
    """With words that say what it is; its neighbours are claimed in the same call."""
    broken, sound = put_in(sql, payload=payload), put(storage)
    assert taken(take(storage, limit=5)) == [sound]
    task = storage.get(broken)
    assert task is not None
    assert (task.status, task.attempts, task.locked_by) == ("failed", 0, None)
    assert "payload" in (task.error_message or "")


BROKEN_COMPATIBILITIES = ["", "{", "[]", "null", '"gpu"', '{"cpu": {"more": 8}}', '{"a": {"min": "x"}}', '{"a": NaN}']


@pytest.mark.parametrize("compatibility", [*BROKEN_COMPATIBILITIES, '{"a": ' * 5000], ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_compatibility_that_means_nothing_suits_nobody(
    storage: Storage, sql: PlainSQL, compatibility: str, strategy: SchedulingStrategy
):
    """Its task waits; the others are claimed."""
    unservable, sound = put_in(sql, compatibility=compatibility, priority=1), put(storage)
    assert taken(take(storage, strategy=strategy, limit=5, capabilities={"cpu": 8, "a": 1})) == [sound]
    assert status(storage, unservable) == "queued"


def test_a_compatibility_that_was_mended_is_claimed(storage: Storage, sql: PlainSQL):
    task_id = put_in(sql, compatibility="{broken")
    assert take(storage) == []
    sql.execute("UPDATE task_queue SET compatibility = '{}' WHERE id = ?", (task_id,))
    assert taken(take(storage)) == [task_id]


@pytest.mark.parametrize("priority", [-(2**63), -1, 0, 1001, 1023, 1024, 2**31, 2**63 - 1])
@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_priority_out_of_range_is_claimed_all_the_same(
    storage: Storage, sql: PlainSQL, priority: int, strategy: SchedulingStrategy
):
    task_id, normal = put_in(sql, priority=priority), put(storage, priority=500)
    claims = take(storage, strategy=strategy, limit=5)
    assert sorted(taken(claims)) == [task_id, normal]
    if strategy is SchedulingStrategy.PRIORITY:
        assert taken(claims) == ([task_id, normal] if priority < 500 else [normal, task_id])


BROKEN_POLICIES = [
    "{broken",
    '{"factor": "x"}',
    "[1]",
    "null",
    "[" * 5000,
    '{"initial_seconds": 1e300, "max_seconds": 1e300}',
    '{"initial_seconds": 1e12, "max_seconds": 1e12}',
    '{"initial_seconds": -1}',
    '{"initial_seconds": 9, "max_seconds": 1}',
    '{"jitter": 7}',
]


@pytest.mark.parametrize("policy", BROKEN_POLICIES, ids=lambda text: text[:24])
def test_a_broken_retry_policy_is_the_default(storage: Storage, sql: PlainSQL, policy: str):
    put_in(sql, retry_policy=policy)
    assert take_one(storage).retry == DEFAULT_RETRY


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(storage: Storage, sql: PlainSQL, text: str):
    task_id = put_in(sql, type=text, idempotency_key=text, concurrency_key=text)
    sql.execute("INSERT INTO workers (worker_id, capabilities) VALUES (?, '{}')", (text,))
    assert put(storage, "other", idempotency_key=text) == task_id
    claim = take_one(storage, text, types=frozenset([text]))
    assert (claim.type, claim.worker_id) == (text, text)
    assert storage.remove_worker(text)
    assert status(storage, task_id) == "queued"


def test_an_unknown_status_is_counted_and_left_alone(storage: Storage, sql: PlainSQL, clock: MovableClock):
    task_id = put_in(sql, status="on hold")
    assert (take(storage), storage.cancel(task_id), storage.retry(task_id)) == ([], False, False)
    assert storage.metrics().depth_by_status == {"on hold": 1}
    sql.execute("UPDATE task_queue SET status = 'queued' WHERE id = ?", (task_id,))
    assert taken(take(storage)) == [task_id]


# -- what goes along ---------------------------------------------------------------------------------
def test_deleting_a_task_takes_its_logs_and_attempts_along(storage: Storage, sql: PlainSQL):
    keep, drop = put(storage), put(storage)
    for claim in take(storage, limit=2):
        say(storage, claim, "line")
        end(storage, claim, TaskStatus.FAILED, error="bad")
    sql.execute("DELETE FROM task_queue WHERE id = ?", (drop,))
    for table in ("task_logs", "task_attempts"):
        assert [tuple(row) for row in sql.execute(f"SELECT task_id FROM {table}")] == [(keep,)]
