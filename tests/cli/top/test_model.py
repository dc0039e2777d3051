"""What is read is what the database holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from musterq import QueueMonitoring, TaskQueue
from musterq.cli.top.model import Model
from musterq.cli.top.wanted import Kind, Span, Wanted, Which
from musterq.errors import QueueDatabaseError
from musterq.models import TaskStatus


@contextmanager
def without_a_table(queue: TaskQueue) -> Iterator[None]:
    """The database cannot be read for a while."""
    with closing(sqlite3.connect(queue.database.location, isolation_level=None)) as other:
        other.execute("PRAGMA legacy_alter_table = ON")
        other.execute("ALTER TABLE counters RENAME TO away")
        yield
        other.execute("ALTER TABLE away RENAME TO counters")


def test_the_counts_and_figures_are_those_of_the_queue(queue: TaskQueue):
    """By type and status, with what is paused."""
    queue.enqueue_many([{"type": "mail"}, {"type": "mail"}, {"type": "thumbnail", "delay": 60}])
    queue.pause("mail")
    seen = Model(queue, 0.1).read(Wanted())
    assert seen.counts.tasks == {("mail", TaskStatus.QUEUED): 2, ("thumbnail", TaskStatus.SCHEDULED): 1}
    assert seen.counts.paused == ["mail"]
    assert seen.counts.by_type()["mail"] == {TaskStatus.QUEUED: 2}
    assert seen.metrics is not None
    assert seen.metrics["queue_depth_by_type"] == {"mail": 2}
    assert [found["check"] for found in seen.findings] == [
        found["check"] for found in QueueMonitoring(queue.database).check_health()
    ]


def test_each_place_reads_what_it_shows(queue: TaskQueue):
    """Workers, tasks of a status and type, one worker with what it holds, one task with its explanation."""
    queue.enqueue_many([{"type": "mail"}, {"type": "thumbnail"}])
    (claim,) = queue.claim("w-1", types=["mail"])
    model = Model(queue, 0.1)
    workers = model.read(Wanted(Kind.WORKERS)).workers
    assert workers is not None
    assert [worker["worker_id"] for worker in workers] == ["w-1"]
    tasks = model.read(Wanted(Kind.TASKS, Which(TaskStatus.QUEUED, "thumbnail"))).tasks
    assert tasks is not None
    assert ([task.type for task in tasks.items], tasks.more) == (["thumbnail"], False)
    worker = model.read(Wanted(Kind.WORKER, worker_id="w-1")).worker
    assert worker is not None
    assert [task.id for task in worker.held] == [claim.task_id]
    found = model.read(Wanted(Kind.TASK, task_id=claim.task_id)).task
    assert found is not None
    assert found.task is not None
    assert found.explanation is not None
    assert found.explanation["status"] == "processing"


def test_what_is_not_there_is_read_as_nothing(queue: TaskQueue):
    """A task or worker may go while one looks."""
    model = Model(queue, 0.1)
    task, worker = model.read(Wanted(Kind.TASK, task_id=9)).task, model.read(Wanted(Kind.WORKER, worker_id="w")).worker
    assert task is not None
    assert worker is not None
    assert (task.task, task.explanation, worker.activity, worker.held) == (None, None, None, [])


@pytest.mark.parametrize("span", [Span.HOUR, Span.DAY])
def test_charts_come_from_the_history_of_the_queue(queue: TaskQueue, span: Span):
    """What ended is in the last step, or the one before."""
    queue.enqueue("mail")
    for claim in queue.claim("w-1"):
        queue.complete(claim)
    trends = Model(queue, 0.1).read(Wanted(span=span)).trends
    assert sum(value or 0 for value in trends.whole["completed"][-2:]) == 1
    assert trends.depth_of("unknown") == ()


def test_live_charts_are_what_was_seen(queue: TaskQueue):
    """Since the start."""
    queue.enqueue("mail")
    assert Model(queue, 0.1).read(Wanted(span=Span.LIVE)).trends.whole["queued"] == [1]


def test_nothing_is_written(queue: TaskQueue):
    """However often one looks."""
    queue.enqueue("mail")
    with closing(sqlite3.connect(queue.database.location)) as other:
        before = other.execute("PRAGMA data_version").fetchone()
        model = Model(queue, 0.1)
        for kind in Kind:
            model.read(Wanted(kind, Which(TaskStatus.QUEUED), worker_id="w-1", task_id=1))
        assert other.execute("PRAGMA data_version").fetchone() == before


def test_a_database_that_cannot_be_read_is_a_trouble_that_ends(queue: TaskQueue):
    """What was known stays, and it is not asked without a pause."""
    queue.enqueue("mail")
    model = Model(queue, 0.1)
    known = model.refresh(Wanted())
    assert known.trouble is None
    with without_a_table(queue):
        model.forget()
        seen = model.refresh(Wanted())
        assert seen.trouble is not None
        assert "counters" in seen.trouble.message
        assert seen.counts == known.counts
        assert model.wait(Wanted(Kind.WORKERS)) > 0.5
        model.forget()
        again = model.refresh(Wanted())
        assert again.trouble is not None
        assert again.trouble.since == seen.trouble.since
        with pytest.raises(QueueDatabaseError, match="counters"):
            model.read(Wanted())
    assert model.refresh(Wanted()).trouble is None
