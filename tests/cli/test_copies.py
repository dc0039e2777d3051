"""``musterq backup``, ``musterq restore`` and ``musterq vacuum``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from musterq import QueueDatabase, TaskQueue
from musterq.models import WorkerFacts
from tests.cli.running import Cli


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "backups" / "queue.db"


@pytest.fixture(autouse=True)
def folder(copy: Path) -> None:
    """Of backups."""
    copy.parent.mkdir()


def test_there_and_back(cli: Cli, queue: TaskQueue, copy: Path):
    """It says what it did; what was replaced is kept."""
    queue.enqueue("mail")
    (line,) = cli.lines("backup", copy)
    assert line.startswith(f"backed up to {copy}: 1 task, ")
    assert line.endswith("read through and sound")
    queue.enqueue("mail")
    queue.close()
    first, second = cli.lines("restore", copy, "--force")
    assert first.startswith(f"restored to {cli.database}: 1 task, ")
    kept = second.removeprefix("what it replaced is kept: ")
    for path, tasks in ((cli.database, 1), (kept, 2)):
        with QueueDatabase(path) as opened:
            assert sum(opened.storage.task_counts().values()) == tasks


def test_as_a_document(cli: Cli, queue: TaskQueue, copy: Path):
    """With what worker processes held."""
    storage = queue.database.storage
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", WorkerFacts(host="host-1", pid=os.getpid()))
    queue.enqueue("mail")
    assert len(queue.claim("worker-1")) == 1
    made = cli.json("backup", copy, "--no-verify")
    assert {**made, "seconds": 0.0} == {
        "path": str(copy),
        "bytes": copy.stat().st_size,
        "tasks": 1,
        "given_back": 1,
        "seconds": 0.0,
        "verified": False,
        "remarks": [],
        "kept": None,
    }
    assert "worker-1" in cli.error("restore", copy, "--force", code=1)
    lock.release()


def test_what_held_tasks_is_said(cli: Cli, queue: TaskQueue, copy: Path):
    """And that a copy was not verified."""
    storage = queue.database.storage
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", WorkerFacts(host="host-1", pid=os.getpid()))
    queue.enqueue("mail")
    assert len(queue.claim("worker-1")) == 1
    first, second = cli.lines("backup", copy, "--no-verify")
    assert first.endswith("not verified")
    assert second == "1 of them were held by worker processes, and are queued again in it"
    lock.release()


def test_what_is_there_is_replaced_only_by_force(cli: Cli, queue: TaskQueue, copy: Path):
    """The messages say so."""
    queue.enqueue("mail")
    cli.lines("backup", copy)
    assert "--force" in cli.error("backup", copy, code=1)
    cli.lines("backup", copy, "--force")
    queue.close()
    assert "--force" in cli.error("restore", copy, code=1)


def test_where_there_is_nothing(cli: Cli, copy: Path):
    """No queue, no backup, no folder: nothing is made."""
    assert "there is no queue" in cli.error("backup", copy, code=1)
    assert "there is no backup" in cli.error("restore", copy, code=1)
    assert not cli.database.exists()
    with TaskQueue(str(cli.database)).database as database:
        database.initialize_schema()
    assert "folder" in cli.error("backup", copy.parent / "nowhere" / "queue.db", code=1)


def test_a_queue_that_is_not_there_yet_is_restored(cli: Cli, queue: TaskQueue, copy: Path, tmp_path: Path):
    """Without force, since nothing is replaced."""
    queue.enqueue("mail")
    cli.lines("backup", copy)
    assert len(cli.lines("restore", copy, "--database", tmp_path / "new.db")) == 1
    assert cli.json("metrics", "--database", tmp_path / "new.db")["queue_depth_by_status"] == {"queued": 1}


def fill(queue: TaskQueue) -> None:
    """Much that is free then."""
    for _ in range(200):
        queue.enqueue("mail", {"text": "x" * 10_000})
    queue.database.execute("DELETE FROM task_queue")


def test_free_space_is_given_back(cli: Cli, queue: TaskQueue):
    """While others may write."""
    fill(queue)
    done = cli.json("vacuum")
    assert done["bytes_after"] < done["bytes_before"] - done["free_before"] / 2
    (line,) = cli.lines("vacuum")
    assert " now, in " in line


def test_an_applications_file_is_made_smaller_in_one_piece(cli: Cli):
    """Without that, it says what helps; from then on it gives back what is free."""
    with QueueDatabase(cli.database) as database:
        database.get_connection().execute("CREATE TABLE users (name TEXT)")
        database.initialize_schema()
        fill(TaskQueue(database))
    assert "musterq vacuum --full" in cli.lines("vacuum")[1]
    result = cli("vacuum", "--full")
    assert result.exit_code == 0
    assert "whoever wants to write waits" in result.stderr
    assert len(result.stdout.splitlines()) == 1
    with QueueDatabase(cli.database) as database:
        fill(TaskQueue(database))
    assert len(cli.lines("vacuum")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_shows_how_far_it_is(cli: Cli, queue: TaskQueue, copy: Path):
    """On stderr, and gone at the end."""
    import pty
    import subprocess

    queue.enqueue("mail")
    terminal, end = pty.openpty()
    program = [sys.executable, "-m", "musterq", "backup", str(copy), "--database", str(cli.database)]
    done = subprocess.run(program, stderr=end, stdout=subprocess.PIPE, text=True, check=True)
    os.close(end)
    assert done.stdout.startswith("backed up to")
    assert b"copying" in os.read(terminal, 65536)
    os.close(terminal)
