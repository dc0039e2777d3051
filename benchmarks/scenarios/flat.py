"""What a claim (and its release) and the metrics cost with many tasks queued, over what they cost with few.

50 lanes of which the worker may serve 25, priorities from 1 to 1000 in no order.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.peer_runs import report
from benchmarks.setting import PAYLOAD, Setting
from benchmarks.timing import repeated
from musterq import QueueMonitoring, SchedulingStrategy, TaskQueue

FEW = 1000
LANES, SERVED = 50, 25  # the worker's capabilities fit half of them
FINISHED = 100
BATCH = 100_000
CALLS = 20  # in each turn
WORKER_ID = "bench"
FILL = (Path(__file__).parent.parent / "fill.sql").read_text(encoding="utf-8")
FLAT = Target(below=1.5)

Operation = Callable[[TaskQueue], object]


def rows(setting: Setting) -> list[Row]:
    """Each strategy's claim, then the metrics, on both queues in turns."""
    many = setting.choose(quick=50_000, usual=1_000_000, large=10_000_000)
    rounds = setting.choose(quick=9, usual=31)
    with setting.new_folder() as folder, ExitStack() as opened:
        queues = {n: opened.enter_context(TaskQueue(folder / f"{n}.db")) for n in (FEW, many)}
        for n, queue in queues.items():
            fill(queue, n)
        claims = [
            compared(f"claim, {strategy}", queues, partial(claim_and_release, strategy=strategy), rounds)
            for strategy in SchedulingStrategy
        ]
        metrics = compared("metrics", queues, read_metrics, rounds)
    return [*claims, metrics, in_milliseconds(metrics)]


def compared(name: str, queues: Mapping[int, TaskQueue], operation: Operation, rounds: int) -> Row:
    """How many times longer it takes with many than with few."""
    few, many = (
        Contestant(
            name=f"{n:,}",
            operations=CALLS,
            run=partial(repeated, partial(operation, queue), CALLS),
            target=FLAT,
        )
        for n, queue in queues.items()
    )
    return compare(f"{name}, {few.name} queued", few, [many], rounds=rounds)[0]


def claim_and_release(queue: TaskQueue, *, strategy: SchedulingStrategy) -> None:
    """Take one task and give it back, so that the queue stays as it is."""
    (claim,) = queue.claim(WORKER_ID, strategy=strategy)
    queue.release(claim)


def read_metrics(queue: TaskQueue) -> None:
    """As a program does that watches the queue."""
    QueueMonitoring(queue.database).get_queue_metrics()


def in_milliseconds(metrics: Row) -> Row:
    """The same row as the time of one call."""
    figure = None if metrics.theirs is None else 1000 / metrics.theirs
    return Row(name=f"metrics, {metrics.against} queued", figure=figure, unit="ms", target=Target(below=1.0))


def fill(queue: TaskQueue, n: int) -> None:
    """Lanes and priorities in no order, and a few finished tasks, so that there is something to tell of them."""
    start = time.monotonic()
    database = queue.database
    QueueMonitoring(database).register_worker(WORKER_ID, {"pool": list(range(SERVED))})
    queue.enqueue_many([{"type": "flat", "payload": PAYLOAD, "compatibility": {"pool": n}} for n in range(LANES)])
    database.execute("PRAGMA cache_size = -200000")  # in KiB: the indexes grow at random places
    for done in range(LANES, n, BATCH):
        with database.transaction() as connection:
            connection.execute(FILL, {"lanes": LANES, "n": min(BATCH, n - done), "payload": json.dumps(PAYLOAD)})
    for claim in queue.claim(WORKER_ID, limit=FINISHED):
        queue.complete(claim)
    report(f"{n:,} tasks put in within {time.monotonic() - start:.0f} s")
