"""The queue that worker processes of the benchmarks serve; its database is named on their command line."""

import sys
import time
from pathlib import Path

from musterq import TaskQueue

queue = TaskQueue()


@queue.task
def thumbnail(path: str, width: int) -> None:
    """Do nothing: what is measured is the queue."""


@queue.task
def latency(sent_ns: int) -> int:
    """Nanoseconds since the producer was about to enqueue this; both look at the clock of one machine."""
    return time.time_ns() - sent_ns


@queue.task
def started_at() -> int:
    """When the handler began, in nanoseconds of the machine's clock."""
    return time.time_ns()


@queue.task
def busy_work(seconds: float) -> None:
    """Keep a thread of the worker busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


@queue.task
def cpu_seconds() -> float:
    """What this worker process has used of the processors."""
    return time.process_time()


@queue.task
def resident_bytes() -> int:
    """The memory of this worker process that is in use now (the most it ever was, where the system tells no more)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        import os

        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
