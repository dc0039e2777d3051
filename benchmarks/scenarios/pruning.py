"""Old tasks are pruned while another process enqueues one task after the other; and how large the log gets meanwhile.

The waits of `enqueue` beside the pruner and without it, how long a step of the pruner held the write lock, and the
largest write-ahead log that was seen while four processes enqueued at full speed.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.harness import Row, Target, median, percentile
from benchmarks.processes import Talk
from benchmarks.setting import PAYLOAD, TYPE, Setting
from musterq import TaskQueue

HOLD_MS = 20.0
LOG_MIB = 48.0
SECONDS = 3.0
PRODUCERS = 4
BATCH = 1000


def rows(setting: Setting) -> list[Row]:
    """Milliseconds, and MiB."""
    count = setting.choose(quick=2000, usual=100_000)
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        fill(queue, count)
        alone = enqueue_beside(queue, iter(()))
        held: list[float] = []
        beside = enqueue_beside(queue, steps(queue, held))
        queue.prune()
        logs = log_sizes(queue)
    return [
        *waits("enqueue, nobody prunes", alone),
        *waits(f"enqueue beside the pruner of {count:,} tasks", beside),
        Row(name="the pruner holds writers, median of its steps", figure=median(held), unit="ms"),
        Row(
            name="the pruner holds writers, 99th percentile",
            figure=percentile(held, 0.99),
            unit="ms",
            target=below(HOLD_MS),
        ),
        Row(name=f"largest log with {PRODUCERS} busy writers", figure=max(logs), unit="MiB", target=below(LOG_MIB)),
    ]


def below(bound: float) -> Target:
    """A target that is a bound."""
    return Target(below=bound)


def waits(name: str, milliseconds: list[float]) -> list[Row]:
    """Two rows."""
    return [
        Row(name=f"{name}, 99th percentile", figure=percentile(milliseconds, 0.99), unit="ms"),
        Row(name=f"{name}, worst", figure=max(milliseconds), unit="ms"),
    ]


def fill(queue: TaskQueue, count: int) -> None:
    """So many completed tasks, which may go at once."""
    queue.set_retention("completed")
    for _ in range(0, count, BATCH):
        queue.enqueue_many([{"type": TYPE, "payload": PAYLOAD}] * BATCH)
        for claim in queue.claim("worker-01", limit=BATCH):
            queue.complete(claim)


def steps(queue: TaskQueue, held: list[float]) -> Iterator[None]:
    """Prune as a worker does, a step and a rest in turns; notes the milliseconds of each step."""
    queue.set_retention("completed", max_age=0)
    while (step := queue.storage.prune()).more:
        held.append(step.held_seconds * 1000)
        yield
        time.sleep(4 * step.held_seconds)


def enqueue_beside(queue: TaskQueue, work: Iterator[None]) -> list[float]:
    """The milliseconds of each enqueue of another process while the work is done here."""
    with Talk("producer", queue.database.location, str(SECONDS)) as producer:
        producer.hear()
        producer.say("go")
        for _ in work:
            pass
        milliseconds: list[float] = json.loads(producer.hear())["milliseconds"]
    return milliseconds


def log_sizes(queue: TaskQueue) -> list[float]:
    """The MiB of the log, looked at all the time while the producers are busy."""
    with ExitStack() as open_talks:
        producers = [
            open_talks.enter_context(Talk("producer", queue.database.location, str(SECONDS))) for _ in range(PRODUCERS)
        ]
        for producer in producers:
            producer.hear()
        for producer in producers:
            producer.say("go")
        sizes = []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            sizes.append(queue.storage.log_bytes() / 2**20)
            time.sleep(0.005)
        for producer in producers:
            producer.hear()
    return sizes
