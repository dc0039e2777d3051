"""The producer's side of a queue: handlers are defined, tasks are enqueued."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, Protocol, Required, TypeVar, Unpack, overload

from musterq.checks import TaskOptions, check_type, new_task
from musterq.models import Enqueued, NewTask
from musterq.queue.draining import InPlace
from musterq.queue.handles import Handle
from musterq.queue.opened import OpenQueue
from musterq.queue.running import Runner
from musterq.queue.tasks import CoroutineTask, DefinitionOptions, FunctionTask, TaskDefinition, define
from musterq.scalars import check_id, shown
from musterq.tracing import traced_write

P = ParamSpec("P")
R = TypeVar("R")


class EnqueueItem(TaskOptions, total=False):
    """One item of `TaskQueue.enqueue_many`."""

    type: Required[str]
    payload: Any


class TaskDecorator(Protocol):
    """What makes a function a task."""

    @overload  # the first that fits is meant: an async def is a function, too
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> CoroutineTask[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> FunctionTask[P, R]: ...


class Producing(OpenQueue):
    """Defines handlers and enqueues tasks."""

    # -- handlers --------------------------------------------------------------------------------
    @overload  # the first that fits is meant: an async def is a function, too
    def task(  # type: ignore[overload-overlap]
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> CoroutineTask[P, R]: ...
    @overload
    def task(self, function: Callable[P, R], /) -> FunctionTask[P, R]: ...
    @overload
    def task(
        self, function: None = None, /, *, type: str | None = None, **options: Unpack[DefinitionOptions]
    ) -> TaskDecorator: ...
    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        type: str | None = None,
        **options: Any,
    ) -> Any:
        """Make a function the handler of a type of tasks: ``@queue.task`` or ``@queue.task(type="thumbnail", ...)``.

        Args:
            function: a function, or an ``async def``, all of whose parameters can be given by name.
            type: the type of its tasks; None: the function's name.
            options: what its tasks get unless they are given something else, as `enqueue` explains them.

        Raises:
            TypeError: the function cannot be a handler, or there is no such option.
            ValueError: the type has a handler already, or an option's value cannot be.
        """
        if function is not None:
            return self._define(type, function, options)
        return lambda function: self._define(type, function, options)

    def _define(self, type: str | None, function: Callable[..., Any], options: Any) -> TaskDefinition[..., Any]:
        for option in options:
            if option not in DefinitionOptions.__optional_keys__:
                known = ", ".join(sorted(DefinitionOptions.__optional_keys__))
                raise TypeError(f"a handler has no option {option!r}; give some of: type, {known}")
        definition = define(self, type, function, options)
        other = self._definitions.setdefault(definition.type, definition)
        if other is not definition:
            raise ValueError(f"the type {definition.type!r} has a handler already, {other!r}; give another type=")
        return definition

    # -- enqueueing ------------------------------------------------------------------------------
    def enqueue(
        self, type: str, payload: Any = None, *, within: Any = None, **options: Unpack[TaskOptions]
    ) -> Handle[Any]:
        """Put one task into the queue.

        Where a handler of the type is defined here, the payload must fit it, and the task gets the
        definition's options where none are given.

        Args:
            type: what kind of work it is.
            payload: anything that JSON can say; a handler in Python takes a dict of its arguments. None: ``{}``.
            within: a connection of the caller's own to the same database, in a transaction: the task is there when
                that commits, and never was if it rolls back.
            options: ``priority`` 1 to 1000, lower runs first (100);
                ``delay`` in seconds, or ``run_at``, an aware datetime: not before then;
                ``expires_in`` in seconds, or ``expires_at``: fails instead of being started first after that;
                ``max_attempts`` (5) and ``max_crashes`` (3): how many errors, and deaths of its workers, it may meet;
                ``retry``: a `RetryPolicy`, or a dict of its fields;
                ``timeout``: after so many seconds `TaskTimeout` is raised in its handler, where that is possible;
                ``hard_timeout``: a worker runs it in a child process, which is killed after so many seconds;
                ``compatibility``: what it asks of a worker's capabilities; ``headers``: text to text, kept as they are;
                ``concurrency_key``: of all tasks with this key, of whatever type, at most ``concurrency_limit`` (1) run
                at once; the newest task of a key says how many;
                ``idempotency_key``: the task that has it already is returned instead.

        Raises:
            TypeError, ValueError: an argument is not allowed; nothing was written.
            QueueDatabaseError: the database could not write it.
        """
        return self.put(self._prepare(type, payload, options), within)

    def enqueue_many(self, tasks: Iterable[EnqueueItem], *, within: Any = None) -> list[Handle[Any]]:
        """Put many tasks into the queue in one transaction, all or none; each is a dict of `enqueue`'s arguments.

        Raises:
            TypeError, ValueError: an item is not allowed; the message has its index, and nothing was written.
            QueueDatabaseError: the database could not write them.
        """
        checked = [self._prepare_item(index, item) for index, item in enumerate(tasks)]
        made = self._written(checked, within, many=True) if checked else []
        return [Handle(self, enqueued.id, created=enqueued.created) for enqueued in made]

    def handle(self, task_id: int) -> Handle[Any]:
        """A handle for a task that was enqueued elsewhere or before; whether it exists shows when it is used.

        Raises:
            TypeError, ValueError: this is no id.
        """
        return Handle(self, check_id("task_id", task_id), created=False)

    def build(self, type: str, payload: Any, options: TaskOptions | DefinitionOptions) -> NewTask:
        """Check all parts of a task, and make it without writing it.

        Raises:
            TypeError, ValueError: a part is not allowed.
        """
        return new_task(type, payload, now=self.database.clock.now, max_payload_bytes=self.max_payload_bytes, **options)

    def put(self, task: NewTask, within: Any = None) -> Handle[Any]:
        """Write one task that was built."""
        (enqueued,) = self._written((task,), within, many=False)
        return Handle(self, enqueued.id, created=enqueued.created)

    def _written(self, tasks: Sequence[NewTask], within: Any, *, many: bool) -> list[Enqueued]:
        write, tracer = self.storage.enqueue, self.events.tracer
        if tracer is None:
            made = write(tasks, within=within)
        else:
            made = traced_write(tracer, tasks, partial(write, within=within), many=many)
        self._note(made, tasks, within)
        return made

    def _prepare(self, type: Any, payload: Any, options: Any) -> NewTask:
        arguments = {} if payload is None else payload
        definition = self._definitions.get(type) if isinstance(type, str) else None
        if definition is None:
            return self.build(type, arguments, options)
        definition.parameters.check(arguments)
        return definition.build(arguments, options)

    def _prepare_item(self, index: int, item: Any) -> NewTask:
        try:
            if not isinstance(item, Mapping):
                raise TypeError(f"{shown(item)} is no dict; give {{'type': ..., 'payload': ...}}")  # noqa: TRY301
            options: dict[str, Any] = {**item}
            return self._prepare(check_type(options.pop("type", None)), options.pop("payload", None), options)
        except TypeError as error:
            raise TypeError(f"tasks[{index}]: {error}") from error
        except ValueError as error:
            raise ValueError(f"tasks[{index}]: {error}") from error

    def _note(self, made: Sequence[Enqueued], tasks: Sequence[NewTask], within: Any) -> None:
        if self.events:
            for enqueued, task in zip(made, tasks, strict=True):
                if enqueued.created:
                    self.events.emit("task.enqueued", task_id=enqueued.id, type=task.type)
        if within is None and self._immediate.is_on:
            self._run_new(made, tasks)

    # -- here and now ----------------------------------------------------------------------------
    @contextmanager
    def immediate(self) -> Iterator[None]:
        """Within this block, ``enqueue`` of a type whose handler is defined here runs the task before it returns.

        Everything is as with a worker, from the row in the database to its result, error and retries (which, like
        delays, are not waited for); only the worker is this thread, and is able to do whatever a task asks for.
        What was in the queue before is left alone, and so are new tasks that nobody could claim now (of a paused
        type, or taken by somebody else) and those enqueued ``within`` a transaction.

        The queue is switched for all threads, from the first block that is entered to the end of the last one, which
        waits for what other threads run.
        """
        with self._immediate.block(self.storage):
            yield

    def _run_new(self, made: Sequence[Enqueued], tasks: Sequence[NewTask]) -> None:
        with self._immediate.run(self.storage) as worker_id:
            if worker_id is None:
                return
            here = self._in_place()
            for enqueued, task in zip(made, tasks, strict=True):
                if enqueued.created and task.type in self._definitions:
                    here.run_new(worker_id, enqueued.id, task)

    def _in_place(self) -> InPlace:
        storage = self.storage
        return InPlace(storage, Runner(self._definitions, storage, self._random, events=self.events), self.events)
