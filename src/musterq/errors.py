"""Everything that musterq raises of its own.

    MusterqError
    ├── QueueDatabaseError        the database could not do it; the cause is chained
    │   ├── QueueBusyError        somebody else held the write lock until the deadline
    │   └── QueueSchemaError      the tables are missing, older, newer, or not musterq's
    ├── TaskNotFoundError         no such task (also a LookupError)
    ├── TaskFailedError           Handle.wait: the task ended without a result
    ├── WaitTimeoutError          Handle.wait: not finished in time (also a TimeoutError)
    ├── TaskTimeout               in a handler: it is over its time limit (also a TimeoutError)
    ├── TaskLost                  in a handler: its task was taken back, and what it does is for nothing
    ├── WorkerIdTakenError        another live process works under this worker id
    └── WorkerLoadError           no queue where a worker was told to look (also a ValueError)

Signals of a handler to its worker, raised inside a task:

    TaskSignal
    ├── Retry(in_=seconds)        run me again later
    ├── PermanentError            do not retry
    └── Cancel                    stop here; counts as cancelled

A caller's mistake is a ValueError or a TypeError, raised before anything is written.
"""

from __future__ import annotations

LONGEST_RETRY_SECONDS = 100 * 365.25 * 86400  # a century: longer is a mistake in the unit


class MusterqError(Exception):
    """The root of musterq's errors."""


class QueueDatabaseError(MusterqError):
    """The database could not do what was asked; ``__cause__`` holds the driver's own error."""


class QueueBusyError(QueueDatabaseError):
    """The database stayed locked by somebody else until the deadline; trying again is safe."""


class QueueSchemaError(QueueDatabaseError):
    """The tables are missing, of another version, or not musterq's; the message says what to run."""


class TaskNotFoundError(MusterqError, LookupError):
    """There is no task with this id."""


class TaskFailedError(MusterqError):
    """The task that was waited for ended as failed or cancelled; the message holds its error."""


class WaitTimeoutError(MusterqError, TimeoutError):
    """The task that was waited for did not finish in time; it goes on."""


class TaskTimeout(MusterqError, TimeoutError):
    """The handler that meets it is over its time limit; unless it catches it, the attempt has failed."""

    def __init__(self, message: str = "not finished within its time limit") -> None:
        super().__init__(message)


class TaskLost(MusterqError):
    """The task of this handler was taken back from its worker: another attempt may run, and only that one counts."""


class WorkerIdTakenError(MusterqError):
    """Another live process works under this worker id; choose another id or stop that one."""


class WorkerLoadError(MusterqError, ValueError):
    """There is no queue where a worker was told to look, or nothing in it to work on; the message says which."""


class TaskSignal(Exception):
    """What a handler raises to tell its worker how to end this attempt."""


class Retry(TaskSignal):
    """Run this task again: after ``in_`` seconds, or when its retry policy says.

    It counts as an attempt like any other error: the last one ends the task as failed.

    Raises:
        TypeError, ValueError: ``in_`` is no number from 0 to 100 years in seconds.
    """

    def __init__(self, message: str = "retry asked for by the handler", *, in_: float | None = None) -> None:
        if in_ is not None and (isinstance(in_, bool) or not isinstance(in_, int | float)):
            raise TypeError(f"Retry(in_={in_!r}): give a number of seconds, or None")
        if in_ is not None and not 0 <= in_ <= LONGEST_RETRY_SECONDS:
            raise ValueError(
                f"Retry(in_={in_!r}): give a number of seconds from 0 to {LONGEST_RETRY_SECONDS:.0f}, 100 years"
            )
        super().__init__(message)
        self.in_ = in_


class PermanentError(TaskSignal):
    """This task can never succeed: it ends as failed at once, however many attempts are left."""


class Cancel(TaskSignal):
    """Stop here: the task ends as cancelled, without a retry."""

    def __init__(self, message: str = "cancelled by its handler") -> None:
        super().__init__(message)
