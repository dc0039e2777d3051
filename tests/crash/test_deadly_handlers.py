"""Handlers that take their process along, leave it, or never come back."""

from __future__ import annotations

import pytest

from tests.crash.arena import Arena
from tests.worker.waiting import until

SOON = {"initial_seconds": 0.05, "max_seconds": 0.1}


@pytest.mark.parametrize(
    ("type", "payload"), [("poison", {}), ("exit_at_once", {"code": 7}), ("eat_memory", {"mebibytes": 50})]
)
def test_a_poison_task_ends_alone(arena: Arena, type: str, payload: dict[str, int]) -> None:
    """Its first death takes a worker along; the others are those of its own child. What ran beside it is completed."""
    poisoned = arena.enqueue(type, payload, priority=50)
    beside = arena.enqueue("work", {"seconds": 0.2}, times=6)
    arena.start("w1", ready=False, concurrency=4)
    assert arena.processes["w1"].wait(30) in (-9, 7)
    arena.start("w2", concurrency=4)
    arena.drain()
    (task,) = [arena.queue.get(task_id) for task_id in poisoned]
    assert task is not None
    assert (task.status, task.crashes) == ("failed", 3)
    assert task.error_message is not None
    assert task.error_message.startswith("worker lost")
    assert ("SIGKILL" in task.error_message) or ("exited with code 7" in task.error_message)
    assert arena.processes["w2"].poll() is None
    assert max(arena.queue.get(task_id).crashes for task_id in beside) <= 1  # type: ignore[union-attr]
    arena.check(failed=poisoned)


@pytest.mark.parametrize(("type", "payload"), [("poison", {}), ("exit_at_once", {"code": 7})])
def test_with_children_a_poison_task_kills_no_worker(arena: Arena, type: str, payload: dict[str, int]) -> None:
    """The death of a child is that task's crash."""
    poisoned = arena.enqueue(type, payload)
    arena.enqueue("quick", times=20)
    worker = arena.start("w1", executor='"processes"', concurrency=2)
    arena.drain()
    assert worker.poll() is None
    arena.check(failed=poisoned)


def test_a_handler_that_never_returns_is_killed_at_its_hard_limit(arena: Arena) -> None:
    """And fails like any other, when its attempts are used up."""
    hanging = arena.enqueue("never_return", hard_timeout=0.5, max_attempts=2, retry=SOON)
    arena.enqueue("quick", times=5)
    worker = arena.start("w1", concurrency=2)
    arena.drain()
    task = arena.queue.get(hanging[0])
    assert task is not None
    assert (task.attempts, task.crashes) == (2, 0)
    assert "hard time limit" in str(task.error_message)
    assert worker.poll() is None
    arena.check(failed=hanging)


def test_a_child_that_a_handler_left_keeps_nothing_alive(arena: Arena) -> None:
    """Its parent is known to be dead although the child lives on."""
    left = arena.enqueue("fork_and_die", max_crashes=1)
    worker = arena.start("w1", ready=False)
    assert worker.wait(30) == -9
    until((arena.folder / "orphan").exists)
    arena.start("w2")
    until(lambda: arena.state("w1") == "lost")
    arena.drain()
    arena.check(failed=left)
