"""What it costs to look, with many tasks over few: the metrics, 500 workers, a day of history, one task, the health.

Milliseconds are of one call on the queue with many tasks. Half the workers told of a process, whose lock is looked at
each time.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.scenarios.flat import FEW, WORKER_ID, fill
from benchmarks.setting import Setting
from benchmarks.timing import repeated
from musterq import QueueMonitoring, TaskQueue
from musterq.models import WorkerFacts
from musterq.monitoring.export.reader import Reader

WORKERS = 500
CALLS = 10  # in each turn
DAY_SECONDS = 86_400
FLAT = Target(below=1.5)
FILL_HISTORY = (Path(__file__).parent.parent / "fill_history.sql").read_text(encoding="utf-8")

Look = Callable[[QueueMonitoring], object]


def rows(setting: Setting) -> list[Row]:
    """Each look on both queues in turns, then in milliseconds on the larger."""
    many = setting.choose(quick=50_000, usual=1_000_000, large=10_000_000)
    rounds = setting.choose(quick=5, usual=21)
    found: list[Row] = []
    with setting.new_folder() as folder, ExitStack() as opened:
        queues = {n: opened.enter_context(TaskQueue(folder / f"{n}.db")) for n in (FEW, many)}
        for n, queue in queues.items():
            fill(queue, n)
            queue.database.execute(FILL_HISTORY)
        found += looked_at("metrics", queues, QueueMonitoring.get_queue_metrics, 1.0, rounds)
        for queue in queues.values():
            register_workers(queue)
        for name, look in LOOKS.items():
            found += looked_at(name, queues, look, 20.0, rounds)
    return found


def newest_task(monitoring: QueueMonitoring) -> int:
    """The id of the newest task."""
    newest: int = monitoring.database.execute("SELECT max(id) FROM task_queue").fetchone()[0]
    return newest


def looked_at(name: str, queues: Mapping[int, TaskQueue], look: Look, most_ms: float, rounds: int) -> list[Row]:
    """How many times longer it takes with many tasks than with few, and how long."""
    few, many = (
        Contestant(
            name=f"{n:,}",
            operations=CALLS,
            run=partial(repeated, partial(look, QueueMonitoring(queue.database)), CALLS),
            target=FLAT,
        )
        for n, queue in queues.items()
    )
    flat = compare(f"{name}, {few.name} tasks", few, [many], rounds=rounds)[0]
    figure = None if flat.theirs is None else 1000 / flat.theirs
    return [flat, Row(name=f"{name}, {many.name} tasks", figure=figure, unit="ms", target=Target(below=most_ms))]


def register_workers(queue: TaskQueue) -> None:
    """500 of two kinds, and each second one as a process tells of itself."""
    storage = queue.database.storage
    with queue.database.transaction():
        for n in range(WORKERS):
            facts = WorkerFacts(host="bench", pid=n + 1, concurrency=8, types=("flat",)) if n % 2 else None
            storage.register(f"{WORKER_ID}-{n:03d}", f'{{"pool": {n % 50}}}', facts)


#: What is measured at 500 workers.
LOOKS: Mapping[str, Look] = {
    "worker activity": QueueMonitoring.get_worker_activity,
    "throughput of a day": lambda monitoring: monitoring.get_history("throughput", since=DAY_SECONDS),
    "wait of a day, p95, by type": lambda monitoring: monitoring.get_history("wait_p95", since=DAY_SECONDS, by="type"),
    "explain an old task": lambda monitoring: monitoring.explain(FEW // 2),
    "explain the newest task": lambda monitoring: monitoring.explain(newest_task(monitoring)),
    "health": QueueMonitoring.check_health,
    "a scrape": lambda monitoring: Reader(monitoring).read(),
}
