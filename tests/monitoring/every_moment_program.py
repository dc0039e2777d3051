"""Interrupts a call at every moment at which Python can run a signal handler.

Usage: every_moment_program.py DATABASE CALL END.
Python runs handlers where a function of Python begins and where one of C returned, and just there a profiler is asked;
so it raises the signal at the first of these moments, in the next round at the second, and so on until the call ends
before. END is ``return`` or ``exit``: what the handler does when it has removed its worker. Each round is a process of
its own, forked; what went wrong is said on standard output.
"""

from __future__ import annotations

import faulthandler
import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import musterq
from musterq import QueueDatabase, QueueMonitoring

WORKER = "worker-01"
INSERT = "INSERT INTO notes(text) VALUES ('x')"
NO_SUCH_MOMENT, RETURNED, EXITED = 4, 5, 6
SECONDS_OF_A_HANG = 10
CODE = str(Path(musterq.__file__).parent)


def transact(database: QueueDatabase) -> None:
    with database.transaction() as transaction:
        transaction.execute(INSERT)
        transaction.execute(INSERT)


CALLS: dict[str, Callable[[QueueDatabase, QueueMonitoring], object]] = {
    "update_heartbeat": lambda database, monitoring: monitoring.update_heartbeat(WORKER),
    "remove_worker": lambda database, monitoring: monitoring.remove_worker("another"),
    "get_all_workers": lambda database, monitoring: monitoring.get_all_workers(),
    "execute": lambda database, monitoring: database.execute(INSERT),
    "transaction": lambda database, monitoring: transact(database),
}
ROWS = {"execute": 1, "transaction": 2}


class Moment:
    """Counts the moments of a call within musterq, and raises the signal at one of them."""

    def __init__(self, number: int, note: Path) -> None:
        self._left = number
        self._note = note

    def watch(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(CODE):
            self._left -= 1
            if self._left == 0:
                sys.setprofile(None)
                place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name} ({event})"
                self._note.write_text(place)
                signal.raise_signal(signal.SIGUSR1)

    @property
    def came(self) -> bool:
        return self._left <= 0


def interrupt(path: str, call: str, end: str, moment: Moment) -> None:
    """One round; ends the process."""
    faulthandler.dump_traceback_later(SECONDS_OF_A_HANG, exit=True)
    database = QueueDatabase(path, busy_timeout=5)
    monitoring = QueueMonitoring(database)
    monitoring.register_worker(WORKER)
    database.execute("SELECT 1").fetchall()  # connects; the moments of that would be many and all alike

    def handle(signum: int, frame: FrameType | None) -> None:
        assert monitoring.remove_worker(WORKER)
        if end == "exit":
            sys.exit(EXITED)

    signal.signal(signal.SIGUSR1, handle)
    sys.setprofile(moment.watch)
    CALLS[call](database, monitoring)
    sys.setprofile(None)
    if not moment.came:
        os._exit(NO_SUCH_MOMENT)
    assert monitoring.update_heartbeat(WORKER) is False
    sys.exit(RETURNED)


def run_round(path: str, call: str, end: str, number: int) -> int | None:
    """Fork a round, and say what went wrong; None: the call was over before."""
    note = Path(f"{path}.place")
    rows = count(path, "notes")
    child = os.fork()
    if not child:
        interrupt(path, call, end, Moment(number, note))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == NO_SUCH_MOMENT:
        return None
    written = count(path, "notes") - rows
    all_rows = ROWS.get(call, 0)
    checks = {
        f"it ended with {code}": code == (EXITED if end == "exit" else RETURNED),
        "the worker is still there": count(path, "workers") == 0,
        f"{written} rows were written": written == all_rows or (written == 0 and end == "exit"),
    }
    wrong = [complaint for complaint, holds in checks.items() if not holds]
    for complaint in wrong:
        os.write(1, f"{number} {note.read_text()}: {complaint}\n".encode())
    return len(wrong)


def count(path: str, table: str) -> int:
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        number: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return number


def main(path: str, call: str, end: str) -> int:
    rounds = (run_round(path, call, end, number) for number in itertools.count(1))
    wrongs = list(itertools.takewhile(lambda wrong: wrong is not None, rounds))
    os.write(1, f"{len(wrongs)} moments\n".encode())
    return 1 if any(wrongs) or not wrongs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
