"""A process whose signal handler removes its worker while another call is going on: signal_program.py DATABASE STORY.

Each story is a function below. The process ends with 0 when the story went as it must, as seen from inside.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from musterq import QueueDatabase, QueueMonitoring
from musterq.clock import Clock

WORKER = "worker-01"
EXIT_CODE = 7
INSERT = "INSERT INTO notes(text) VALUES (?)"


class SignallingClock(Clock):
    """Asked for the time the n-th time, it first sends this process the signal; so it comes within a call."""

    countdown = 0

    def time(self) -> float:
        self._count()
        return super().time()

    def boot_ms(self) -> int:
        self._count()
        return super().boot_ms()

    def _count(self) -> None:
        self.countdown -= 1
        if self.countdown == 0:
            signal.raise_signal(signal.SIGUSR1)


class Program:
    """A registered worker, and a handler that removes it when the signal comes."""

    def __init__(self, path: str) -> None:
        self.clock = SignallingClock()
        self.database = QueueDatabase(path, clock=self.clock)
        self.monitoring = QueueMonitoring(self.database)
        self.answers: list[bool] = []
        self.exits = False
        self.monitoring.register_worker(WORKER, {"cpu": 8})
        signal.signal(signal.SIGUSR1, self.handle)
        signal.signal(signal.SIGALRM, self.handle)

    def handle(self, signum: int, frame: FrameType | None) -> None:
        self.answers.append(self.monitoring.remove_worker(WORKER))
        if self.exits:
            sys.exit(EXIT_CODE)

    def notes(self) -> list[str]:
        return [row["text"] for row in self.database.execute("SELECT text FROM notes ORDER BY rowid").fetchall()]

    def expect_gone(self) -> None:
        assert self.answers == [True], self.answers
        assert self.monitoring.get_worker(WORKER) is None
        assert self.monitoring.update_heartbeat(WORKER) is False
        assert self.monitoring.remove_worker(WORKER) is False


@contextlib.contextmanager
def alarm_within(seconds: float) -> Iterator[None]:
    """A signal from the kernel at some moment from now on."""
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00001, seconds))
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


def in_a_transaction(program: Program) -> None:
    with program.database.transaction() as transaction:
        transaction.execute(INSERT, ("before",))
        signal.raise_signal(signal.SIGUSR1)
        assert program.database.get_connection().in_transaction
        transaction.execute(INSERT, ("after",))
    assert program.notes() == ["before", "after"]
    program.expect_gone()


def in_a_nested_transaction(program: Program) -> None:
    with program.database.transaction() as outer:
        outer.execute(INSERT, ("outer",))
        with contextlib.suppress(ZeroDivisionError), program.database.transaction() as inner:
            inner.execute(INSERT, ("inner",))
            signal.raise_signal(signal.SIGUSR1)
            raise ZeroDivisionError
        outer.execute(INSERT, ("outer again",))
    assert program.notes() == ["outer", "outer again"]
    program.expect_gone()


def in_a_transaction_that_is_rolled_back(program: Program) -> None:
    with contextlib.suppress(ZeroDivisionError), program.database.transaction() as transaction:
        transaction.execute(INSERT, ("before",))
        signal.raise_signal(signal.SIGUSR1)
        raise ZeroDivisionError
    assert program.notes() == []
    program.expect_gone()


def in_a_transaction_with_exit(program: Program) -> None:
    program.exits = True
    with program.database.transaction() as transaction:
        transaction.execute(INSERT, ("before",))
        signal.raise_signal(signal.SIGUSR1)
        transaction.execute(INSERT, ("after",))


def twice_in_a_transaction(program: Program) -> None:
    with program.database.transaction() as transaction:
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        transaction.execute(INSERT, ("after",))
    assert program.answers[0] is True
    assert program.notes() == ["after"]
    assert program.monitoring.get_worker(WORKER) is None


def of_an_unknown_worker(program: Program) -> None:
    program.monitoring.remove_worker(WORKER)
    with program.database.transaction() as transaction:
        transaction.execute(INSERT, ("before",))
        signal.raise_signal(signal.SIGUSR1)
    assert program.answers == [False]
    assert program.notes() == ["before"]


def in_quick_heartbeats(program: Program) -> None:
    for _ in range(200):
        program.monitoring.register_worker(WORKER)
        program.answers.clear()
        with alarm_within(0.003):
            while program.monitoring.update_heartbeat(WORKER):
                pass
        program.expect_gone()


def in_quick_reads(program: Program) -> None:
    reads: list[Callable[[], object]] = [
        program.monitoring.get_all_workers,
        program.monitoring.get_queue_metrics,
        program.monitoring.get_worker_activity,
        program.monitoring.get_stale_workers,
        lambda: program.database.execute("SELECT count(*) FROM workers").fetchone(),
    ]
    for turn in range(100):
        program.monitoring.register_worker(WORKER)
        program.answers.clear()
        with alarm_within(0.003):
            while not program.answers:
                reads[turn % len(reads)]()
        program.expect_gone()


def in_quick_transactions(program: Program) -> None:
    written = 0
    for _ in range(100):
        program.monitoring.register_worker(WORKER)
        program.answers.clear()
        with alarm_within(0.003):
            while not program.answers:
                with program.database.transaction() as transaction:
                    transaction.execute(INSERT, (str(written),))
                    transaction.execute(INSERT, (str(written),))
                    written += 1
        program.expect_gone()
    assert program.notes() == [str(number) for number in range(written) for _ in range(2)]


def in_quick_heartbeats_with_exit(program: Program) -> None:
    program.exits = True
    with alarm_within(0.05):
        while True:
            program.monitoring.update_heartbeat(WORKER)


def beside_a_busy_thread(program: Program) -> None:
    """Another thread's rows are often in this thread's hands (group commit) when the signal comes."""
    ended = threading.Event()
    written: list[int] = []
    thread = threading.Thread(target=_write_notes, args=(program, ended, written))
    thread.start()
    try:
        in_quick_heartbeats(program)
    finally:
        ended.set()
        thread.join()
    assert program.notes() == [str(number) for number in written]


def beside_a_busy_thread_with_exit(program: Program) -> None:
    """The other thread must get its answers though the call that led its group ended in SystemExit."""
    ended = threading.Event()
    written: list[int] = []
    thread = threading.Thread(target=_write_notes, args=(program, ended, written))
    thread.start()
    program.exits = True
    try:
        with alarm_within(0.05):
            while True:
                program.monitoring.update_heartbeat(WORKER)
    finally:
        after = len(written)
        while len(written) < after + 10 and thread.is_alive():
            pass
        ended.set()
        thread.join()
        assert program.notes() == [str(number) for number in written]


def _write_notes(program: Program, ended: threading.Event, written: list[int]) -> None:
    while not ended.is_set():
        program.database.execute(INSERT, (str(len(written)),))
        written.append(len(written))


def at_each_look_at_the_clock(program: Program) -> None:
    """In every verb that asks for the time, at the first, second, ... time that it does."""
    verbs: list[Callable[[], object]] = [
        lambda: program.monitoring.register_worker(WORKER),
        lambda: program.monitoring.update_heartbeat(WORKER),
        lambda: program.monitoring.register_worker("another"),
        lambda: program.monitoring.remove_worker("another"),
        program.monitoring.get_active_workers,
        program.monitoring.get_queue_metrics,
    ]
    for verb in verbs:
        for look in range(1, 6):
            _interrupt(program, verb, look)


def _interrupt(program: Program, verb: Callable[[], object], look: int) -> None:
    program.monitoring.register_worker(WORKER)
    program.answers.clear()
    program.clock.countdown = look
    verb()
    program.clock.countdown = 0
    if look == 1 or program.answers:  # not every verb looks so often
        program.expect_gone()
    program.monitoring.remove_worker(WORKER)


def main() -> None:
    program = Program(sys.argv[1])
    random.seed(os.getpid())
    globals()[sys.argv[2]](program)


if __name__ == "__main__":
    main()
