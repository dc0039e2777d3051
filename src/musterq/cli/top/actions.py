"""The only writes: what somebody asked for with a key, and has said yes to."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from musterq.cli.moves import not_cancelled, not_retried
from musterq.cli.output import visible
from musterq.models import Task
from musterq.queue.task_queue import TaskQueue


class Verb(StrEnum):
    """What can be done."""

    RETRY = "retry"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"


class Action(msgspec.Struct, frozen=True):
    """Something to do with a task, by its number, or with a type."""

    verb: Verb
    subject: int | str

    @property
    def question(self) -> str:
        """What is asked before it is done."""
        of_a_task = self.verb in (Verb.RETRY, Verb.CANCEL)
        return f"{self.verb.value} {'task' if of_a_task else 'type'} {visible(str(self.subject))}?"


def perform(queue: TaskQueue, action: Action) -> str:
    """Do it; returns what came of it, in words.

    Raises:
        QueueDatabaseError: the database could not do it.
        ValueError: plain SQL has put in a type that cannot be paused by this name.
    """
    match action.verb:
        case Verb.RETRY:
            return _moved(queue, int(action.subject), queue.retry, "is queued again", not_retried)
        case Verb.CANCEL:
            return _moved(queue, int(action.subject), queue.cancel, "is cancelled, or asked to stop", not_cancelled)
        case Verb.PAUSE:
            queue.pause(str(action.subject))
            return f"{action.subject} is paused; those that run go on"
        case Verb.RESUME:
            return f"{action.subject} {'is resumed' if queue.resume(str(action.subject)) else 'was not paused'}"


def _moved(
    queue: TaskQueue, task_id: int, move: Callable[[int], bool], done: str, refusal: Callable[[Task], str]
) -> str:
    if move(task_id):
        return f"task {task_id} {done}"
    task = queue.get(task_id)
    return f"there is no task {task_id} any more" if task is None else refusal(task)
