"""Any chain of tasks and groups, with failures and retries: what follows starts when all before it is completed.

Normally bounded to some seconds; ``HYPOTHESIS_PROFILE=thorough`` searches for minutes.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from musterq.models import NewTask, Outcome, TaskStatus
from musterq.queue.parts import Parallel, Part, planned
from musterq.storage.base import Storage
from tests.storage.engines import SQLITE
from tests.storage.making import check_counts, status, take
from tests.support import MovableClock

S = TaskStatus
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 40
ENDED = {S.FAILED, S.CANCELLED}
#: What happens to a task that was claimed.
ENDINGS = st.sampled_from([S.COMPLETED, S.COMPLETED, S.COMPLETED, S.FAILED, S.CANCELLED, S.SCHEDULED, S.QUEUED])
#: What happens between two claims, to the task at some place.
MEANWHILE = st.tuples(
    st.sampled_from(["nothing", "nothing", "retry", "cancel", "fail by SQL", "queue by SQL"]), st.integers(0, 99)
)
SIZES = st.lists(st.integers(0, 3), min_size=1, max_size=6)  # 0: a single task, else a group of so many


def workflow(sizes: list[int]) -> list[Part | Parallel]:
    """A single task stands between two groups."""
    steps: list[Part | Parallel] = []
    for size in sizes:
        part = Part(NewTask(type="any", payload="{}"), {}, None)
        part = part.into("found") if steps else part
        if size and not (steps and isinstance(steps[-1], Parallel)):
            steps.append(Parallel([part] * size))
        else:
            steps.append(part)
    return steps


class Run:
    """A workflow that is run, beside what must be before each of its tasks."""

    def __init__(self, storage: Storage, sizes: list[int]) -> None:
        self.storage = storage
        parts = planned(workflow(sizes))
        self.ids = storage.enqueue_parts(parts)
        self.before: dict[int, list[int]] = {task_id: [] for task_id in self.ids}
        for at, part in enumerate(parts):
            for to, other in enumerate(parts):
                if part.next is not None and part.next in {to, other.group}:
                    self.before[self.ids[to]].append(self.ids[at])

    def claim_and_end(self, ending: TaskStatus) -> None:
        for claim in take(self.storage):
            results = [self.storage.get(task_id) for task_id in self.before[claim.task_id]]
            assert all(task is not None and task.status == S.COMPLETED for task in results)
            if found := claim.arguments.get("found"):
                told = found if isinstance(found, list) else [found]
                assert told == [task and task.get_result() for task in results]
            outcome = Outcome(claim=claim, status=ending, result=f'"{claim.claim_token}"', error="drawn")
            self.storage.finish([outcome])

    def meddle(self, what: str, place: int) -> None:
        task_id = self.ids[place % len(self.ids)]
        if what == "retry":
            self.storage.retry(task_id)
        elif what == "cancel":
            self.storage.cancel(task_id)
        elif what.endswith("SQL"):
            to = "failed" if what == "fail by SQL" else "queued"
            self.storage.execute("UPDATE task_queue SET status = ? WHERE id = ?", (to, task_id))

    def check(self) -> None:
        """What waits has a reason, what has none is queued, and nothing waits for what has stopped."""
        now = {task_id: S(status(self.storage, task_id)) for task_id in self.ids}
        for task_id, before in self.before.items():
            open_before = [other for other in before if now[other] is not S.COMPLETED]
            if now[task_id] in (S.QUEUED, S.PROCESSING):
                assert not open_before
            if now[task_id] is S.SCHEDULED and open_before:
                assert not any(now[other] in ENDED for other in open_before)

    def retry_all(self) -> None:
        """From the first to the last: what waits behind comes back by itself, or is retried, too."""
        for task_id in self.ids:
            if status(self.storage, task_id) in ENDED:
                self.storage.retry(task_id)


@settings(max_examples=EXAMPLES, deadline=None)
@given(sizes=SIZES, steps=st.lists(st.tuples(ENDINGS, MEANWHILE), max_size=25))
def test_followers_start_when_all_before_them_are_completed_and_never_else(
    sizes: list[int], steps: list[tuple[TaskStatus, tuple[str, int]]]
):
    """Whatever happens; and when all that stopped is retried in order, everything comes to its end."""
    clock = MovableClock()
    with tempfile.TemporaryDirectory() as folder:
        storage = SQLITE.open(Path(folder), clock)
        run = Run(storage, sizes)
        for ending, (what, place) in steps:
            run.claim_and_end(ending)
            run.check()
            run.meddle(what, place)
            run.check()
            SQLITE.verify_counts(storage)
        run.retry_all()
        run.check()
        for _ in run.ids:
            run.claim_and_end(S.COMPLETED)
        assert {status(storage, task_id) for task_id in run.ids} == {"completed"}
        check_counts(storage)
        SQLITE.verify_counts(storage)
        storage.close()
