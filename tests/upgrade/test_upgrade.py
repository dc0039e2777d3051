"""initialize_schema() brings a database of the older layout up to date in place, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueSchemaError
from musterq.models import ClaimRequest
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock
from tests.upgrade import older_layout
from tests.upgrade.older_layout import LOGS, TASKS, TIMES, WORKERS, one, rows, run, task

NEW_WORDS = {"leased": "processing", "dead_letter": "failed"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def upgraded(path: Path) -> Path:
    older_layout.build(path)
    initialize(path)
    return path


def initialize(path: Path) -> None:
    with QueueDatabase(path) as database:
        database.initialize_schema()


def in_new_form(row: dict[str, Any]) -> dict[str, Any]:
    """What becomes of a row: times with milliseconds, statuses in the new words, a lease for whatever is held."""
    new = {name: _time(value) if name in TIMES and value else value for name, value in row.items()}
    if "status" in new:
        new["status"] = NEW_WORDS.get(new["status"], new["status"])
        if new["status"] == "queued" and new["run_after_utc"] > "2900":
            new["status"] = "scheduled"
        if new["status"] == "processing" and not new["lease_until_utc"]:
            new["lease_until_utc"] = new["updated_at_utc"]  # nobody alive holds it
    return new


def _time(text: str) -> str:
    return f"{text.replace('T', ' ').removesuffix('Z')}.000"[:23]


@pytest.mark.parametrize("task_id", TASKS)
def test_a_task_keeps_everything(upgraded: Path, task_id: int) -> None:
    """Its id and every column; what a lease says stays, too."""
    old = task(task_id)
    (new,) = rows(upgraded, f"(SELECT * FROM task_queue WHERE id = {task_id})", "id", list(old))
    assert new == in_new_form(old)


def test_no_task_is_lost_or_added(upgraded: Path) -> None:
    """The same ids."""
    assert [row["id"] for row in rows(upgraded, "task_queue", "id", ["id"])] == list(TASKS)


def test_logs_and_workers_keep_everything(upgraded: Path) -> None:
    """Their ids, texts and times."""
    assert rows(upgraded, "task_logs", "log_id", list(LOGS[0])) == [in_new_form(row) for row in LOGS]
    assert rows(upgraded, "workers", "worker_id", list(WORKERS[0])) == [in_new_form(row) for row in WORKERS]


def test_an_id_that_was_given_is_never_given_again(upgraded: Path) -> None:
    """AUTOINCREMENT goes on where it stood, although the last rows were deleted before."""
    run(upgraded, "INSERT INTO task_queue(type, payload) VALUES ('new', '{}')")
    run(upgraded, "INSERT INTO task_logs(task_id, level) VALUES (1, 'INFO')")
    assert one(upgraded, "SELECT max(id) FROM task_queue") == older_layout.LAST_TASK_ID + 1
    assert one(upgraded, "SELECT max(log_id) FROM task_logs") == older_layout.LAST_LOG_ID + 1


def test_generated_columns_are_kept_and_go_on(upgraded: Path) -> None:
    """For the old rows and for new ones."""
    assert one(upgraded, "SELECT region || '/' || format FROM task_queue WHERE id = 1") == "EU/mp4"
    run(
        upgraded,
        "INSERT INTO task_queue(type, payload, compatibility)"
        """ VALUES ('new', '{"format": "ogg"}', '{"region": "US"}')""",
    )
    assert one(upgraded, "SELECT type FROM task_queue WHERE region = 'US' AND format = 'ogg'") == "new"


def test_indexes_on_generated_columns_do_not_hinder(path: Path) -> None:
    """Whatever becomes of them, the columns are there."""
    older_layout.build(path)
    run(path, older_layout.GENERATED_INDEXES)
    initialize(path)
    assert one(path, "SELECT id FROM task_queue WHERE region = 'EU'") == 1


def test_a_database_without_generated_columns_gets_none(path: Path) -> None:
    """They are kept, never made."""
    older_layout.build(path, generated=False)
    initialize(path)
    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_xinfo(task_queue)")]
    assert "region" not in columns
    assert "format" not in columns
    assert len(rows(path, "task_queue", "id", ["id"])) == len(TASKS)


@pytest.mark.parametrize("journal", ["wal", "delete", "truncate", "persist"])
def test_any_journal(path: Path, journal: str) -> None:
    """However the older program opened its file."""
    older_layout.build(path, journal=journal)
    initialize(path)
    assert one(path, "SELECT count(*) FROM task_queue") == len(TASKS)
    assert one(path, "PRAGMA integrity_check") == "ok"


def test_views_that_were_not_there_are_made(path: Path) -> None:
    """Not every older database has them."""
    older_layout.build(path, views=False)
    initialize(path)
    assert one(path, "SELECT count(*) FROM task_queue") == len(TASKS)
    assert one(path, "SELECT sum(task_count) FROM v_queue_status_summary") == len(TASKS)


def test_the_file_is_sound_afterwards(upgraded: Path) -> None:
    """By SQLite's own checks."""
    with closing(sqlite3.connect(upgraded)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_counters_equal_a_full_count(upgraded: Path) -> None:
    """Depths, statistics and workers, as if the rows had been counted from the first."""
    expected = [in_new_form(task(task_id)) for task_id in TASKS]
    with QueueDatabase(upgraded) as database:
        metrics = QueueMonitoring(database).get_queue_metrics()
        counts = database.storage.task_counts()
    assert {(type, status.value): n for (type, status), n in counts.items()} == Counter(
        (row["type"], row["status"]) for row in expected
    )
    assert metrics["queue_depth_by_status"] == Counter(row["status"] for row in expected)
    assert metrics["queue_depth_by_type"] == Counter(row["type"] for row in expected if row["status"] == "queued")
    assert (metrics["success_rate"], metrics["failure_rate"]) == (0.5, 0.5)
    assert metrics["task_statistics"]["failed"]["avg_attempts"] == 5.0
    assert metrics["task_statistics"]["completed"]["avg_run_seconds"] == pytest.approx(10.0, abs=0.01)
    assert (metrics["total_workers"], metrics["active_workers"], metrics["stale_workers"]) == (3, 0, 3)
    assert metrics["oldest_queued_task_age_seconds"] > 365 * 86400


def test_counters_go_on_being_right(upgraded: Path) -> None:
    """Plain SQL after the upgrade is counted."""
    run(
        upgraded,
        """
        INSERT INTO task_queue(type, payload) VALUES ('new', '{}');
        UPDATE task_queue SET status = 'completed' WHERE id = 1;
        UPDATE task_queue SET status = 'dead_letter' WHERE id = 2;
        DELETE FROM task_queue WHERE status = 'processing';
        """,
    )
    with QueueDatabase(upgraded) as database:
        counted = QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"]
        scanned = database.execute("SELECT status, count(*) FROM task_queue GROUP BY status").fetchall()
    assert counted == dict(tuple(row) for row in scanned)
    assert counted["failed"] == 3


def test_an_idempotency_key_is_still_a_conflict(upgraded: Path) -> None:
    """The statements that older programs use, with DO NOTHING and DO UPDATE."""
    with closing(sqlite3.connect(upgraded, isolation_level=None)) as connection:
        insert = "INSERT INTO task_queue(type, payload, idempotency_key) VALUES ('new', '{}', ?)"
        target = " ON CONFLICT(idempotency_key) WHERE idempotency_key IS NOT NULL"
        connection.execute(insert + target + " DO NOTHING", ("key-2",))
        connection.execute(insert + target + " DO UPDATE SET priority = 7", ("key-14",))
        connection.execute(insert + target + " DO NOTHING", ("key-new",))
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(insert, ("key-10",))
    assert one(upgraded, "SELECT count(*) FROM task_queue WHERE type = 'new'") == 1
    assert one(upgraded, "SELECT priority FROM task_queue WHERE idempotency_key = 'key-14'") == 7


def test_deleting_a_task_takes_its_logs_along(upgraded: Path) -> None:
    """Also for a connection that does not enforce foreign keys."""
    run(upgraded, "DELETE FROM task_queue WHERE id = 9")
    assert [row["task_id"] for row in rows(upgraded, "task_logs", "log_id", ["task_id"])] == [1, 12]


def test_every_waiting_task_is_claimed(upgraded: Path) -> None:
    """With its payload as it was, what nobody holds any more included; one that is due later waits."""
    with QueueDatabase(upgraded) as database:
        request = ClaimRequest(worker_id="new", limit=100, capabilities={"region": "EU", "gpu": True})
        claims = {claim.task_id: claim for claim in database.storage.claim(request)}
    assert set(claims) == {1, 2, 3, 5, 7, 8, 15, 16, 17, 20}
    assert claims[1].arguments == {"format": "mp4", "n": 1}
    assert one(upgraded, "SELECT status FROM task_queue WHERE id = 14") == "scheduled"


def test_a_broken_payload_fails_its_own_task_alone(path: Path) -> None:
    """Databases without generated columns may hold payloads that are no JSON; the text is kept."""
    older_layout.build(path, generated=False)
    run(path, "UPDATE task_queue SET payload = '{broken' WHERE id = 2")
    initialize(path)
    with QueueDatabase(path) as database:
        claims = database.storage.claim(ClaimRequest(worker_id="new", limit=100))
    assert 2 not in {claim.task_id for claim in claims}
    assert one(path, "SELECT payload || status FROM task_queue WHERE id = 2") == "{brokenfailed"


def test_what_was_held_goes_back_when_its_lease_is_over(path: Path) -> None:
    """The old leases that are over at once; whatever had none, or one of today, once that is over, too."""
    clock = MovableClock()
    older_layout.build(path)
    run(path, f"UPDATE task_queue SET lease_until_utc = '{clock.text(3600)[:19]}' WHERE id = 6")
    with QueueDatabase(path, clock=clock) as database:
        database.initialize_schema()
        first = set(database.storage.rescue_expired().queued)
        assert {5, 8} <= first
        assert 6 not in first
        clock.advance(3601)
        later = set(database.storage.rescue_expired().queued)
        assert first | later == {5, 6, 7, 8}
        assert QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"].get("processing") is None


def test_a_second_call_changes_nothing(upgraded: Path) -> None:
    """Another connection sees no commit, and the same schema and rows."""
    with closing(sqlite3.connect(upgraded)) as observer:

        def seen() -> tuple[Any, list[Any], list[Any]]:
            schema = observer.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
            return (
                observer.execute("PRAGMA data_version").fetchone(),
                schema,
                list(observer.execute("SELECT * FROM task_logs")),
            )

        before = seen()
        initialize(upgraded)
        assert seen() == before


def test_an_upgraded_database_is_like_a_new_one(upgraded: Path, tmp_path: Path) -> None:
    """The same columns with their types, defaults and constraints (generated ones left out), and the same triggers."""
    new = tmp_path / "new.db"
    initialize(new)
    assert _shape(upgraded) == _shape(new)


def _shape(path: Path) -> dict[str, Any]:
    """The schema by object; of the older layout's own indexes and generated columns nothing is said."""
    with closing(sqlite3.connect(path)) as connection:
        objects = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        ).fetchall()
        shape: dict[str, Any] = {
            name: " ".join(sql.replace('"', "").split())
            for type, name, sql in objects
            if type in {"trigger", "view"} or (type == "index" and not name.startswith(("ix_", "uq_")))
        }
        for type, name, _ in objects:
            if type == "table":
                columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
                shape[name] = {column[1]: column[2:] for column in columns if column[1] not in {"region", "format"}}
    return shape


