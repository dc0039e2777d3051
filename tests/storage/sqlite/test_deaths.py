"""Sleeping until the process of some worker may have died: the kernel tells, at once and of nothing else."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.storage.sqlite.engine import SQLiteStorage
from musterq.storage.sqlite.waiting import DeathWaiter
from tests.storage.making import FACTS, put, take_one
from tests.storage.sqlite.test_waiting import LONG, SOON, seconds_of, settle

PROGRAM = Path(__file__).parents[1] / "conformance" / "dying_worker.py"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only inotify tells when a file is closed")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    yield storage
    storage.close()


@pytest.fixture
def waiter(storage: SQLiteStorage) -> Iterator[DeathWaiter]:
    waiter = storage.deaths()
    settle(waiter)
    yield waiter
    waiter.close()


@pytest.fixture
def worker(storage: SQLiteStorage, waiter: DeathWaiter) -> Iterator[subprocess.Popen[str]]:
    """A worker process that holds a task, and everything that its start told."""
    put(storage)
    process = subprocess.Popen(
        [sys.executable, PROGRAM, storage.location, "worker-1", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    settle(waiter)
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


def test_a_killed_process_wakes(storage: SQLiteStorage, waiter: DeathWaiter, worker: subprocess.Popen[str]) -> None:
    """And after a few short waits at most, its lock is free."""
    worker.kill()
    begun = time.monotonic()
    while not storage.rescue_expired().queued:
        waiter.wait(LONG)
    assert time.monotonic() - begun < SOON


def test_a_stopped_process_that_is_killed_wakes(
    storage: SQLiteStorage, waiter: DeathWaiter, worker: subprocess.Popen[str]
) -> None:
    """Stopping alone tells nothing: it lives."""
    worker.send_signal(signal.SIGSTOP)
    assert seconds_of(waiter, 0.05) >= 0.05
    worker.kill()
    assert seconds_of(waiter, LONG) < SOON


def test_a_worker_that_lets_its_lock_go_wakes(storage: SQLiteStorage, waiter: DeathWaiter) -> None:
    """The others look, and find nothing."""
    lock = storage.liveness_lock("worker-2")
    settle(waiter)
    lock.release()
    assert seconds_of(waiter, LONG) < SOON


def test_looking_wakes_nobody(storage: SQLiteStorage, waiter: DeathWaiter, worker: subprocess.Popen[str]) -> None:
    """Who tests a lock only reads: else all would wake each other for ever."""
    storage.rescue_expired()
    storage.worker_activity()
    storage.active_workers(60)
    assert seconds_of(waiter, 0.05) >= 0.05


def test_work_wakes_nobody(storage: SQLiteStorage, waiter: DeathWaiter) -> None:
    """Neither beats nor claims nor what a thread notes in the file of its lock."""
    lock = storage.liveness_lock("worker-2")
    storage.register("worker-2", "{}", FACTS)
    put(storage)
    settle(waiter)
    claim = take_one(storage, "worker-2", lease_seconds=None)
    lock.begin(0, claim.claim_token)
    storage.heartbeat("worker-2")
    assert seconds_of(waiter, 0.05) >= 0.05
    lock.release()


def test_a_folder_that_was_removed_is_watched_again(storage: SQLiteStorage, waiter: DeathWaiter) -> None:
    """Somebody cleaned up while no worker ran; the next one makes it again."""
    shutil.rmtree(f"{storage.location}-workers")
    settle(waiter)
    lock = storage.liveness_lock("worker-2")
    waiter.wait(0)
    lock.release()
    assert seconds_of(waiter, LONG) < SOON


def test_no_folder_at_all(tmp_path: Path) -> None:
    """It sleeps for the time that it was given, and is woken by hand."""
    waiter = DeathWaiter(str(tmp_path / "nowhere"))
    assert seconds_of(waiter, 0.05) >= 0.05
    waiter.wake()
    assert seconds_of(waiter, LONG) < SOON
    waiter.close()
