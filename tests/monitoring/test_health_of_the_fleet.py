"""What check_health finds of the fleet: who is missing, and what nobody can take."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from musterq import QueueDatabase, QueueMonitoring, TaskQueue
from musterq.models import NewTask, WorkerFacts
from musterq.monitoring.health.sight import Sight
from tests.monitoring.healthy import found, severities
from tests.support import MovableClock


def test_fewer_workers_than_are_expected(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """A warning while some are there, critical when none is, with who went last and why."""
    for worker_id in ("gpu-1", "gpu-2"):
        monitoring.register_worker(worker_id, {"gpu": True})
    monitoring.register_worker("plain")
    monitoring.expect_workers("images", 2, capabilities={"gpu": True})
    assert found(monitoring, "missing") == []
    monitoring.remove_worker("gpu-2")
    (finding,) = found(monitoring, "missing")
    assert (finding["severity"], finding["subject"]) == ("warning", "images")
    assert finding["what"].startswith(
        "workers missing of those expected as images: 1 of 2; the last that went is gpu-2: "
    )
    assert finding["advice"].startswith("start 1 more such worker (")
    lock = database.storage.liveness_lock("gpu-1")
    facts = WorkerFacts(host="host-9", pid=4711)
    database.storage.register("gpu-1", '{"gpu": true}', facts)
    lock.release(forgotten=False)
    clock.advance(5)
    (finding,) = found(monitoring, "missing")
    assert finding["severity"] == "critical"
    assert "images: 2 of 2; " in finding["what"]
    assert "the last that went is gpu-1 on host-9: " in finding["what"]
    assert finding["since_utc"] is not None
    monitoring.expect_workers("images", 0)
    assert found(monitoring, "missing") == []


def test_what_no_worker_can_take(monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock) -> None:
    """At once a warning, critical after five minutes, with the nearest miss."""
    monitoring.register_worker("plain", {"cpu": 8})
    queue.enqueue("big thumbnail", compatibility={"gpu": True})
    queue.enqueue("mail")
    since = clock.text()
    clock.advance(10)
    (finding,) = found(monitoring, "unservable")
    assert (finding["severity"], finding["subject"]) == ("warning", "big thumbnail")
    assert finding["what"] == (
        'no worker can take 1 queued task of type big thumbnail asking for {"gpu": true}: 1 worker lacks gpu'
    )
    assert finding["since_utc"] == since
    assert "musterq tasks --type 'big thumbnail' --status queued" in finding["advice"]
    assert severities(monitoring, "unservable", unservable=30) == []
    clock.advance(290)
    monitoring.update_heartbeat("plain")
    assert severities(monitoring, "unservable") == ["critical"]
    monitoring.register_worker("better", {"gpu": True})
    assert found(monitoring, "unservable") == []


def test_where_no_worker_is_there_that_says_it_all(
    monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock
) -> None:
    queue.enqueue("thumbnail", compatibility={"gpu": True})
    clock.advance(60)
    assert [finding["check"] for finding in monitoring.check_health()] == ["no_worker"]


# -- the file ----------------------------------------------------------------------------------------
def test_little_is_left_on_the_disk(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """The less, the worse."""
    left = shutil.disk_usage(database.location).free // 2**20
    assert severities(monitoring, "disk", free_mib=(left * 2, left // 2)) == ["warning"]
    (finding,) = found(monitoring, "disk", free_mib=(None, left * 2))
    assert finding["severity"] == "critical"
    assert f"MiB are left on the disk of {database.location}" in finding["what"]
    assert "musterq prune" in finding["advice"]
    assert found(monitoring, "disk", free_mib="off") == []


def test_a_log_that_somebody_keeps_from_being_cut(
    monitoring: QueueMonitoring, database: QueueDatabase, queue: TaskQueue
) -> None:
    """With the reader's process, where the system tells."""
    with closing(sqlite3.connect(database.location, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM task_queue").fetchone()
        queue.enqueue("mail", {"text": "x" * 100_000})
        (finding,) = found(monitoring, "log", log_mib="0.05:1")
        assert finding["severity"] == "warning"
        assert "the write-ahead log has 0 MiB" in finding["what"]
        assert "musterq doctor" in finding["advice"]
        reader.execute("ROLLBACK")
    assert found(monitoring, "log") == []


@pytest.mark.parametrize("check", ["disk", "log"])
def test_the_file_can_be_left_out(monitoring: QueueMonitoring, check: str) -> None:
    assert found(monitoring, check, free_mib=10**9, log_mib=0, ignore=[check]) == []


def test_what_plain_sql_put_in_is_text(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """A type of bytes, and a compatibility that is not JSON: nothing that a finding could not say."""
    database.execute("INSERT INTO task_queue (type, payload) VALUES (x'ff41', '{}')")
    database.execute("INSERT INTO task_queue (type, payload, compatibility) VALUES ('mail', '{}', 'no json')")
    clock.advance(400)
    monitoring.register_worker("worker-01")
    assert {finding["subject"] for finding in found(monitoring, "oldest")} == {"\\xffA", "mail"}
    assert [finding["subject"] for finding in found(monitoring, "unservable")] == ["mail"]


def test_what_began_before_any_date_has_none(database: QueueDatabase) -> None:
    """Plain SQL can say that a task was created some thousands of years ago."""
    assert Sight(database.storage).ago(1e12) is None


# -- what it costs -----------------------------------------------------------------------------------
FEW, MANY = 500, 50_000


def test_it_costs_the_same_at_any_size(tmp_path: Path) -> None:
    """A hundred times as many tasks, some of them unservable: at most four times the time."""
    times = {}
    for depth in (FEW, MANY):
        with QueueDatabase(tmp_path / f"{depth}.db") as database:
            monitoring = QueueMonitoring(database)
            monitoring.register_worker("worker-01")
            database.storage.enqueue(
                [
                    NewTask(type=f"type-{n % 5}", payload="{}", compatibility="{}" if n % 2 else '{"gpu": true}')
                    for n in range(depth)
                ]
            )
            assert found(monitoring, "unservable")
            times[depth] = min(_seconds(monitoring) for _ in range(20))
    assert times[MANY] < 4 * times[FEW]


def _seconds(monitoring: QueueMonitoring) -> float:
    began = time.perf_counter()
    monitoring.check_health()
    return time.perf_counter() - began
