"""Waiting for what happens, never for time to pass."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from musterq.events import Events
from musterq.worker import WorkerEngine

LIMIT = 30.0  # seconds: far beyond what anything here takes


def until(condition: Callable[[], Any], limit: float = LIMIT) -> Any:
    """What the condition returns once that is true; fails the test if it is not within the limit."""
    deadline = time.monotonic() + limit
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {limit} s: {condition}"
        pause.wait(0.005)
    return found


def freeze(process: subprocess.Popen[Any], database: str | os.PathLike[str]) -> None:
    """Stop a process, but not in the middle of a write, in which nobody else could write until it goes on."""

    def frozen() -> bool:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        try:
            with closing(sqlite3.connect(database, timeout=0.1, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            return False
        return True

    until(frozen)


@contextmanager
def working(engine: WorkerEngine) -> Iterator[threading.Thread]:
    """The worker at work in a thread of its own; at the end of the block it is stopped and must have ended."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            engine.run()
        except BaseException as error:  # noqa: BLE001  # raised again in the thread of the test
            failures.append(error)

    thread = threading.Thread(target=run, name="worker-under-test")
    thread.start()
    try:
        yield thread
    finally:
        engine.stop()
        thread.join(LIMIT)
        if thread.is_alive():
            engine.stop()
            thread.join(LIMIT)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


class Record:
    """Every event so far."""

    def __init__(self, events: Events) -> None:
        self.all: list[tuple[str, dict[str, Any]]] = []
        events.subscribe(lambda name, facts: self.all.append((name, dict(facts))))

    def named(self, name: str) -> list[dict[str, Any]]:
        """The facts of the events of this name."""
        return [facts for found, facts in list(self.all) if found == name]
