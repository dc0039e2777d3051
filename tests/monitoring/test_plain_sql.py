"""Rows that plain SQL puts in, changes and deletes are counted like any others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.monitoring import QueueMonitoring


@pytest.fixture
def database(tmp_path: Path) -> Iterator[QueueDatabase]:
    """On the real clock, since SQLite's own ``now`` is part of these statements."""
    with QueueDatabase(tmp_path / "queue.db") as database:
        database.initialize_schema()
        yield database


@pytest.fixture
def shell(database: QueueDatabase) -> Iterator[sqlite3.Connection]:
    """A connection of somebody else's, as a shell or a program in another language has."""
    connection = sqlite3.connect(database.location, isolation_level=None, timeout=30)
    yield connection
    connection.close()


def depths(monitoring: QueueMonitoring) -> dict[str, int]:
    depth: dict[str, int] = monitoring.get_queue_metrics()["queue_depth_by_status"]
    return depth


def test_the_least_that_makes_a_task(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """A type and a payload; everything else by default."""
    shell.execute("INSERT INTO task_queue(type, payload) VALUES ('mail', '{}')")
    metrics = monitoring.get_queue_metrics()
    assert metrics["queue_depth_by_status"] == {"queued": 1}
    assert metrics["queue_depth_by_type"] == {"mail": 1}
    assert metrics["oldest_queued_task_age_seconds"] in {0, 1}


def test_rows_of_every_status(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """The older words are brought to the new ones: leased is processing, dead_letter is failed."""
    for status, count in {
        "queued": 4,
        "leased": 1,
        "processing": 2,
        "completed": 6,
        "failed": 1,
        "dead_letter": 1,
        "cancelled": 3,
    }.items():
        for _ in range(count):
            shell.execute("INSERT INTO task_queue(type, payload, status) VALUES ('mail', '{}', ?)", (status,))
    metrics = monitoring.get_queue_metrics()
    assert metrics["queue_depth_by_status"] == {
        "queued": 4,
        "processing": 3,
        "completed": 6,
        "failed": 2,
        "cancelled": 3,
    }
    assert metrics["queue_depth_by_type"] == {"mail": 4}
    assert (metrics["success_rate"], metrics["failure_rate"]) == (0.75, 0.25)
    assert {status: figures["count"] for status, figures in metrics["task_statistics"].items()} == {
        "completed": 6,
        "failed": 2,
    }


def test_a_status_written_by_update_moves_the_counts(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """Through a whole life, older words included, and to another type."""
    shell.execute("INSERT INTO task_queue(type, payload) VALUES ('mail', '{}'), ('mail', '{}')")
    for status, depth in [
        ("leased", {"queued": 1, "processing": 1}),
        ("processing", {"queued": 1, "processing": 1}),
        ("completed", {"queued": 1, "completed": 1}),
        ("dead_letter", {"queued": 1, "failed": 1}),
        ("queued", {"queued": 2}),
    ]:
        shell.execute("UPDATE task_queue SET status = ? WHERE id = 1", (status,))
        assert depths(monitoring) == depth
    shell.execute("UPDATE task_queue SET type = 'video' WHERE id = 1")
    assert monitoring.get_queue_metrics()["queue_depth_by_type"] == {"mail": 1, "video": 1}


def test_deleted_rows_are_no_longer_counted(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """One, some, and all at once."""
    shell.executemany("INSERT INTO task_queue(type, payload, status) VALUES ('mail', '{}', ?)", [("queued",)] * 5)
    shell.execute("DELETE FROM task_queue WHERE id = 3")
    assert depths(monitoring) == {"queued": 4}
    shell.execute("DELETE FROM task_queue WHERE id > 4")
    assert depths(monitoring) == {"queued": 3}
    shell.execute("DELETE FROM task_queue")
    assert depths(monitoring) == {}
    assert monitoring.get_queue_metrics()["oldest_queued_task_age_seconds"] is None


def test_a_transaction_that_is_rolled_back_changes_nothing(
    monitoring: QueueMonitoring, shell: sqlite3.Connection
) -> None:
    """Nor does one that is not committed yet."""
    shell.execute("BEGIN")
    shell.execute("INSERT INTO task_queue(type, payload) VALUES ('mail', '{}')")
    assert depths(monitoring) == {}
    shell.execute("ROLLBACK")
    assert depths(monitoring) == {}


@pytest.mark.parametrize(
    "created", ["datetime('now', '-300 seconds')", "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-300 seconds')"]
)
def test_a_creation_time_in_the_past_is_the_age(
    monitoring: QueueMonitoring, shell: sqlite3.Connection, created: str
) -> None:
    """Also where the row came after a younger one, and its other times are by default."""
    shell.execute("INSERT INTO task_queue(type, payload) VALUES ('mail', '{}')")
    shell.execute(f"INSERT INTO task_queue(type, payload, created_at_utc) VALUES ('mail', '{{}}', {created})")
    assert monitoring.get_queue_metrics()["oldest_queued_task_age_seconds"] in range(300, 310)


def test_a_creation_time_set_afterwards_is_the_age(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """An UPDATE counts as well as an INSERT."""
    shell.execute("INSERT INTO task_queue(type, payload) VALUES ('mail', '{}')")
    shell.execute("UPDATE task_queue SET created_at_utc = datetime('now', '-300 seconds')")
    assert monitoring.get_queue_metrics()["oldest_queued_task_age_seconds"] in range(300, 310)


def test_a_row_that_is_due_later_is_scheduled(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """A queued row whose run_after_utc lies in the future waits for it."""
    shell.execute(
        "INSERT INTO task_queue(type, payload, run_after_utc) VALUES ('mail', '{}', datetime('now', '+1 hour'))"
    )
    metrics = monitoring.get_queue_metrics()
    assert metrics["queue_depth_by_status"] == {"scheduled": 1}
    assert metrics["queue_depth_by_type"] == {}
    assert metrics["oldest_queued_task_age_seconds"] is None


def test_run_times_of_plain_rows_count(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """Whoever finishes tasks by plain SQL is in the statistics."""
    shell.execute("INSERT INTO task_queue(type, payload) VALUES ('mail', '{}'), ('mail', '{}')")
    shell.execute(
        "UPDATE task_queue SET status = 'leased', attempts = id, processing_started_utc = '2024-05-06 07:00:00'"
    )
    shell.execute(
        "UPDATE task_queue SET status = 'completed',"
        " finished_at_utc = datetime(processing_started_utc, (id * 2) || ' seconds')"
    )
    figures = monitoring.get_queue_metrics()["task_statistics"]["completed"]
    assert figures["count"] == 2
    assert figures["avg_attempts"] == pytest.approx(1.5)
    assert figures["avg_run_seconds"] == pytest.approx(3.0, abs=0.01)


def test_workers_of_plain_sql_are_counted(monitoring: QueueMonitoring, shell: sqlite3.Connection) -> None:
    """By the age of what was written, with and without a default."""
    shell.execute("INSERT INTO workers(worker_id, capabilities) VALUES ('new', '{}')")
    shell.execute("INSERT INTO workers VALUES ('middle', '{}', datetime('now', '-100 seconds'))")
    shell.execute("INSERT INTO workers VALUES ('old', '{}', datetime('now', '-400 seconds'))")
    metrics = monitoring.get_queue_metrics()
    assert (metrics["total_workers"], metrics["active_workers"], metrics["stale_workers"]) == (3, 1, 1)
    shell.execute("DELETE FROM workers WHERE worker_id = 'old'")
    metrics = monitoring.get_queue_metrics()
    assert (metrics["total_workers"], metrics["active_workers"], metrics["stale_workers"]) == (2, 1, 0)