class TestViews:
    """The views of the older layout answer the same questions."""

    COLUMNS = {  # noqa: RUF012 - never written to
        "v_queue_status_summary": ["status", "task_count", "avg_attempts", "oldest_task", "newest_task"],
        "v_queue_type_summary": ["type", "status", "task_count", "avg_priority"],
        "v_worker_status": ["worker_id", "capabilities", "heartbeat_utc", "active_tasks", "seconds_since_heartbeat"],
        "v_task_performance": ["type", "status", "task_count", "avg_processing_seconds", "avg_attempts"],
        "v_recent_failures": ["id", "type", "status", "attempts", "error_message", "finished_at_utc"],
    }

    def test_have_their_columns(self, upgraded: Path) -> None:
        """By name and in order."""
        assert {name: self._columns(upgraded, name) for name in self.COLUMNS} == self.COLUMNS

    def test_summarise_statuses_and_types(self, upgraded: Path) -> None:
        """In the new words."""
        assert (
            one(
                upgraded,
                "SELECT task_count || '/' || avg_attempts FROM v_queue_status_summary WHERE status = 'processing'",
            )
            == "4/1.25"
        )
        assert (
            one(upgraded, "SELECT oldest_task FROM v_queue_status_summary WHERE status = 'queued'")
            == "2024-05-06 07:08:09.000"
        )
        assert one(upgraded, "SELECT task_count FROM v_queue_type_summary WHERE type LIKE 'тип%'") == 1

    def test_tell_of_workers(self, upgraded: Path) -> None:
        """What they hold, and since when they are silent, in whole seconds."""
        run(upgraded, "UPDATE workers SET heartbeat_utc = datetime('now', '-90 seconds') WHERE worker_id = 'dead'")
        assert one(upgraded, "SELECT active_tasks FROM v_worker_status WHERE worker_id = 'dead'") == 2
        seconds = one(upgraded, "SELECT seconds_since_heartbeat FROM v_worker_status WHERE worker_id = 'dead'")
        assert seconds in range(90, 100)

    def test_tell_of_performance_and_failures(self, upgraded: Path) -> None:
        """Newest failure first; a dead letter is one."""
        assert one(
            upgraded, "SELECT avg_processing_seconds FROM v_task_performance WHERE status = 'completed'"
        ) == pytest.approx(10.0, abs=0.01)
        failures = rows(upgraded, "v_recent_failures", "finished_at_utc DESC", ["id", "error_message", "status"])
        assert [tuple(row.values()) for row in failures] == [(12, "boom", "failed"), (13, "dead", "failed")]

    @staticmethod
    def _columns(path: Path, view: str) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return [column[0] for column in connection.execute(f"SELECT * FROM {view}").description]


