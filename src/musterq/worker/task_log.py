"""The log of each task: what its handler says by the standard `logging`, kept in the database."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from musterq.events import Events
from musterq.queue.current import RunningTask
from musterq.queue.failures import bounded, traceback_text
from musterq.records import LogLine
from musterq.storage.base import Storage
from musterq.worker.executor import take_all
from musterq.worker.log_records import RECORDS, TaskRecord
from musterq.worker.option_values import LOG_OFF
from musterq.worker.service import Service

LONGEST_LOG = 1000  # lines of one attempt
FLUSH_SECONDS = 0.2


class TaskLog:
    """Gathers the lines of the tasks of one worker, and writes many at once.

    Lines must be written before their task is finished, since it is the claim that allows it: whoever finishes
    calls `flush` first.
    """

    def __init__(self, storage: Storage, worker_id: str, level: str) -> None:
        self._storage = storage
        self._worker_id = worker_id
        self._level = None if level == LOG_OFF else logging.getLevelNamesMapping()[level.upper()]
        self._lines: deque[LogLine] = deque()
        self._writing = threading.Lock()
        self._on_line: Callable[[], None] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block, keep what handlers say, and have every log record name its task."""
        RECORDS.listen(self._hear)
        try:
            with _root_lets_through(self._level):
                yield
        finally:
            RECORDS.forget(self._hear)

    def flush(self) -> bool:
        """Write what was said until now; what another thread is just writing is written, too, when this returns.

        False: there was nothing to write.

        Raises:
            QueueDatabaseError: it cannot be written now; it is kept for the next time.
        """
        with self._writing:
            lines = take_all(self._lines)
            try:
                if lines:
                    self._storage.log(lines)
            except BaseException:
                self._lines.extendleft(reversed(lines))
                raise
        return bool(lines)

    def call_on_line(self, wake: Callable[[], None]) -> bool:
        """Call ``wake`` once, at the next line. False: there are lines already, and it will not be called."""
        self._on_line = wake
        if self._lines:
            self._on_line = None
            return False
        return True

    def _hear(self, task: RunningTask, record: TaskRecord) -> None:
        if self._level is None or record.levelno < self._level or task.worker_id != self._worker_id:
            return
        if record.name.partition(".")[0] == "musterq" or task.kept_lines > LONGEST_LOG:
            return
        task.kept_lines += 1
        self._lines.append(_line(task, record))
        wake = self._on_line
        if wake is not None:
            self._on_line = None
            wake()


class LogFlusher(Service):
    """Writes what handlers say while they run."""

    def __init__(self, log: TaskLog, *, events: Events) -> None:
        super().__init__("musterq-log", events)
        self._log = log

    def run_once(self) -> float | None:
        """Write it; returns when to look again, or None where nothing was said."""
        if self._log.flush() or not self._log.call_on_line(self.wake):
            return FLUSH_SECONDS
        return None


def _line(task: RunningTask, record: TaskRecord) -> LogLine:
    if task.kept_lines > LONGEST_LOG:
        return task.line("WARNING", f"this attempt has said {LONGEST_LOG} lines; what it says from here on is not kept")
    details = {"logger": record.name}
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        details["traceback"] = traceback_text(error)
    return task.line(record.levelname, bounded(_message(record)), **details)


def _message(record: TaskRecord) -> str:
    try:
        return record.plain_message()
    except Exception:  # noqa: BLE001  # `logging` itself tells of arguments that do not fit
        return str(record.msg)


@contextmanager
def _root_lets_through(level: int | None) -> Iterator[None]:
    """Where a program has not set up `logging`, only warnings would come to be; who has set it up means its levels."""
    root = logging.getLogger()
    usual = root.level
    if level is None or root.handlers or usual <= level:
        yield
        return
    root.setLevel(level)
    try:
        yield
    finally:
        if root.level == level:
            root.setLevel(usual)
