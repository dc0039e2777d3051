"""The table of moves in `musterq.models`: each of them happens, and no verb makes any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from musterq.models import MOVES, Claim, NewTask, TaskStatus
from musterq.records import NewPart
from musterq.storage.base import Storage
from tests.storage.making import end, put, release, status, take, take_one
from tests.support import MovableClock

S = TaskStatus
NOBODYS = frozenset(["a type that no task has"])


class Scene:
    """A storage with at most one task, and the claim that holds it (or held it last)."""

    def __init__(self, storage: Storage, clock: MovableClock) -> None:
        self.storage = storage
        self.clock = clock
        self.task_id = 0
        self.first_id = 0
        self.claim: Claim | None = None

    # -- steps of a task's life, each one verb ---------------------------------------------------------
    def put(self, **options: object) -> None:
        self.task_id = put(self.storage, **options)

    def put_for_later(self) -> None:
        self.put(run_after=self.clock.now() + timedelta(seconds=30))

    def put_behind_another(self) -> None:
        """The task is the second of a chain, whose first one can be moved by hand."""
        task = NewTask(type="mail", payload="{}")
        parts = [NewPart(task=task, next=1), NewPart(task=task, waits=True)]
        self.first_id, self.task_id = self.storage.enqueue_parts(parts)

    def end_the_other(self, status: TaskStatus) -> None:
        end(self.storage, take_one(self.storage), status)

    def put_short_lived(self) -> None:
        self.put(expires_at=self.clock.now() + timedelta(seconds=30))

    def wait(self, seconds: float = 61) -> None:
        self.clock.advance(seconds)

    def take(self) -> None:
        self.claim = take_one(self.storage)

    def look(self) -> None:
        """A claim of a worker that may take nothing: it still brings back what is due."""
        take(self.storage, "worker-2", types=NOBODYS)

    def end(self, status: TaskStatus, **facts: object) -> bool:
        return self.claim is not None and end(self.storage, self.claim, status, **facts)

    def release(self) -> bool:
        return self.claim is not None and release(self.storage, self.claim)

    def cancel(self) -> bool:
        return self.storage.cancel(self.task_id)

    def rescue(self) -> None:
        self.storage.rescue_expired()

    @property
    def status(self) -> str:
        return status(self.storage, self.task_id)


@pytest.fixture
def scene(storage: Storage, clock: MovableClock) -> Scene:
    return Scene(storage, clock)


#: How a task comes to each status.
REACHED: dict[TaskStatus, Callable[[Scene], object]] = {
    S.SCHEDULED: lambda at: at.put_for_later(),
    S.QUEUED: lambda at: at.put(),
    S.PROCESSING: lambda at: (at.put(), at.take()),
    S.COMPLETED: lambda at: (at.put(), at.take(), at.end(S.COMPLETED)),
    S.FAILED: lambda at: (at.put(), at.take(), at.end(S.FAILED)),
    S.CANCELLED: lambda at: (at.put(), at.cancel()),
}

#: How each move of the table is made, from nothing to its end.
MADE: dict[tuple[TaskStatus | None, TaskStatus, str], Callable[[Scene], object]] = {
    (None, S.QUEUED, "enqueue"): lambda at: at.put(),
    (None, S.SCHEDULED, "enqueue"): lambda at: at.put_for_later(),
    (S.SCHEDULED, S.QUEUED, "promote"): lambda at: (at.put_for_later(), at.wait(), at.storage.promote(1)),
    (S.SCHEDULED, S.QUEUED, "claim"): lambda at: (at.put_for_later(), at.wait(), at.look()),
    (S.SCHEDULED, S.CANCELLED, "cancel"): lambda at: (at.put_for_later(), at.cancel()),
    (S.SCHEDULED, S.QUEUED, "parts"): lambda at: (at.put_behind_another(), at.end_the_other(S.COMPLETED)),
    (S.SCHEDULED, S.CANCELLED, "parts"): lambda at: (at.put_behind_another(), at.end_the_other(S.FAILED)),
    (S.QUEUED, S.SCHEDULED, "parts"): lambda at: (
        at.put_behind_another(),
        at.end_the_other(S.COMPLETED),
        at.storage.retry(at.first_id),
    ),
    (S.QUEUED, S.PROCESSING, "claim"): lambda at: (at.put(), at.take()),
    (S.QUEUED, S.CANCELLED, "cancel"): lambda at: (at.put(), at.cancel()),
    (S.QUEUED, S.FAILED, "claim"): lambda at: (at.put(payload="{broken"), take(at.storage)),
    (S.QUEUED, S.FAILED, "expire"): lambda at: (at.put_short_lived(), at.wait(), at.storage.expire(1)),
    (S.PROCESSING, S.COMPLETED, "finish"): lambda at: (at.put(), at.take(), at.end(S.COMPLETED)),
    (S.PROCESSING, S.FAILED, "finish"): lambda at: (at.put(), at.take(), at.end(S.FAILED)),
    (S.PROCESSING, S.SCHEDULED, "finish"): lambda at: (at.put(), at.take(), at.end(S.SCHEDULED)),
    (S.PROCESSING, S.CANCELLED, "finish"): lambda at: (at.put(), at.take(), at.end(S.CANCELLED)),
    (S.PROCESSING, S.QUEUED, "release"): lambda at: (at.put(), at.take(), at.release()),
    (S.PROCESSING, S.CANCELLED, "release"): lambda at: (at.put(), at.take(), at.cancel(), at.release()),
    (S.PROCESSING, S.QUEUED, "rescue"): lambda at: (at.put(), at.take(), at.wait(), at.rescue()),
    (S.PROCESSING, S.FAILED, "rescue"): lambda at: (at.put(max_crashes=1), at.take(), at.wait(), at.rescue()),
    (S.PROCESSING, S.CANCELLED, "rescue"): lambda at: (at.put(), at.take(), at.cancel(), at.wait(), at.rescue()),
    **{
        (finished, S.QUEUED, "retry"): lambda at, reach=REACHED[finished]: (reach(at), at.storage.retry(at.task_id))
        for finished in (S.FAILED, S.CANCELLED, S.COMPLETED)
    },
    **{
        (finished, S.SCHEDULED, "retry"): lambda at, reach=REACHED[finished]: (
            reach(at),
            at.storage.retry(at.task_id, delay_seconds=30),
        )
        for finished in (S.FAILED, S.CANCELLED, S.COMPLETED)
    },
}

#: Everything that can be done to a task, by the word that the table has for it.
DONE: dict[str, tuple[str, Callable[[Scene], object]]] = {
    "promote": ("promote", lambda at: at.storage.promote(100)),
    "promote when due": ("promote", lambda at: (at.wait(30), at.storage.promote(100))),
    "claim": ("claim", lambda at: take(at.storage)),
    "claim by nobody": ("claim", lambda at: at.look()),
    "expire": ("expire", lambda at: (at.wait(), at.storage.expire(100))),
    "cancel": ("cancel", lambda at: at.cancel()),
    **{
        f"finish as {status}": ("finish", lambda at, status=status: at.end(status))
        for status in S
        if status != S.QUEUED
    },
    "release": ("release", lambda at: at.release()),
    "rescue": ("rescue", lambda at: at.rescue()),
    "rescue when over": ("rescue", lambda at: (at.wait(), at.rescue())),
    "remove its worker": ("rescue", lambda at: at.storage.remove_worker("worker-1")),
    "retry": ("retry", lambda at: at.storage.retry(at.task_id)),
    "retry later": ("retry", lambda at: at.storage.retry(at.task_id, delay_seconds=5)),
    "pause": ("pause", lambda at: at.storage.pause("mail")),
    "extend": ("extend", lambda at: at.claim and at.storage.extend(at.claim, 60)),
    "progress": ("progress", lambda at: at.claim and at.storage.progress(at.claim, 0.5, None)),
}
del DONE["finish as processing"]

ALL = [(before, after, verb) for before, moves in MOVES.items() for after, verbs in moves.items() for verb in verbs]


@pytest.mark.parametrize(("before", "after", "verb"), sorted(ALL, key=str))
def test_every_move_of_the_table_happens(scene: Scene, before: TaskStatus | None, after: TaskStatus, verb: str):
    MADE[before, after, verb](scene)
    assert scene.status == after


@pytest.mark.parametrize("what", DONE)
@pytest.mark.parametrize("before", TaskStatus)
def test_no_verb_makes_another_move(scene: Scene, before: TaskStatus, what: str):
    """Where the table has no move for a verb, the task stays where it is."""
    REACHED[before](scene)
    assert scene.status == before
    verb, act = DONE[what]
    act(scene)
    allowed = {after for after, verbs in MOVES[before].items() if verb in verbs}
    if before is S.SCHEDULED and verb == "claim":
        allowed.add(S.PROCESSING)  # two moves in one call: due, then taken
    assert TaskStatus(scene.status) in {before, *allowed}


@pytest.mark.parametrize("before", [S.COMPLETED, S.FAILED, S.CANCELLED])
@pytest.mark.parametrize("what", [what for what, (verb, _) in DONE.items() if verb != "retry"])
def test_what_is_finished_stays_as_it_is(scene: Scene, before: TaskStatus, what: str):
    """To the last column, whatever else is done."""
    REACHED[before](scene)
    row = scene.storage.get(scene.task_id)
    DONE[what][1](scene)
    assert scene.storage.get(scene.task_id) == row
