"""What SQLite takes into a column although it is not of its kind: none of it stops a worker or spoils a count."""

from __future__ import annotations

import sqlite3

import pytest

from musterq.models import SchedulingStrategy, TaskFilter
from musterq.storage.base import Storage
from tests.storage.making import put, status, take, take_one, taken
from tests.support import MovableClock

INSERT = "INSERT INTO task_queue (type, payload) VALUES"
WRONG_TIMES = [
    "",
    "soon",
    "2026-99-99 00:00:00.000",
    "2026-02-30 25:61:61.999",
    "2026-02-30",
    "0000-01-01 00:00:00.000",
]
TIMES = ["created_at_utc", "run_after_utc", "lease_until_utc", "expires_at_utc", "finished_at_utc", "updated_at_utc"]


# -- text that is not UTF-8 --------------------------------------------------------------------------
@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_payload_that_is_not_utf8_fails_its_task_alone(
    storage: Storage, shell: sqlite3.Connection, strategy: SchedulingStrategy
):
    shell.execute(f"{INSERT} ('mail', CAST(x'7B2261223A2022FF227D' AS TEXT))")
    sound = put(storage)
    assert taken(take(storage, strategy=strategy, limit=5)) == [sound]
    assert status(storage, 1) == "failed"
    task = storage.get(1)
    assert task is not None
    assert "payload" in (task.error_message or "")


def test_a_payload_that_is_a_blob_is_read_as_json_or_fails(storage: Storage, shell: sqlite3.Connection):
    shell.execute(f"{INSERT} ('mail', x'7B7D'), ('mail', x'FF00')")
    assert [claim.arguments for claim in take(storage, limit=5)] == [{}]
    assert status(storage, 2) == "failed"


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_type_that_is_not_utf8_stops_nobody(
    storage: Storage, shell: sqlite3.Connection, strategy: SchedulingStrategy
):
    """It can be seen, and workers of other types go on."""
    shell.execute(f"{INSERT} (CAST(x'6DFF' AS TEXT), '{{}}')")
    sound = put(storage)
    assert taken(take(storage, strategy=strategy, types=frozenset(["mail"]), limit=5)) == [sound]
    assert len(storage.types()) == 2
    assert storage.metrics().depth_by_status == {"queued": 1, "processing": 1}
    assert sum(storage.task_counts().values()) == 2
    assert len(storage.find(TaskFilter())) == 2
    storage.waiter().close()
    assert storage.rescue_expired().queued == ()
    assert storage.seconds_to_next_due() is None


def test_a_compatibility_that_is_not_utf8_suits_nobody(storage: Storage, shell: sqlite3.Connection):
    shell.execute(
        "INSERT INTO task_queue (type, payload, compatibility) VALUES ('mail', '{}', CAST(x'7BFF7D' AS TEXT))"
    )
    sound = put(storage)
    assert taken(take(storage, limit=5)) == [sound]
    assert status(storage, 1) == "queued"


def test_a_worker_that_is_not_utf8_stops_nobody(storage: Storage, shell: sqlite3.Connection, clock: MovableClock):
    shell.execute("INSERT INTO workers (worker_id, capabilities) VALUES (CAST(x'FF' AS TEXT), CAST(x'FE' AS TEXT))")
    shell.execute(
        f"INSERT INTO task_queue (type, payload, status, locked_by, updated_at_utc) "
        f"VALUES ('mail', '{{}}', 'processing', CAST(x'FD' AS TEXT), '{clock.text(-3600)}')"
    )
    storage.register("worker-1", "{}")
    sound = put(storage)
    assert taken(take(storage, "worker-1")) == [sound]
    assert storage.rescue_expired().queued == (1,)
    assert len(storage.workers()) == len(storage.worker_activity()) == storage.metrics().total_workers == 2
    assert [worker.worker_id for worker in storage.active_workers(1e9)][-1] is not None
    assert storage.remove_worker("worker-1")


