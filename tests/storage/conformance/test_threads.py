"""One storage, many threads: nothing lost, nothing doubled, and who fails fails alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from musterq.models import NewTask, SchedulingStrategy
from musterq.storage.base import Storage
from tests.storage.making import end, put, take

THREADS = 8


def at_once(work: Callable[[int], object], threads: int = THREADS) -> list:
    """The results of ``work(n)`` in threads that all begin together; its errors are raised."""
    barrier = threading.Barrier(threads)

    def begin(n: int) -> object:
        barrier.wait()
        return work(n)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


def test_all_that_is_put_in_at_once_is_there(storage: Storage):
    ids = at_once(lambda n: [put(storage, f"type-{n % 3}") for _ in range(25)])
    assert len({task_id for some in ids for task_id in some}) == THREADS * 25
    assert sum(storage.task_counts().values()) == THREADS * 25


def test_every_task_goes_to_one_thread(storage: Storage):
    storage.enqueue([NewTask(type="mail", payload="{}") for _ in range(200)])
    strategies = list(SchedulingStrategy)

    def work(n: int) -> list[int]:
        done = []
        while claims := take(storage, f"worker-{n}", limit=3, strategy=strategies[n % 4]):
            done += [claim.task_id for claim in claims if end(storage, claim)]
        return done

    done = Counter(task_id for some in at_once(work) for task_id in some)
    assert len(done) == 200
    assert set(done.values()) == {1}


def test_one_key_makes_one_task(storage: Storage, other: Storage):
    """From several threads of two processes' storages."""
    made = at_once(
        lambda n: (storage, other)[n % 2].enqueue([NewTask(type="mail", payload="{}", idempotency_key="k")])[0]
    )
    assert len({task.id for task in made}) == 1
    assert sum(task.created for task in made) == 1


def test_only_one_finish_counts(storage: Storage):
    put(storage)
    (claim,) = take(storage)
    assert sum(at_once(lambda n: end(storage, claim))) == 1


def test_who_cannot_be_written_fails_alone(storage: Storage):
    """Threads share commits; the one whose task the database cannot take gets its own error."""

    def work(n: int) -> str:
        failed = 0
        for _ in range(10):
            try:
                put(storage, f"type-{n}", priority=2**70 if n == 0 else 5)
            except Exception:  # noqa: BLE001 - the driver's own word for a number beyond 64 bits
                failed += 1
        return f"{failed} failed"

    assert at_once(work) == ["10 failed"] + ["0 failed"] * (THREADS - 1)
    assert sum(storage.task_counts().values()) == (THREADS - 1) * 10


def test_two_storages_take_turns(storage: Storage, other: Storage):
    def work(n: int) -> int:
        here = (storage, other)[n % 2]
        for _ in range(20):
            put(here, f"type-{n}")
        return sum(end(here, claim) for claim in take(here, f"worker-{n}", limit=20))

    assert sum(at_once(work)) == THREADS * 20
