"""remove_worker from a signal handler that interrupted another call of the same thread.

It must neither deadlock nor spoil what it interrupted, and the removal holds although the handler then exits. The
stories are told by signal_program.py, each in a process of its own, since its threads and its end are part of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock

PROGRAM = Path(__file__).with_name("signal_program.py")
EVERY_MOMENT = Path(__file__).with_name("every_moment_program.py")
EXIT_CODE = 7

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGUSR1 and SIGALRM are POSIX")


@pytest.fixture
def database(database: QueueDatabase) -> QueueDatabase:
    database.execute("CREATE TABLE notes (text TEXT)")
    return database


def tell(database: QueueDatabase, story: str) -> int:
    """Run a story to its end; a deadlock is a TimeoutExpired."""
    command = [sys.executable, str(PROGRAM), database.location, story]
    process = subprocess.run(command, capture_output=True, text=True, timeout=45, check=False)
    assert process.stderr == ""
    return process.returncode


def workers(monitoring: QueueMonitoring) -> list[str]:
    return [worker.worker_id for worker in monitoring.get_all_workers()]


def notes(database: QueueDatabase) -> list[str]:
    return [row[0] for row in database.execute("SELECT text FROM notes ORDER BY rowid").fetchall()]


@pytest.mark.parametrize(
    "story",
    [
        "in_a_transaction",
        "in_a_nested_transaction",
        "in_a_transaction_that_is_rolled_back",
        "twice_in_a_transaction",
        "of_an_unknown_worker",
        "in_quick_heartbeats",
        "in_quick_reads",
        "in_quick_transactions",
        "beside_a_busy_thread",
        "at_each_look_at_the_clock",
    ],
)
def test_the_interrupted_call_goes_on_and_the_worker_is_gone(
    database: QueueDatabase, monitoring: QueueMonitoring, story: str
) -> None:
    """Seen from inside by the story's own assertions, and from outside by another process."""
    assert tell(database, story) == 0
    assert workers(monitoring) == []


def test_a_handler_that_exits_in_a_transaction(database: QueueDatabase, monitoring: QueueMonitoring) -> None:
    """The program's own transaction is rolled back as by any exception; the removal is not."""
    assert tell(database, "in_a_transaction_with_exit") == EXIT_CODE
    assert workers(monitoring) == []
    assert notes(database) == []


@pytest.mark.parametrize("attempt", range(6))
@pytest.mark.parametrize("story", ["in_quick_heartbeats_with_exit", "beside_a_busy_thread_with_exit"])
def test_a_handler_that_exits_somewhere_in_a_call(
    database: QueueDatabase, monitoring: QueueMonitoring, story: str, attempt: int
) -> None:
    """At a random moment, several times: the process ends with the handler's code, its worker removed."""
    assert tell(database, story) == EXIT_CODE
    assert workers(monitoring) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("call", "end"),
    [
        ("update_heartbeat", "return"),
        ("update_heartbeat", "exit"),
        ("remove_worker", "exit"),
        ("get_all_workers", "exit"),
        ("execute", "exit"),
        ("transaction", "return"),
        ("transaction", "exit"),
    ],
)
def test_a_handler_at_every_moment_of_a_call(database: QueueDatabase, call: str, end: str) -> None:
    """Not at random ones: at each at which Python can run a handler. The removal holds, and what it met is whole."""
    location = database.location
    database.close()
    command = [sys.executable, str(EVERY_MOMENT), location, call, end]
    process = subprocess.run(command, capture_output=True, text=True, timeout=290, check=False)
    assert (process.returncode, process.stderr) == (0, ""), process.stdout


def test_the_queue_is_usable_afterwards(
    database: QueueDatabase, monitoring: QueueMonitoring, clock: MovableClock
) -> None:
    """No lock is left behind for others: they write at once."""
    tell(database, "in_a_transaction_with_exit")
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO notes(text) VALUES ('later')")
    monitoring.register_worker("worker-01")
    assert notes(database) == ["later"]
    assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
