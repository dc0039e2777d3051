"""What an examination of the file finds, and what it takes to be well."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from musterq.errors import QueueDatabaseError
from musterq.models import NewTask
from musterq.storage import open_storage
from musterq.storage.base import Storage
from musterq.storage.sqlite import side_notes
from musterq.storage.sqlite.checkpointing import LOG_LIMIT_BYTES
from musterq.storage.sqlite.connection import StandardDriver
from musterq.storage.sqlite.upkeep import drift, examining, plans, surroundings, vital_signs
from musterq.upkeep import Fact
from tests.storage.long_reader import reading
from tests.storage.making import put
from tests.storage.sqlite.running import run_together

DRIVER = StandardDriver()
with drift.model_of(DRIVER) as model:
    OBJECTS = [tuple(row) for row in model.rows("SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL")]
    USED = {index for name in plans.HOT_QUERIES for index in plans.plan_of(model, name).indexes}
MADE_AGAIN = sorted(name for kind, name in OBJECTS if kind != "table")


def found(storage: Storage, *, deep: bool = False) -> dict[str, Fact]:
    """The facts by name."""
    return {fact.fact: fact for fact in storage.examine(deep=deep)}


@pytest.mark.parametrize("name", MADE_AGAIN)
def test_whatever_is_missing_is_named(name: str):
    """Each index, trigger and view."""
    kind = {of: kind for kind, of in OBJECTS}[name]
    with drift.model_of(DRIVER) as model, drift.model_of(DRIVER) as there:
        assert drift.drifts(there, model) == []
        there.run(f"DROP {kind} {name}")
        words = [one.words for one in drift.drifts(there, model)]
    assert any(line.startswith(f"{kind} {name} ") and line.endswith("is missing") for line in words)


def test_a_trigger_that_is_missing_is_critical(storage: Storage, shell: sqlite3.Connection):
    """Counts would be wrong from then on; it says what to run, and that helps."""
    shell.execute("DROP TRIGGER task_admitted")
    fact = found(storage)["schema"]
    assert fact.verdict == "critical"
    assert fact.value == ["trigger task_admitted of task_queue is missing"]
    assert "musterq verify --repair" in (fact.advice or "")
    storage.repair()
    assert found(storage)["schema"].verdict == "ok"


def test_what_was_changed_is_named(storage: Storage, shell: sqlite3.Connection):
    """Not only what is missing."""
    shell.execute("DROP TRIGGER worker_removed")
    shell.execute("CREATE TRIGGER worker_removed AFTER DELETE ON workers BEGIN SELECT 1; END")
    assert found(storage)["schema"].value == ["trigger worker_removed of workers was changed"]
    storage.repair()


def test_what_a_program_has_added_is_its_own_business(storage: Storage, shell: sqlite3.Connection):
    """Tables, columns, indexes."""
    shell.execute("CREATE TABLE users (name TEXT)")
    shell.execute("ALTER TABLE task_queue ADD COLUMN tenant TEXT")
    shell.execute("CREATE INDEX task_by_tenant ON task_queue (tenant)")
    assert found(storage)["schema"].verdict == "ok"


def test_a_table_that_has_lost_something_is_beyond_repair(storage: Storage, shell: sqlite3.Connection):
    """A backup is the way then."""
    shell.execute("ALTER TABLE rescue_ledger DROP COLUMN host")
    fact = found(storage)["schema"]
    shell.execute("ALTER TABLE rescue_ledger ADD COLUMN host TEXT")
    assert "table rescue_ledger lacks host" in fact.value
    assert f"musterq restore BACKUP --force --database {storage.location}" in (fact.advice or "")


def test_statements_are_not_planned_where_a_table_is_gone(tmp_path: Path):
    """That is told, and what follows from it would hide it."""
    storage = open_storage(tmp_path / "queue.db")
    storage.initialize_schema()
    storage.execute("DROP TABLE task_logs")
    facts = found(storage)
    storage.close()
    assert facts["schema"].verdict == "critical"
    assert "plans" not in facts


def test_where_there_is_no_queue_none_is_made(tmp_path: Path):
    """An empty file stays one."""
    path = tmp_path / "queue.db"
    with pytest.raises(QueueDatabaseError, match="there is no queue"):
        open_storage(path).examine(deep=False)
    assert not path.exists()
    path.touch()
    with pytest.raises(QueueDatabaseError, match="there is no queue"):
        open_storage(path).examine(deep=False)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("name", sorted(index for index in USED if not index.startswith("sqlite_autoindex")))
def test_a_statement_that_misses_its_index_is_named(name: str):
    """With the index."""
    with drift.model_of(DRIVER) as model, drift.model_of(DRIVER) as there:
        there.run(f"DROP INDEX {name}")
        assert any(name in words for words in plans.strays(there, model))


def test_what_a_missing_index_costs_is_a_warning(storage: Storage, shell: sqlite3.Connection):
    """Until it is made again."""
    shell.execute("DROP INDEX task_scheduled")
    fact = found(storage)["plans"]
    assert fact.verdict == "warning"
    assert any(words.startswith("promote reads through all of task_queue") for words in fact.value)
    assert f"musterq verify --repair --database {storage.location}" in (fact.advice or "")
    storage.repair()
    assert found(storage)["plans"].verdict == "ok"


def test_no_hot_statement_reads_through_a_table_that_grows():
    """As the migrations make the tables."""
    growing = {"task_queue", "task", "task_attempts", "task_logs", "rescue_ledger", "counters"}
    with drift.model_of(DRIVER) as model:
        scans = {name: {scan.split()[0] for scan in plans.plan_of(model, name).scans} for name in plans.HOT_QUERIES}
        assert {name: found & growing for name, found in scans.items() if found & growing} == {}
        assert list(plans.strays(model, model)) == []


def test_a_file_of_an_application(tmp_path: Path):
    """It keeps its free pages until it is written anew, which switches that on."""
    path = tmp_path / "application.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    connection.close()
    storage = open_storage(path)
    storage.initialize_schema()
    fact = found(storage)["auto_vacuum"]
    assert (fact.value, fact.verdict) == ("none", "ok")
    assert "musterq vacuum --full" in (fact.advice or "")
    storage.rebuild()
    assert found(storage)["auto_vacuum"].value == "incremental"
    assert found(storage)["page_size"].value == 4096
    storage.close()


def test_free_space_is_worth_a_warning_where_it_is_much(storage: Storage):
    """With what gives it back."""
    for _ in range(30):
        put(storage, payload=f'"{"x" * 100_000}"')
    storage.execute("DELETE FROM task_queue")
    fact = found(storage)["free_bytes"]
    assert fact.verdict == "warning"
    assert "musterq vacuum" in (fact.advice or "")


def test_who_reads_for_long_is_named(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    """A warning, once the log has grown out of bounds."""
    put(storage)
    with reading(storage.location) as pid:
        put(storage)
        fact = found(storage)["long_readers"]
        assert fact.verdict == "ok"
        assert fact.value[0].startswith(f"process {pid} ")
        monkeypatch.setattr(vital_signs, "URGENT_BYTES", 1000)
        assert found(storage)["long_readers"].verdict == "warning"
        assert found(storage)["log_bytes"].verdict == "warning"
    assert found(storage)["long_readers"].value == []


def test_a_long_log_that_nobody_reads_needs_a_write_only(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    """There is no transaction to end."""
    put(storage)
    monkeypatch.setattr(vital_signs, "URGENT_BYTES", 1000)
    fact = found(storage)["log_bytes"]
    assert fact.verdict == "warning"
    assert "who reads for long" not in (fact.advice or "")
    with reading(storage.location):
        put(storage)
        assert "who reads for long" in (found(storage)["log_bytes"].advice or "")


def test_the_last_copy_of_the_log_is_noted(storage: Storage):
    """When, in how long, by whom; it outlives the process."""
    assert storage.condition().last_checkpoint is None
    while storage.condition().last_checkpoint is None:
        storage.enqueue([NewTask(type="mail", payload=f'"{"x" * 200_000}"')] * 20)
    last = storage.condition().last_checkpoint
    assert last is not None
    assert (last.pid, last.log_bytes > LOG_LIMIT_BYTES, last.seconds > 0) == (os.getpid(), True, True)
    assert found(storage)["last_checkpoint"].value["pid"] == os.getpid()
    again = open_storage(storage.location)
    assert again.condition().last_checkpoint == last
    again.close()


def test_waits_of_all_processes_are_counted(storage: Storage):
    """They add up, and outlive the processes."""
    run_together(storage.location, [("produce_for", f"p{n}", "0.5") for n in range(3)])
    waits = storage.condition().busy_waits
    assert waits.count > 0
    assert 0 < waits.seconds < 30
    put(storage)
    assert storage.condition().busy_waits == waits
    assert found(storage)["busy_waits"].verdict == "ok"


def test_long_waits_are_worth_a_warning(storage: Storage):
    """By their average."""
    put(storage)
    with Path(f"{storage.location}-turn").open("r+b") as file:
        for _ in range(3):
            side_notes.add_wait(file.fileno(), 2.5)
    waits = storage.condition().busy_waits
    assert (waits.count, waits.seconds) == (3, 7.5)
    assert found(storage)["busy_waits"].verdict == "warning"


def test_a_file_beside_it_that_others_cannot_use_is_named(storage: Storage):
    """Who may write the database may then neither wait in turn nor test locks."""
    put(storage)
    Path(storage.location).chmod(0o660)
    for suffix in ("-wal", "-shm", "-turn"):
        Path(f"{storage.location}{suffix}").chmod(0o660)
    lock = storage.liveness_lock("worker-1")
    assert found(storage)["permissions"].verdict == "ok"
    Path(f"{storage.location}-turn").chmod(0o600)
    Path(f"{storage.location}-workers").chmod(0o700)
    assert found(storage)["permissions"].value == ["queue.db-turn", "queue.db-workers"]
    lock.release()


@pytest.mark.parametrize(
    ("free", "verdict"), [(None, "ok"), (10**9, "ok"), (4 * 10**8, "warning"), (10**7, "critical")]
)
def test_a_disk_that_fills_up(free: int | None, verdict: str):
    """In time."""
    assert surroundings.room(free, 10**6).verdict == verdict


def test_room_is_told_in_a_unit_that_suits_it():
    """Not in so many thousand megabytes."""
    text = surroundings.room(77_874_900_000, 10**6).text
    assert text == "the disk has 77.9 GB left, and the database takes 1.0 MB"


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is of Linux")
def test_a_user_without_file_events_left(storage: Storage):
    """Workers poll then."""
    program = (
        "import sys; from inotify_simple import INotify\n"
        "from musterq.storage.sqlite.upkeep.surroundings import file_events\n"
        "held = []\n"
        "try:\n"
        "    while True: held.append(INotify())\n"
        "except OSError: pass\n"
        "fact = file_events(sys.argv[1])\n"
        "print(fact.verdict, fact.value)"
    )
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n{program}"
    asked = subprocess.run(
        [sys.executable, "-c", limited, storage.location], capture_output=True, text=True, check=True
    )
    assert asked.stdout == "warning False\n"
    assert found(storage)["file_events"].verdict == "ok"


def test_a_large_file_is_read_through_only_if_asked(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    """It would take too long."""
    monkeypatch.setattr(examining, "READ_BYTES", 1000)
    assert found(storage)["integrity"].value is None
    assert "--deep" in found(storage)["integrity"].text
    assert found(storage, deep=True)["integrity"].value == []


def test_a_row_that_refers_to_nothing_is_found(storage: Storage, shell: sqlite3.Connection):
    """By the deep look."""
    shell.execute("INSERT INTO task_logs (task_id, level, message) VALUES (4711, 'INFO', 'lost')")
    assert found(storage, deep=True)["references"].verdict == "warning"


def test_a_wrong_count_is_found_by_the_deep_look(storage: Storage, shell: sqlite3.Connection):
    """With what counts anew."""
    put(storage)
    shell.execute("UPDATE counters SET n = n + 1 WHERE kind = 3")
    fact = found(storage, deep=True)["counts"]
    assert fact.verdict == "warning"
    assert fact.value == ["tasks (mail, queued): tasks 2 instead of 1"]
    assert "musterq verify --repair" in (fact.advice or "")
    storage.repair()
    assert found(storage, deep=True)["counts"].verdict == "ok"


def test_the_examination_changes_nothing(storage: Storage):
    """Not even the log."""
    put(storage)
    before = [(path.name, path.stat().st_mtime_ns) for path in sorted(Path(storage.location).parent.iterdir())]
    found(storage, deep=True)
    after = [(path.name, path.stat().st_mtime_ns) for path in sorted(Path(storage.location).parent.iterdir())]
    assert after == before
