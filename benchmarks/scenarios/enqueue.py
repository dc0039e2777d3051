"""One task at a time, each committed before the next.

All at synchronous=NORMAL, but for huey-defaults: Huey as it comes waits for the disk at each commit.
"""

from functools import partial

from benchmarks.harness import Contestant, Row, Target, compare
from benchmarks.opponents import opponents
from benchmarks.raw import RawQueue
from benchmarks.setting import PAYLOAD, TYPE, Setting
from benchmarks.timing import repeated
from musterq import TaskQueue

NAME = "enqueue"


def rows(setting: Setting) -> list[Row]:
    """Against raw in short turns, which share the machine's moments; against peers in longer ones."""
    n = setting.choose(quick=500, usual=2000)
    raw = Contestant(name="raw", operations=n, run=partial(raw_seconds, setting, n), target=Target(at_least=0.80))
    return [
        *compare(NAME, musterq(setting, n), [raw], rounds=setting.choose(quick=5, usual=15)),
        *against_peers(setting),
    ]


def against_peers(setting: Setting) -> list[Row]:
    """Huey is judged at the setting that all have; as it comes, it is shown beside that."""
    n = setting.choose(quick=500, usual=3000)
    asked = {
        "plainjob": (n, Target(at_least=1.0)),
        "huey": (n, Target(at_least=8.0)),
        "huey-defaults": (n // 10, None),
        "litequeue": (n, None),
        "persist-queue": (n, None),
        "flexiq": (n, None),
    }
    peers = opponents(NAME, setting.folder, asked)
    return compare(NAME, musterq(setting, n), peers, rounds=setting.choose(quick=1, usual=3))


def musterq(setting: Setting, n: int) -> Contestant:
    """The public API, payload checked and encoded each time."""
    return Contestant(name="musterq", operations=n, run=partial(musterq_seconds, setting, n))


def musterq_seconds(setting: Setting, n: int) -> float:
    """Seconds for `n` tasks."""
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.enqueue(TYPE, PAYLOAD)
        return repeated(lambda: queue.enqueue(TYPE, PAYLOAD), n)


def raw_seconds(setting: Setting, n: int) -> float:
    """Seconds for `n` tasks."""
    with setting.new_folder() as folder, RawQueue(folder / "queue.db") as queue:
        queue.enqueue()
        return repeated(queue.enqueue, n)
