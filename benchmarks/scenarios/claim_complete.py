"""A task is claimed and completed, one at a time, each of the two committed.

All at synchronous=NORMAL, but for huey-defaults: Huey as it comes waits for the disk at each commit.
"""

from functools import partial

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.opponents import opponents
from benchmarks.raw import WORKER_ID, RawQueue
from benchmarks.setting import PAYLOAD, TYPE, Setting
from benchmarks.timing import repeated
from musterq import TaskQueue

NAME = "claim_complete"
LITEQUEUE_TASKS = 2000  # it slows down with every task that it has done


def rows(setting: Setting) -> list[Row]:
    """Against raw in short turns, which share the machine's moments; against peers in longer ones."""
    n = setting.choose(quick=300, usual=1000)
    raw = Contestant(name="raw", operations=n, run=partial(raw_seconds, setting, n), target=Target(at_least=0.75))
    return [
        *compare(NAME, musterq(setting, n), [raw], rounds=setting.choose(quick=5, usual=15)),
        *against_peers(setting),
    ]


def against_peers(setting: Setting) -> list[Row]:
    """Huey is judged at the setting that all have; as it comes, it is shown beside that."""
    n = setting.choose(quick=500, usual=3000)
    asked = {
        "plainjob": (n, Target(at_least=1.0)),
        "huey": (n, Target(at_least=4.0)),
        "huey-defaults": (n // 10, None),
        "litequeue": (min(n, LITEQUEUE_TASKS), Target(at_least=7.0)),
        "persist-queue": (n, None),
    }
    peers = opponents(NAME, setting.folder, asked)
    return compare(NAME, musterq(setting, n), peers, rounds=setting.choose(quick=1, usual=3))


def musterq(setting: Setting, n: int) -> Contestant:
    """The public API."""
    return Contestant(name="musterq", operations=n, run=partial(musterq_seconds, setting, n))


def musterq_seconds(setting: Setting, n: int) -> float:
    """Seconds for `n` tasks."""
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.enqueue_many([{"type": TYPE, "payload": PAYLOAD}] * (n + 1))
        claim_and_complete(queue)
        return repeated(lambda: claim_and_complete(queue), n)


def claim_and_complete(queue: TaskQueue) -> None:
    """As whoever works by hand does it."""
    (claim,) = queue.claim(WORKER_ID)
    queue.complete(claim)


def raw_seconds(setting: Setting, n: int) -> float:
    """Seconds for `n` tasks."""
    with setting.new_folder() as folder, RawQueue(folder / "queue.db") as queue:
        queue.enqueue_many(n + 1)
        raw_claim_and_complete(queue)
        return repeated(lambda: raw_claim_and_complete(queue), n)


def raw_claim_and_complete(queue: RawQueue) -> None:
    """The same, in raw `sqlite3`."""
    (held,) = queue.claim()
    queue.complete(held)
