"""Sleeping until the database changes."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.storage.sqlite.engine import SQLiteStorage
from musterq.storage.sqlite.waiting import HAS_EVENTS, LogWaiter
from tests.storage.making import put

LONG = 30.0  # seconds that nobody has to wait
SOON = 10.0  # far under it, and far over what a busy machine takes

pytestmark = pytest.mark.skipif(not HAS_EVENTS, reason="this system tells nothing of files")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    yield storage
    storage.close()


@pytest.fixture
def waiter(storage: SQLiteStorage) -> Iterator[LogWaiter]:
    waiter = storage.waiter()
    settle(waiter)
    yield waiter
    waiter.close()


def settle(waiter: LogWaiter) -> None:
    """Wait until nothing more is told of what was written so far."""
    while seconds_of(waiter, 0.05) < 0.05:
        pass


def seconds_of(waiter: LogWaiter, timeout: float) -> float:
    begun = time.monotonic()
    waiter.wait(timeout)
    return time.monotonic() - begun


def test_it_wakes_when_another_process_commits(storage: SQLiteStorage, waiter: LogWaiter) -> None:
    """Well before its time; what was written is found soon after."""
    program = (
        "import sys; from musterq.storage.sqlite.engine import SQLiteStorage; from musterq.models import NewTask\n"
        "storage = SQLiteStorage(sys.argv[1]); sys.stdin.readline()\n"
        "storage.enqueue([NewTask(type='t', payload='1')]); storage.close()"
    )
    process = subprocess.Popen([sys.executable, "-c", program, storage.location], stdin=subprocess.PIPE, text=True)
    begun = time.monotonic()
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.close()
    while not storage.task_counts() and time.monotonic() - begun < LONG:
        waiter.wait(LONG)
    assert time.monotonic() - begun < SOON
    assert process.wait(LONG) == 0


def test_it_wakes_when_another_thread_commits(storage: SQLiteStorage, waiter: LogWaiter) -> None:
    """Of the same process."""
    thread = threading.Thread(target=put, args=(storage,))
    thread.start()
    assert seconds_of(waiter, LONG) < SOON
    thread.join()


def test_what_was_committed_before_the_wait_is_not_missed(storage: SQLiteStorage, waiter: LogWaiter) -> None:
    """Between two waits something was written: the next one returns at once."""
    put(storage)
    assert seconds_of(waiter, LONG) < SOON


def test_nothing_happens_and_the_time_is_over(waiter: LogWaiter) -> None:
    """It sleeps for the time that it was given; no time at all is a look."""
    assert seconds_of(waiter, 0.05) >= 0.05
    assert seconds_of(waiter, 0) < SOON
    assert seconds_of(waiter, -1) < SOON


def test_reading_wakes_nobody(storage: SQLiteStorage, waiter: LogWaiter) -> None:
    """Else workers that look would wake each other for ever."""
    storage.task_counts()
    storage.metrics()
    assert seconds_of(waiter, 0.05) >= 0.05


def test_wake_ends_the_current_wait(waiter: LogWaiter) -> None:
    """From another thread."""
    threads = [threading.Thread(target=waiter.wake) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert seconds_of(waiter, LONG) < SOON
    for thread in threads:
        thread.join()


def test_wake_ends_the_next_wait(waiter: LogWaiter) -> None:
    """One only, however often it was called."""
    for _ in range(100_000):
        waiter.wake()
    assert seconds_of(waiter, LONG) < SOON
    settle(waiter)


def test_two_waiters_are_both_woken(storage: SQLiteStorage, waiter: LogWaiter) -> None:
    """Each has its own events."""
    other = storage.waiter()
    settle(other)
    settle(waiter)
    put(storage)
    assert seconds_of(waiter, LONG) < SOON
    assert seconds_of(other, LONG) < SOON
    other.close()


def test_a_log_that_is_made_anew(storage: SQLiteStorage, tmp_path: Path) -> None:
    """A waiter that came before the log notices it by its next wait."""
    waiter = LogWaiter(str(tmp_path / "later.db-wal"))
    waiter.wait(0)
    later = SQLiteStorage(str(tmp_path / "later.db"))
    put(later)
    waiter.wait(0)
    put(later)
    assert seconds_of(waiter, LONG) < SOON
    waiter.close()
    later.close()


def test_a_log_that_was_removed_and_made_again(tmp_path: Path) -> None:
    """The last one who closes removes it; the waiter watches the next one."""
    first = SQLiteStorage(str(tmp_path / "queue.db"))
    waiter = first.waiter()
    first.close()
    assert not Path(f"{first.location}-wal").exists()
    settle(waiter)
    second = SQLiteStorage(first.location)
    put(second)
    settle(waiter)
    put(second)
    assert seconds_of(waiter, LONG) < SOON
    second.close()
    waiter.close()


def test_closed_it_does_nothing(storage: SQLiteStorage) -> None:
    """A late `wake` writes to nobody, not even to a file that has got its number since; a second `close` is none."""
    waiter = storage.waiter()
    waiter.close()
    pipes = [os.pipe() for _ in range(8)]
    waiter.wake()
    waiter.wait(LONG)
    waiter.close()
    for read, write in pipes:
        os.set_blocking(read, False)
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
        os.close(read)
        os.close(write)


def test_it_gives_its_descriptors_back(storage: SQLiteStorage) -> None:
    """All of them."""
    storage.waiter().close()
    gc.collect()  # of other tests
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(50):
        storage.waiter().close()
        LogWaiter(f"{storage.location}-none").close()
    assert len(list(Path("/dev/fd").iterdir())) == before