def test_other_texts_that_are_not_utf8_are_shown_with_escapes(storage: Storage, shell: sqlite3.Connection):
    put(storage)
    shell.execute("UPDATE task_queue SET error_message = CAST(x'61FF' AS TEXT), idempotency_key = CAST(x'FE' AS TEXT)")
    task = storage.get(1)
    assert task is not None
    assert (task.error_message, task.idempotency_key) == ("a\\xff", "\\xfe")


# -- values of another kind --------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["'high'", "''", "50.5", "-0.5", "1e300", "x'FF'", "'12'", "'100 '", "5.0", "1023.5"])
@pytest.mark.parametrize("strategy", SchedulingStrategy)
@pytest.mark.parametrize("how", ["insert", "update"])
def test_a_priority_that_is_no_integer_is_claimed_all_the_same(
    storage: Storage, shell: sqlite3.Connection, strategy: SchedulingStrategy, value: str, how: str
):
    """By every strategy, and it keeps no other task from being claimed."""
    if how == "insert":
        shell.execute(f"INSERT INTO task_queue (type, payload, priority) VALUES ('mail', '{{}}', {value})")
    else:
        shell.execute(f"{INSERT} ('mail', '{{}}')")
        shell.execute(f"UPDATE task_queue SET priority = {value}")
    ids = [1, put(storage, priority=1), put(storage, priority=1000)]
    claimed: list[int] = []
    for _ in ids:
        claimed += taken(take(storage, strategy=strategy, limit=1, seed=1))
    assert sorted(claimed) == ids
    assert take(storage, strategy=strategy) == []


@pytest.mark.parametrize("value", ["'many'", "2.5", "x'FF'", "-3", "9223372036854775807"])
@pytest.mark.parametrize("column", ["attempts", "max_attempts", "crashes", "max_crashes", "held", "cancel_requested"])
def test_a_number_of_another_kind_stops_nobody(
    storage: Storage, shell: sqlite3.Connection, clock: MovableClock, column: str, value: str
):
    """Its task may end oddly; every verb goes on, and the counts stay right."""
    shell.execute(f"INSERT INTO task_queue (type, payload, {column}) VALUES ('mail', '{{}}', {value})")
    sound = put(storage)
    assert sound in taken(take(storage, limit=5))
    clock.advance(61)
    storage.rescue_expired()
    storage.metrics()
    storage.find(TaskFilter())
    assert storage.get(1) is not None


@pytest.mark.parametrize("text", WRONG_TIMES)
@pytest.mark.parametrize("column", TIMES)
@pytest.mark.parametrize("how", ["insert", "update"])
def test_a_time_that_is_none_stops_nobody(  # noqa: PLR0917 - fixtures and parameters
    storage: Storage, shell: sqlite3.Connection, clock: MovableClock, column: str, text: str, how: str
):
    """Claims, listings, metrics and the scheduler go on; the other task is claimed."""
    if how == "insert":
        shell.execute(f"INSERT INTO task_queue (type, payload, {column}) VALUES ('mail', '{{}}', ?)", (text,))
    else:
        put(storage)
        shell.execute(f"UPDATE task_queue SET {column} = ?", (text,))
    sound = put(storage)
    storage.metrics()
    storage.seconds_to_next_due()
    storage.get(1)
    storage.find(TaskFilter())
    assert sound in taken(take(storage, limit=5))
    clock.advance(61)
    storage.rescue_expired()


@pytest.mark.parametrize("text", WRONG_TIMES)
def test_a_beat_that_is_no_time_stops_nobody(storage: Storage, shell: sqlite3.Connection, text: str):
    storage.register("worker-1", "{}")
    shell.execute("INSERT INTO workers (worker_id, capabilities, heartbeat_utc) VALUES ('worker-2', '{}', ?)", (text,))
    shell.execute("UPDATE workers SET heartbeat_utc = ? WHERE worker_id = 'worker-1'", (text,))
    assert len(storage.workers()) == len(storage.worker_activity()) == storage.metrics().total_workers == 2
    storage.active_workers(60)
    storage.stale_workers(300)
    assert storage.worker("worker-1") is not None
    assert storage.rescue_expired().queued == ()


