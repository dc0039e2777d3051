"""Eight producer and four worker processes on one file."""

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, Target, percentile
from benchmarks.processes import Talk, running_worker
from benchmarks.setting import Setting
from musterq import QueueDatabase, QueueMonitoring

PRODUCERS, WORKERS = 8, 4
DRAIN_SECONDS = 120.0
LOOK_SECONDS = 0.2
NONE = Target(below=1.0)


def rows(setting: Setting) -> list[Row]:
    """They enqueue for some seconds while the workers are at it; then the workers finish what is left."""
    seconds = setting.choose(quick=2, usual=6)
    with setting.new_folder() as folder, QueueDatabase(folder / "queue.db") as database:
        database.initialize_schema()
        with ExitStack() as workers:
            for _ in range(WORKERS):
                workers.enter_context(running_worker(Path(database.location)))
            produced = run_producers(Path(database.location), seconds)
            wait_until_drained(database)
        once = completed_at_first(database)
    return as_rows(produced, once, seconds)


def run_producers(database: Path, seconds: float) -> list[dict[str, Any]]:
    """Start them all at one moment; what each of them says at its end."""
    with ExitStack() as running:
        producers = [running.enter_context(Talk("producer", str(database), str(seconds))) for _ in range(PRODUCERS)]
        for producer in producers:
            producer.hear()  # it is ready
        for producer in producers:
            producer.say("go")
        return [json.loads(producer.hear()) for producer in producers]


def wait_until_drained(database: QueueDatabase) -> None:
    """Until nothing is queued or being processed.

    Raises:
        TimeoutError: the workers have not come to an end in time.
    """
    monitoring = QueueMonitoring(database)
    deadline = time.monotonic() + DRAIN_SECONDS
    while set(monitoring.get_queue_metrics()["queue_depth_by_status"]) - {"completed", "failed"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the workers have not finished within {DRAIN_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


def completed_at_first(database: QueueDatabase) -> int:
    """Tasks that were completed by their first attempt."""
    counted = database.execute("SELECT count(*) FROM task_queue WHERE status = 'completed' AND attempts = 1")
    return int(counted.fetchone()[0])


def as_rows(produced: list[dict[str, Any]], once: int, seconds: float) -> list[Row]:
    """The figures."""
    name = f"{PRODUCERS} producers, {WORKERS} workers"
    rates = sorted(len(one["milliseconds"]) / seconds for one in produced)
    milliseconds = [each for one in produced for each in one["milliseconds"]]
    return [
        Row(name=f"{name}: enqueued", figure=sum(rates), unit="/s"),
        Row(name=f"{name}: enqueue, median", figure=percentile(milliseconds, 0.5), unit="ms"),
        Row(name=f"{name}: enqueue, 99th", figure=percentile(milliseconds, 0.99), unit="ms", target=Target(below=50.0)),
        Row(name=f"{name}: enqueue, longest", figure=max(milliseconds), unit="ms"),
        Row(name=f"{name}: slowest producer", against="fastest", figure=rates[0] / rates[-1], unit="x"),
        Row(name=f"{name}: errors", figure=sum(len(one["faults"]) for one in produced), unit="", target=NONE),
        Row(name=f"{name}: not run just once", figure=abs(len(milliseconds) - once), unit="", target=NONE),
    ]
