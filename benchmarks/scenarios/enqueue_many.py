"""Many tasks in one transaction."""

from functools import partial

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.raw import RawQueue
from benchmarks.setting import PAYLOAD, TYPE, Setting
from benchmarks.timing import seconds_of
from musterq import EnqueueItem, TaskQueue


def rows(setting: Setting) -> list[Row]:
    """Against raw `executemany`."""
    n = setting.choose(quick=2000, usual=10_000)
    ours = Contestant(name="musterq", operations=n, run=partial(musterq_seconds, setting, n))
    raw = Contestant(name="raw", operations=n, run=partial(raw_seconds, setting, n), target=Target(at_least=0.60))
    return compare(f"enqueue_many, {n:,}", ours, [raw], rounds=setting.choose(quick=5, usual=9))


def musterq_seconds(setting: Setting, n: int) -> float:
    """Seconds for `n` tasks, each checked and encoded."""
    tasks: list[EnqueueItem] = [{"type": TYPE, "payload": PAYLOAD} for _ in range(n)]
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.enqueue(TYPE, PAYLOAD)
        return seconds_of(lambda: queue.enqueue_many(tasks))


def raw_seconds(setting: Setting, n: int) -> float:
    """Seconds for `n` tasks, ready to be bound."""
    with setting.new_folder() as folder, RawQueue(folder / "queue.db") as queue:
        queue.enqueue()
        return seconds_of(lambda: queue.enqueue_many(n))