def test_what_an_application_added_is_kept(path: Path) -> None:
    """A column, an index, a view and a trigger of its own on the tables, and a table that refers to them."""
    older_layout.build(path)
    run(
        path,
        """
        ALTER TABLE task_queue ADD COLUMN note TEXT DEFAULT 'none';
        UPDATE task_queue SET note = 'mine' WHERE id = 1;
        CREATE INDEX application_by_note ON task_queue (note);
        CREATE VIEW application_notes AS SELECT id, note FROM task_queue WHERE note <> 'none';
        CREATE TABLE orders (order_id INTEGER PRIMARY KEY, task_id INTEGER REFERENCES task_queue (id));
        INSERT INTO orders VALUES (1, 1), (2, 20);
        CREATE TRIGGER application_audit AFTER DELETE ON task_queue
        BEGIN
            UPDATE orders SET task_id = NULL WHERE task_id = OLD.id;
        END;
        """,
    )
    initialize(path)
    assert one(path, "SELECT group_concat(id || note) FROM application_notes") == "1mine"
    assert one(path, "SELECT note FROM task_queue WHERE id = 2") == "none"
    assert one(path, "SELECT count(*) FROM sqlite_master WHERE name = 'application_by_note'") == 1
    assert one(path, "SELECT \"table\" FROM pragma_foreign_key_list('orders')") == "task_queue"
    run(path, "DELETE FROM task_queue WHERE id = 20")
    assert rows(path, "orders", "order_id", ["order_id", "task_id"]) == [
        {"order_id": 1, "task_id": 1},
        {"order_id": 2, "task_id": None},
    ]


