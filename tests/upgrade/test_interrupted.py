"""An upgrade that is killed, and upgrades by several processes at once."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.monitoring import QueueMonitoring
from tests.upgrade import older_layout
from tests.upgrade.older_layout import TASKS, one, run

PROGRAM = Path(__file__).with_name("upgrade_program.py")
MORE_TASKS = 5_000


@contextmanager
def started(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is about to call initialize_schema() when it is given a line."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> float:
    assert process.stdout is not None
    seconds = float(process.stdout.readline())
    assert process.wait() == 0
    return seconds


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()


def assert_complete(path: Path) -> None:
    assert one(path, "PRAGMA integrity_check") == "ok"
    assert one(path, "SELECT count(*) FROM task_queue") == len(TASKS) + MORE_TASKS
    assert one(path, "SELECT count(*) FROM task_queue WHERE status IN ('leased', 'dead_letter')") == 0
    assert one(path, "SELECT count(*) FROM task_logs") == len(older_layout.LOGS)
    with QueueDatabase(path) as database:
        depth = QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"]
    assert sum(depth.values()) == len(TASKS) + MORE_TASKS


@pytest.mark.timeout(180)
def test_an_upgrade_that_is_killed_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """SIGKILL at random moments: every row is there, in one layout or the other, and the next call completes it."""
    original = tmp_path / "original.db"
    older_layout.build(original, journal="delete", more_tasks=MORE_TASKS)
    old = schema(original)
    complete = tmp_path / "complete.db"
    shutil.copy(original, complete)
    with started(complete) as process:
        go(process)
        seconds = finish(process)
    new = schema(complete)
    for turn in range(12):
        path = tmp_path / f"{turn}.db"
        shutil.copy(original, path)
        _kill_within(path, seconds * (turn + random.random()) / 10)  # the last ones about the commit
        assert schema(path) in (old, new)
        assert one(path, "SELECT count(*) FROM task_queue") == len(TASKS) + MORE_TASKS
        with QueueDatabase(path) as database:
            database.initialize_schema()
        assert schema(path) == new
        assert_complete(path)


def _kill_within(path: Path, seconds: float) -> None:
    with started(path) as process:
        go(process)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_several_processes_upgrade_at_once(tmp_path: Path) -> None:
    """All of them succeed, and one upgrade was made."""
    path = tmp_path / "queue.db"
    older_layout.build(path, more_tasks=MORE_TASKS)
    _all_at_once(path)
    assert_complete(path)
    alone = tmp_path / "alone.db"
    older_layout.build(alone)
    with QueueDatabase(alone) as database:
        database.initialize_schema()
    assert schema(path) == schema(alone)


@pytest.mark.parametrize("application", [False, True], ids=["a new file", "a file of an application"])
def test_several_processes_create_at_once(tmp_path: Path, application: bool) -> None:  # noqa: FBT001
    """All of them succeed, and the tables are as if one had been alone."""
    path, alone = tmp_path / "queue.db", tmp_path / "alone.db"
    for file in (path, alone):
        if application:
            run(file, "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    _all_at_once(path)
    with QueueDatabase(alone) as database:
        database.initialize_schema()
    assert schema(path) == schema(alone)
    with QueueDatabase(path) as database:
        assert QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"] == {}


def _all_at_once(path: Path) -> None:
    with started(path) as first, started(path) as second, started(path) as third, started(path) as fourth:
        processes = (first, second, third, fourth)
        for process in processes:
            go(process)
        for process in processes:
            finish(process)
