"""Log records that name their task: `task_id`, `attempt` and `worker_id` in every record, for formats to use.

They are None outside of a handler, so that a format with ``%(task_id)s`` never breaks. They stand in the record from
when it is formatted: before that, `logging` would refuse an ``extra`` of the program's own under one of these names.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, cast

from musterq.queue.current import RunningTask, running_task

FACTS = ("task_id", "attempt", "worker_id")


class TaskRecord(logging.LogRecord):
    """A record of any class, to which this is added."""

    _facts_of_task: tuple[int | None, int | None, str | None] = (None, None, None)

    def getMessage(self) -> str:  # noqa: N802  # logging's name
        """Every formatter calls this before it looks at the rest."""
        self._note_task()
        return super().getMessage()

    def plain_message(self) -> str:
        """The message, while the record is being made: an ``extra`` may still come."""
        return super().getMessage()

    def __getattr__(self, name: str) -> Any:
        if name in FACTS:
            return self._note_task()[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce__(self) -> tuple[Callable[..., logging.LogRecord], tuple[dict[str, Any]]]:
        return logging.makeLogRecord, (self._note_task(),)

    def _note_task(self) -> dict[str, Any]:
        for name, fact in zip(FACTS, self._facts_of_task, strict=True):
            self.__dict__.setdefault(name, fact)
        return self.__dict__


Listener = Callable[[RunningTask, TaskRecord], None]


class RecordFactory:
    """Makes log records by the factory that was there before it, and has them name their task.

    While it listens, it is that of `logging`; where somebody has put his own on top, it stays below it and is idle.
    """

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._before: Callable[..., logging.LogRecord] = logging.LogRecord
        self._is_below = False
        self._kinds: dict[type, type[TaskRecord]] = {}  # to each class of records, the one that names its task
        self._lock = threading.Lock()

    def listen(self, listener: Listener) -> None:
        """Call this with every record that is made in a handler."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
            if not self._is_below:
                self._before, self._is_below = logging.getLogRecordFactory(), True
                logging.setLogRecordFactory(self)

    def forget(self, listener: Listener) -> None:
        """Call it no more."""
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other != listener)
            if not self._listeners and logging.getLogRecordFactory() is self:
                logging.setLogRecordFactory(self._before)
                self._is_below = False

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """Make a record."""
        record = self._naming_its_task(self._before(*args, **kwargs))
        task = running_task()
        if task is not None:
            record.__dict__["_facts_of_task"] = (task.id, task.attempt, task.worker_id)
            if args[0] is not None:  # else it is about to become the copy of another
                for listener in self._listeners:
                    listener(task, record)
        return record

    def _naming_its_task(self, record: logging.LogRecord) -> TaskRecord:
        kind = type(record)
        if not isinstance(record, TaskRecord):
            record.__class__ = self._kinds.get(kind) or self._kinds.setdefault(kind, _with_task(kind))
        return cast("TaskRecord", record)


def _with_task(kind: type[logging.LogRecord]) -> type[TaskRecord]:
    return type(kind.__name__, (TaskRecord, kind), {})


RECORDS = RecordFactory()
