"""A queue in plain Python, as simple as can be, that says what the verbs must do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from musterq.models import MOVES, SchedulingStrategy, TaskStatus
from musterq.scheduling import ORDERS

S = TaskStatus


@dataclass(kw_only=True)
class ModelTask:
    """What the model knows of a task. ``token`` stays on a row until a verb takes it away."""

    id: int
    type: str
    needs_gpu: bool
    priority: int
    status: TaskStatus
    max_attempts: int = 5
    attempts: int = 0
    key: str | None = None
    due: float = 0.0
    expires: float | None = None
    broken: bool = False
    token: int | None = None
    cancel_requested: bool = False
    crashes: int = 0
    error: str | None = None
    created: float = 0.0
    came_due: float | None = None
    started: float | None = None
    finished: float | None = None

    def run_ms(self) -> int | None:
        """From its start to its end, as its row tells."""
        if self.started is None or self.finished is None:
            return None
        return max(0, round((self.finished - self.started) * 1000))

    def wait_ms(self, now: float) -> int:
        """Since it could run."""
        since = self.created if self.came_due is None else self.came_due
        return max(0, round((now - since) * 1000))

    def forget_run(self) -> None:
        """It is as if it had not been started."""
        self.started = self.finished = None


@dataclass
class ModelQueue:
    """All tasks, and the pauses."""

    tasks: dict[int, ModelTask] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)

    def counts(self) -> Counter[tuple[str, TaskStatus]]:
        return Counter((task.type, task.status) for task in self.tasks.values())

    def by_key(self, key: str | None) -> ModelTask | None:
        return next((task for task in self.tasks.values() if key is not None and task.key == key), None)

    def holds(self, task_id: int, token: int) -> bool:
        task = self.tasks.get(task_id)
        return task is not None and task.status is S.PROCESSING and task.token == token

    def move(self, task: ModelTask, status: TaskStatus, verb: str) -> None:
        """A move by a verb: it must be one of the table's."""
        assert verb in MOVES[task.status].get(status, ()), f"{verb} moved {task.id} from {task.status} to {status}"
        task.status = status

    def promote(self, now: float, limit: int) -> int:
        due = sorted((t for t in self.tasks.values() if t.status is S.SCHEDULED and t.due <= now), key=lambda t: t.due)
        if len(due) > limit and due[limit - 1].due == due[limit].due:
            raise ValueError("the model cannot tell which of the equals are promoted")
        for task in due[:limit]:
            self.move(task, S.QUEUED, "promote")
            task.came_due = task.due
        return min(len(due), limit)

    def eligible(self, types: frozenset[str] | None, *, gpu: bool) -> list[ModelTask]:
        return [
            task
            for task in self.tasks.values()
            if task.status is S.QUEUED
            and task.type not in self.paused
            and (types is None or task.type in types)
            and (gpu or not task.needs_gpu)
        ]

    def in_order(self, tasks: list[ModelTask], strategy: SchedulingStrategy) -> list[ModelTask]:
        return sorted(tasks, key=lambda task: ORDERS[strategy](task.priority, task.id))
