"""What it costs to know: enqueue, claim and complete with all that is written for metrics and history, and without.

Without: the triggers of the tallies are dropped and the statement that musterq's own moves tally with is not run. The
figure is the speed with them over the speed without.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from unittest.mock import patch

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.scenarios.claim_complete import claim_and_complete
from benchmarks.setting import PAYLOAD, TYPE, Setting
from benchmarks.timing import repeated
from musterq import TaskQueue
from musterq.models import Outcome, TaskStatus
from musterq.storage.sqlite.tallies import Tallies

KEPT = Target(at_least=0.80)
TRIGGERS = (
    "task_move_tallied",
    "tally_moves_apply",
    "task_enqueued_by_plain_sql",
    "task_crash_tallied",
    "ledger_tallied",
)
BATCH = 100
WORKER_ID = "bench"

Operation = Callable[[TaskQueue], object]


def rows(setting: Setting) -> list[Row]:
    """Each in short turns, with and without."""
    n = setting.choose(quick=300, usual=500)
    rounds = setting.choose(quick=5, usual=41)
    return [
        priced(setting, "enqueue", put_one, n, rounds),
        priced(setting, "claim + complete", claim_and_complete, n, rounds),
        priced(setting, f"claim + complete, {BATCH} at a time", claim_and_complete_many, n // BATCH + 1, rounds),
    ]


def priced(setting: Setting, name: str, operation: Operation, n: int, rounds: int) -> Row:
    """How much of the speed is kept."""
    seeing = Contestant(name="with", operations=n, run=partial(seconds_of, setting, operation, n))
    blind = Contestant(name="without", operations=n, run=partial(seconds_blind, setting, operation, n), target=KEPT)
    return compare(f"price, {name}", seeing, [blind], rounds=rounds)[0]


def seconds_of(setting: Setting, operation: Operation, n: int) -> float:
    """Seconds for `n` operations, as musterq comes."""
    with opened(setting) as queue:
        return measured(queue, operation, n)


def seconds_blind(setting: Setting, operation: Operation, n: int) -> float:
    """The same, with nothing tallied."""
    with opened(setting) as queue, patch.object(Tallies, "write", lambda *_: None):
        for trigger in TRIGGERS:
            queue.database.execute(f"DROP TRIGGER {trigger}")
        return measured(queue, operation, n)


@contextlib.contextmanager
def opened(setting: Setting) -> Iterator[TaskQueue]:
    """A new queue."""
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.database.initialize_schema()
        yield queue


def measured(queue: TaskQueue, operation: Operation, n: int) -> float:
    """With enough tasks there, and after a first call."""
    if operation is not put_one:
        most = BATCH if operation is claim_and_complete_many else 1
        queue.enqueue_many([{"type": TYPE, "payload": PAYLOAD}] * ((n + 1) * most))
    operation(queue)
    return repeated(partial(operation, queue), n)


def put_one(queue: TaskQueue) -> None:
    """The public API, payload checked and encoded each time."""
    queue.enqueue(TYPE, PAYLOAD)


def claim_and_complete_many(queue: TaskQueue) -> None:
    """In two transactions, as a busy worker needs one."""
    claims = queue.claim(WORKER_ID, limit=BATCH)
    queue.database.storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED) for claim in claims])
