"""Processes that fork while they use a queue: nothing is lost, and the file is sound.

The stories are told by fork_program.py, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.sqlite.fork_program import FORKS, TASKS
from tests.storage.sqlite.soundness import check_soundness

PROGRAM = Path(__file__).with_name("fork_program.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture
def path(tmp_path: Path) -> str:
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    storage.close()
    return storage.location


def tell(path: str, story: str) -> Counter[str]:
    """Run a story to its end; how many tasks each of its writers left."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(PROGRAM), path, story]
    process = subprocess.run(command, capture_output=True, text=True, timeout=45, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    check_soundness(path)
    connection = sqlite3.connect(path)
    payloads = [json.loads(payload) for (payload,) in connection.execute("SELECT payload FROM task_queue")]
    connection.close()
    assert len(set(payloads)) == len(payloads)
    return Counter(payload.rpartition("-")[0] or payload for payload in payloads)


def test_parent_and_child_write_at_once(path: str) -> None:
    """With every kind of connection open at the fork."""
    assert tell(path, "both_write") == {"first": 1, "child": TASKS, "parent": TASKS}


def test_the_parent_closes_while_the_child_writes(path: str) -> None:
    """The log that the child writes to stays in its place."""
    found = tell(path, "the_parent_closes_while_the_child_writes")
    assert found == {"first": 1, "child": TASKS + 1, "other": 1, "parent": TASKS, "last": 1}


def test_a_child_of_a_child(path: str) -> None:
    """Three generations write at once."""
    found = tell(path, "a_child_of_a_child_writes")
    assert found == {"first": 2, "grandchild": TASKS, "child": TASKS, "parent": TASKS}


def test_a_fork_while_other_threads_write(path: str) -> None:
    """Each child begins with no lock that a thread of its parent held."""
    found = tell(path, "other_threads_are_writing")
    assert {name: n for name, n in found.items() if name.startswith("child")} == dict.fromkeys(
        (f"child-{number}" for number in range(FORKS)), 5
    )
    assert all(found[f"thread-{number}"] > 0 for number in range(4))


def test_a_connection_that_the_program_holds(path: str) -> None:
    """It stays the parent's; the child opens its own."""
    found = tell(path, "the_program_holds_its_own_connection")
    assert found == {"held": 1, "child": TASKS, "parent": TASKS}


def test_a_fork_within_a_transaction(path: str) -> None:
    """The child is refused, with what to do instead; the parent's transaction is none the worse."""
    assert tell(path, "in_a_transaction") == {"first": 1, "inside": 1, "inside too": 1}


def test_a_fork_after_closing(path: str) -> None:
    """Nothing was open, so the child begins as any other process."""
    assert tell(path, "it_is_closed") == {"first": 1, "child": TASKS}


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(path: str, method: str) -> None:
    """By either start method."""
    found = tell(path, f"multiprocessing_{method}")
    assert found == {"first": 1, f"{method}-0": TASKS, f"{method}-1": TASKS, "parent": TASKS}