def test_times_stand_in_one_form(storage: Storage, shell: sqlite3.Connection):
    """Readable and in order in a shell, whatever was put in."""
    columns = [
        "run_after_utc",
        "lease_until_utc",
        "reserved_at_utc",
        "processing_started_utc",
        "finished_at_utc",
        "created_at_utc",
        "updated_at_utc",
        "expires_at_utc",
    ]
    marks = ", ".join("?" * len(columns))
    given = ["2026-01-02T05:04:05+02:00"] * len(columns)
    shell.execute(f"INSERT INTO task_queue (type, payload, {', '.join(columns)}) VALUES ('a', '1', {marks})", given)
    shell.execute("INSERT INTO workers (worker_id, capabilities, heartbeat_utc) VALUES ('a', '{}', ?)", given[:1])
    shell.execute("INSERT INTO task_logs (task_id, level, at_utc) VALUES (1, 'INFO', ?)", given[:1])
    seen = {*shell.execute(f"SELECT {', '.join(columns)} FROM task_queue").fetchone()}
    seen |= {*shell.execute("SELECT heartbeat_utc FROM workers").fetchone()}
    seen |= {*shell.execute("SELECT at_utc FROM task_logs").fetchone()}
    assert seen == {"2026-01-02 03:04:05.000"}


def test_nul_in_text_is_only_text(storage: Storage):
    """SQLite keeps it, though a shell shows only what is before it."""
    text = "before\0after"
    task_id = put(storage, text, idempotency_key=text)
    assert put(storage, "other", idempotency_key=text) == task_id
    assert take_one(storage, text, types=frozenset([text])).type == text
    assert storage.types() == [text]


# -- what a claim reads ------------------------------------------------------------------------------
NONSENSE = ["'many'", "x'00ff'", "''"]


@pytest.mark.parametrize("value", NONSENSE)
def test_a_claim_holds_numbers_whatever_the_row_holds(storage: Storage, shell: sqlite3.Connection, value: str):
    """What is no number is as if nothing had been said, so that a worker can calculate with it."""
    columns = ["priority", "attempts", "max_attempts", "crashes", "max_crashes", "timeout_seconds"]
    put(storage)
    shell.execute(f"UPDATE task_queue SET {', '.join(f'{column} = {value}' for column in columns)}")
    claim = take_one(storage)
    assert [getattr(claim, column) for column in columns] == [100, 1, 5, 0, 3, None]


@pytest.mark.parametrize("value", ["-1.0", "9e999", "1e300"])
def test_a_timeout_that_is_no_time_is_none(storage: Storage, shell: sqlite3.Connection, value: str):
    put(storage)
    shell.execute(f"UPDATE task_queue SET timeout_seconds = {value}")
    assert take_one(storage).timeout_seconds is None


def test_capabilities_that_are_a_blob_are_read_as_text(storage: Storage, shell: sqlite3.Connection):
    storage.register("worker-1", "{}")
    shell.execute("UPDATE workers SET capabilities = CAST('{\"gpu\": true}' AS BLOB)")
    task_id = put(storage, compatibility='{"gpu": true}')
    assert taken(take(storage)) == [task_id]


@pytest.mark.parametrize("value", ["x'ff00'", "x''", "'" + "[" * 100_000 + "'", "'[7]'", "7"], ids=lambda v: v[:8])
def test_a_worker_whose_capabilities_mean_nothing_can_do_nothing(
    storage: Storage, shell: sqlite3.Connection, value: str
):
    """It serves the tasks that ask for nothing."""
    storage.register("worker-1", "{}")
    shell.execute(f"UPDATE workers SET capabilities = {value}")
    put(storage, compatibility='{"gpu": true}')
    asks_nothing = put(storage)
    assert taken(take(storage, limit=5)) == [asks_nothing]
