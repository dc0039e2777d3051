"""One worker process with eight threads empties a queue whose handler does nothing.

Timed from the first claim to the last finish, as the tasks' rows tell; its start is left out.
"""

from functools import partial
from pathlib import Path

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.opponents import opponents
from benchmarks.processes import run_burst
from benchmarks.raw import RawQueue
from benchmarks.setting import PAYLOAD, TYPE, Setting
from benchmarks.timing import seconds_of
from musterq import QueueDatabase, TaskQueue

NAME = "worker"
BATCH = 100
FILL = 10_000
LIMIT_SECONDS = 600.0


def rows(setting: Setting) -> list[Row]:
    """Against raw batches with as many tasks as the target says; against peers with fewer, compared by their rates."""
    n = setting.choose(quick=10_000, usual=100_000)
    raw = Contestant(
        name=f"raw batches of {BATCH}",
        operations=n,
        run=partial(raw_seconds, setting, n),
        target=Target(at_least=0.35),
    )
    return [
        *compare(f"{NAME}, {n:,}", musterq(setting, n), [raw], rounds=setting.choose(quick=1, usual=3)),
        *against_peers(setting),
    ]


def against_peers(setting: Setting) -> list[Row]:
    """The slower ones get fewer tasks; a rate is a rate."""
    n = setting.choose(quick=5000, usual=20_000)
    asked = {
        "huey": (n, Target(at_least=15.0)),
        "huey-defaults": (n // 10, None),
        "flexiq-defaults": (n // 100, Target(at_least=20.0)),
        "flexiq": (n // 40, None),
        "plainjob": (n, None),
    }
    peers = opponents(NAME, setting.folder, asked)
    return compare(f"{NAME}, {n:,}", musterq(setting, n), peers, rounds=setting.choose(quick=1, usual=3))


def musterq(setting: Setting, n: int) -> Contestant:
    """`musterq worker`, a process of its own."""
    return Contestant(name="musterq", operations=n, run=partial(musterq_seconds, setting, n))


def musterq_seconds(setting: Setting, n: int) -> float:
    """Seconds from the first claim to the last finish, as the tasks' rows tell; the process's start is left out."""
    with setting.new_folder() as folder:
        database = folder / "queue.db"
        fill(database, n)
        run_burst(database, limit=LIMIT_SECONDS)
        return seconds_at_work(database, n)


def fill(database: Path, n: int) -> None:
    """Enqueue `n` tasks whose handler does nothing."""
    with TaskQueue(database) as queue:
        for start in range(0, n, FILL):
            queue.enqueue_many([{"type": TYPE, "payload": PAYLOAD}] * min(FILL, n - start))


def seconds_at_work(database: Path, n: int) -> float:
    """From the first claim to the last finish.

    Raises:
        RuntimeError: not all `n` tasks are completed.
    """
    told = "SELECT (julianday(max(finished_at_utc)) - julianday(min(reserved_at_utc))) * 86400, count(*)"
    with QueueDatabase(database) as opened:
        seconds, completed = opened.execute(f"{told} FROM task_queue WHERE status = 'completed'").fetchone()
    if completed != n:
        raise RuntimeError(f"the worker completed {completed} of {n} tasks")
    return float(seconds)


def raw_seconds(setting: Setting, n: int) -> float:
    """Seconds for the same tasks in batches, each completed in the transaction that claims the next."""
    with setting.new_folder() as folder, RawQueue(folder / "queue.db", limit=BATCH, lease_seconds=None) as queue:
        queue.enqueue_many(n)
        return seconds_of(partial(raw_drain, queue))


def raw_drain(queue: RawQueue) -> None:
    """Claim and complete until nothing is left."""
    held = queue.claim()
    while held:
        held = queue.complete_and_claim(held)
