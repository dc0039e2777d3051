"""One process enqueues, another one that was idle starts the handler.

Timed from just before `enqueue` is called, so that its commit is in there. Beside it, in turns, a line through a pipe
to a process that waits for it: what this machine needs at the moment to wake anybody.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.harness import Row, Target, median, percentile
from benchmarks.processes import Talk, running_worker
from benchmarks.setting import Setting
from musterq import Handle, TaskQueue

T = TypeVar("T")
TURNS = 5
PATIENCE_SECONDS = 30.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.04  # long enough for a worker to fall asleep, at no fixed beat


def rows(setting: Setting) -> list[Row]:
    """The latencies, and what the worker costs while nothing happens."""
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.database.initialize_schema()
        with running_worker(Path(queue.database.location)):
            cpu_seconds(queue)  # from here on it is up
            ours, pipes = latencies(queue, setting.choose(quick=100, usual=300))
            share = idle_percent(queue, setting.choose(quick=3, usual=10))
    return [
        Row(name="wake, median", figure=median(ours), unit="ms", target=Target(below=1.0)),
        Row(name="wake, 99th", figure=percentile(ours, 0.99), unit="ms", target=Target(below=5.0)),
        Row(name="a pipe, median", figure=median(pipes), unit="ms"),
        Row(name="a pipe, 99th", figure=percentile(pipes, 0.99), unit="ms"),
        Row(name="idle worker", figure=share, unit="% of a core", target=Target(below=0.5)),
    ]


def latencies(queue: TaskQueue, n: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the producer to the handler, one task at a time; and through a pipe."""
    handles: list[Handle[int]] = []
    pipes: list[float] = []
    with Talk("pipe_reader") as reader:
        pipe_milliseconds(reader)
        for _ in range(TURNS):
            handles += at_intervals(n // TURNS, lambda: queue.enqueue("latency", {"sent_ns": time.time_ns()}))
            pipes += at_intervals(n // TURNS // 2, lambda: pipe_milliseconds(reader))
    return [handle.wait(PATIENCE_SECONDS) / 1e6 for handle in handles], pipes


def at_intervals(n: int, work: Callable[[], T]) -> list[T]:
    """Do it now and then."""
    results = []
    for _ in range(n):
        time.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
        results.append(work())
    return results


def pipe_milliseconds(reader: Talk) -> float:
    """One line through the pipe, and how long it was on its way."""
    reader.say(str(time.time_ns()))
    return int(reader.hear()) / 1e6


def idle_percent(queue: TaskQueue, seconds: float) -> float:
    """The share of a core that the worker takes while nothing is enqueued; asking it twice is in there."""
    before = cpu_seconds(queue)
    time.sleep(seconds)
    return (cpu_seconds(queue) - before) / seconds * 100


def cpu_seconds(queue: TaskQueue) -> float:
    """What the worker process has used so far."""
    seconds: float = queue.enqueue("cpu_seconds").wait(PATIENCE_SECONDS)
    return seconds
