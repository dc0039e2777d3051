"""Pausing a type of tasks."""

from musterq.queue.task_queue import TaskQueue


def test_a_paused_type_waits(queue: TaskQueue):
    """Its tasks stay queued, others go on; `resume` lets them run."""
    held = queue.enqueue("mail")
    free = queue.enqueue("report")
    queue.pause("mail")
    assert [claim.task_id for claim in queue.claim("worker-01", limit=10)] == [free.id]
    assert held.status() == "queued"
    assert queue.resume("mail")
    assert [claim.task_id for claim in queue.claim("worker-01", limit=10)] == [held.id]


def test_a_pause_holds_for_tasks_that_come_later(queue: TaskQueue):
    """Also for a type that the queue has not seen yet."""
    queue.pause("mail")
    queue.enqueue("mail")
    queue.enqueue("mail", compatibility={"gpu": True})
    assert queue.claim("worker-01", limit=10, capabilities={"gpu": True}) == []


def test_a_task_that_runs_goes_on(queue: TaskQueue):
    """A pause takes nothing away."""
    queue.enqueue("mail")
    (claim,) = queue.claim("worker-01")
    queue.pause("mail")
    assert queue.complete(claim)


def test_what_is_paused_can_be_asked(queue: TaskQueue):
    """In order; pausing twice is one pause."""
    for type_ in ("report", "mail", "mail"):
        queue.pause(type_)
    assert queue.paused() == ["mail", "report"]
    assert queue.resume("mail")
    assert not queue.resume("mail")
    assert queue.paused() == ["report"]