def test_an_older_program_that_has_the_file_open_goes_on(path: Path) -> None:
    """Its connection, made before the upgrade, enqueues and reads as before."""
    older_layout.build(path)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as older:
        older.execute("SELECT count(*) FROM task_queue").fetchone()
        initialize(path)
        older.execute("INSERT INTO task_queue(type, payload) VALUES ('late', '{}')")
        older.execute("INSERT OR REPLACE INTO workers(worker_id, capabilities) VALUES ('alive', '{}')")
        older.execute("UPDATE task_queue SET status = 'leased', locked_by = 'alive' WHERE type = 'late'")
        assert older.execute("SELECT status FROM task_queue WHERE type = 'late'").fetchone() == ("processing",)
    with QueueDatabase(path) as database:
        assert QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"]["processing"] == 5


def test_what_was_copied_has_not_happened_now(upgraded: Path) -> None:
    """The history begins with the upgrade, and not with a flood."""
    with QueueDatabase(upgraded) as database:
        monitoring = QueueMonitoring(database)
        assert monitoring.get_totals() == {}
        assert monitoring.verify() == []
        run(upgraded, "INSERT INTO task_queue (type, payload) VALUES ('new', '{}')")
        assert {type: of["enqueued"] for type, of in monitoring.get_totals().items()} == {"new": 1}


def test_it_is_not_upgraded_by_mere_use(path: Path) -> None:
    """Only by initialize_schema(); the error says so, and the file is as it was."""
    older_layout.build(path, journal="delete")
    before = path.read_bytes()
    with QueueDatabase(path) as database:
        with pytest.raises(QueueSchemaError, match="initialize_schema"):
            QueueMonitoring(database).get_queue_metrics()
        with pytest.raises(QueueSchemaError, match="initialize_schema"):
            QueueMonitoring(database).register_worker("worker-01")
    assert path.read_bytes() == before
