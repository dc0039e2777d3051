"""AsyncTaskQueue: the verbs of the queue for coroutines, run in threads off the event loop."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, Unpack, cast, overload

from musterq.checks import MAX_PAYLOAD_BYTES, TaskOptions
from musterq.cron import CatchUp
from musterq.database import QueueDatabase
from musterq.errors import WaitTimeoutError
from musterq.events import Events
from musterq.models import FINISHED, Task, TaskStatus
from musterq.queue.finish_watch import FinishWatch
from musterq.queue.groups import GroupHandle, group_timed_out, seconds_until
from musterq.queue.handles import Handle, result_of, timed_out
from musterq.queue.parts import Parallel, Part
from musterq.queue.producing import EnqueueItem, TaskDecorator
from musterq.queue.schedules import TickOptions
from musterq.queue.task_queue import TaskQueue
from musterq.queue.tasks import BoundTask, DefinitionOptions, TaskDefinition
from musterq.records import GroupProgress

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def _off_loop(
    verb: Callable[Concatenate[TaskQueue, P], R],
) -> Callable[Concatenate[AsyncTaskQueue, P], Coroutine[Any, Any, R]]:
    """A verb of TaskQueue, typed and documented as it is there, to be awaited."""

    async def awaitable(self: AsyncTaskQueue, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(verb, self.queue, *args, **kwargs)

    functools.update_wrapper(awaitable, verb)
    return awaitable


class AsyncHandle(Generic[R]):
    """A task in the queue.

    Attributes:
        id: the id of the task.
        created: False where the idempotency key was there already, and this is the task that has it.
    """

    __slots__ = ("_handle", "_watch", "created", "id")

    def __init__(self, handle: Handle[R], watch: FinishWatch) -> None:
        self.id = handle.id
        self.created = handle.created
        self._handle = handle
        self._watch = watch

    def __repr__(self) -> str:
        return f"<AsyncHandle of task {self.id}>"

    async def get(self) -> Task:
        """The task as it stands now; TaskNotFoundError if it was deleted."""
        return await asyncio.to_thread(self._handle.get)

    async def status(self) -> TaskStatus:
        """Where the task stands now; TaskNotFoundError if it was deleted."""
        return await asyncio.to_thread(self._handle.status)

    async def wait(self, timeout: float | None = None) -> R:  # noqa: ASYNC109 - the same as of a Handle
        """Sleep until the task has finished, for at most ``timeout`` seconds, and return its result.

        Any number of coroutines may wait: they hold no thread each.

        Raises:
            TaskFailedError: it failed or was cancelled; the message holds its error.
            WaitTimeoutError: it has not finished in time, and goes on.
            TaskNotFoundError: it was deleted.
        """
        task = await self.get()
        if task.status not in FINISHED:
            task = await self._finished(timeout)
        result: R = result_of(task)
        return result

    async def _finished(self, seconds: float | None) -> Task:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._watch.finished(self.id)), seconds)
        except TimeoutError:
            raise timed_out(self.id, seconds) from None


class AsyncGroupHandle:
    """A group in the queue.

    Attributes:
        id: the id of the group, which is that of its first part.
        handles: its parts, in order.
        then: what follows when all of them are completed; None: nothing does.
    """

    __slots__ = ("_group", "handles", "id", "then")

    def __init__(self, group: GroupHandle, watch: FinishWatch) -> None:
        self.id = group.id
        self.handles = tuple(AsyncHandle(handle, watch) for handle in group.handles)
        self.then = None if group.then is None else AsyncHandle(group.then, watch)
        self._group = group

    def __repr__(self) -> str:
        return f"<AsyncGroupHandle of group {self.id}, {len(self.handles)} parts>"

    async def progress(self) -> GroupProgress:
        """How far its parts are; TaskNotFoundError if they were deleted."""
        return await asyncio.to_thread(self._group.progress)

    async def wait(self, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the same as of a GroupHandle
        """Sleep until all is finished; as `GroupHandle.wait`. Any number of coroutines may wait."""
        end = None if timeout is None else monotonic() + timeout
        try:
            if self.then is not None:
                return await self.then.wait(timeout)
            return [await handle.wait(seconds_until(end)) for handle in self.handles]
        except WaitTimeoutError:
            raise group_timed_out(self.id, timeout) from None

    async def cancel(self) -> int:
        """Cancel what waits, ask what runs to stop; as `GroupHandle.cancel`."""
        return await asyncio.to_thread(self._group.cancel)


class AsyncTask(Generic[P, R, C]):
    """A handler that is called as before, and whose ``enqueue`` is awaited.

    Attributes:
        definition: the definition in the queue; its type, function and defaults are there.
    """

    def __init__(self, queue: AsyncTaskQueue, definition: TaskDefinition[P, R]) -> None:
        self.definition = definition
        self._queue = queue
        functools.update_wrapper(self, definition.function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> C:
        """Call the handler, here and now; await what it returns if it is an ``async def``."""
        result: C = self.definition(*args, **kwargs)
        return result

    def __repr__(self) -> str:
        return f"<AsyncTask {self.definition!r}>"

    async def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> AsyncHandle[R]:
        """Have a worker call the handler with these arguments; as `TaskDefinition.enqueue`."""
        handle = await asyncio.to_thread(self.definition.enqueue, *args, **kwargs)
        return self._queue.awaitable(handle)

    def part(self, *args: Any, **kwargs: Any) -> Part:
        """A task for a chain or group, with these arguments; as `TaskDefinition.part`."""
        return self.definition.part(*args, **kwargs)

    def options(self, *, within: Any = None, **options: Unpack[TaskOptions]) -> AsyncBoundTask[P, R]:
        """Enqueue with other options than the definition's; ``within`` is a connection in the caller's transaction."""
        return AsyncBoundTask(self._queue, self.definition.options(within=within, **options), within)


class AsyncBoundTask(Generic[P, R]):
    """A definition with other options."""

    def __init__(self, queue: AsyncTaskQueue, bound: BoundTask[P, R], within: Any) -> None:
        self._queue = queue
        self._bound = bound
        self._within = within

    async def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> AsyncHandle[R]:
        """Have a worker call the handler with these arguments; as `BoundTask.enqueue`."""
        return self._queue.awaitable(await _unless_within(self._within, self._bound.enqueue, *args, **kwargs))

    def part(self, *args: Any, **kwargs: Any) -> Part:
        """A task for a chain or group, with these arguments; as `BoundTask.part`."""
        return self._bound.part(*args, **kwargs)


class AsyncTaskDecorator(Protocol):
    """What makes a function a task."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncTask[P, R, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> AsyncTask[P, R, R]: ...


class AsyncTaskQueue:
    """A TaskQueue whose verbs are awaited; each is explained at the verb of the same name there.

    Attributes:
        queue: the TaskQueue itself, which a worker is given.
    """

    def __init__(
        self,
        queue: TaskQueue | QueueDatabase | str | os.PathLike[str] | None = None,
        *,
        max_payload_bytes: int = MAX_PAYLOAD_BYTES,
        events: Events | None = None,
    ) -> None:
        if isinstance(queue, TaskQueue):
            self.queue = queue
        else:
            self.queue = TaskQueue(queue, max_payload_bytes=max_payload_bytes, events=events)
        self._owns_queue = self.queue is not queue

    @overload
    def task(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncTask[P, R, Coroutine[Any, Any, R]]: ...
    @overload
    def task(self, function: Callable[P, R], /) -> AsyncTask[P, R, R]: ...
    @overload
    def task(
        self, function: None = None, /, *, type: str | None = None, **options: Unpack[DefinitionOptions]
    ) -> AsyncTaskDecorator: ...
    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        type: str | None = None,
        **options: Any,
    ) -> Any:
        """Make a function the handler of a type of tasks; as `TaskQueue.task`."""
        if function is not None:
            return AsyncTask(self, self.queue.task(_definition_of(function)))
        decorate = self.queue.task(type=type, **options)
        return lambda function: AsyncTask(self, decorate(_definition_of(function)))

    def cron(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        catch_up: str = CatchUp.LATEST.value,
        name: str | None = None,
        payload: dict[str, Any] | None = None,
        **options: Unpack[TickOptions],
    ) -> AsyncTaskDecorator:
        """Enqueue a task whenever a cron expression says so; as `TaskQueue.cron`."""
        decorate = self.queue.cron(
            expression, timezone=timezone, catch_up=catch_up, name=name, payload=payload, **options
        )
        return self._scheduling(decorate)

    def every(
        self,
        seconds: float | timedelta,
        *,
        catch_up: str = CatchUp.LATEST.value,
        name: str | None = None,
        payload: dict[str, Any] | None = None,
        **options: Unpack[TickOptions],
    ) -> AsyncTaskDecorator:
        """Enqueue a task every so many seconds; as `TaskQueue.every`."""
        return self._scheduling(self.queue.every(seconds, catch_up=catch_up, name=name, payload=payload, **options))

    def _scheduling(self, decorate: TaskDecorator) -> AsyncTaskDecorator:
        decorator: Any = lambda function: AsyncTask(self, decorate(_definition_of(function)))  # noqa: E731  # three forms
        return cast("AsyncTaskDecorator", decorator)

    async def enqueue(
        self, type: str, payload: Any = None, *, within: Any = None, **options: Unpack[TaskOptions]
    ) -> AsyncHandle[Any]:
        """Put one task into the queue; as `TaskQueue.enqueue`."""
        handle = await _unless_within(within, self.queue.enqueue, type, payload, within=within, **options)
        return self.awaitable(handle)

    async def enqueue_many(self, tasks: Iterable[EnqueueItem], *, within: Any = None) -> list[AsyncHandle[Any]]:
        """Put many tasks into the queue, all or none; as `TaskQueue.enqueue_many`."""
        handles = await _unless_within(within, self.queue.enqueue_many, tasks, within=within)
        return [self.awaitable(handle) for handle in handles]

    def handle(self, task_id: int) -> AsyncHandle[Any]:
        """A handle for a task that was enqueued elsewhere or before; as `TaskQueue.handle`."""
        return self.awaitable(self.queue.handle(task_id))

    def part(self, type: str, payload: Any = None, **options: Unpack[TaskOptions]) -> Part:
        """A task for `chain` or `group`; as `TaskQueue.part`."""
        return self.queue.part(type, payload, **options)

    def parallel(self, *parts: Part) -> Parallel:
        """Parts of a `chain` that run side by side; as `TaskQueue.parallel`."""
        return self.queue.parallel(*parts)

    async def chain(self, *steps: Part | Parallel, within: Any = None) -> AsyncHandle[Any]:
        """Put in tasks that follow one another; as `TaskQueue.chain`."""
        return self.awaitable(await _unless_within(within, self.queue.chain, *steps, within=within))

    async def group(self, *parts: Part, then: Part | None = None, within: Any = None) -> AsyncGroupHandle:
        """Put in tasks that run side by side; as `TaskQueue.group`."""
        handle = await _unless_within(within, self.queue.group, *parts, then=then, within=within)
        return AsyncGroupHandle(handle, self.queue.watch)

    get = _off_loop(TaskQueue.get)
    find = _off_loop(TaskQueue.find)
    cancel = _off_loop(TaskQueue.cancel)
    retry = _off_loop(TaskQueue.retry)
    pause = _off_loop(TaskQueue.pause)
    resume = _off_loop(TaskQueue.resume)
    paused = _off_loop(TaskQueue.paused)
    set_limit = _off_loop(TaskQueue.set_limit)
    limits = _off_loop(TaskQueue.limits)
    claim = _off_loop(TaskQueue.claim)
    complete = _off_loop(TaskQueue.complete)
    fail = _off_loop(TaskQueue.fail)
    extend = _off_loop(TaskQueue.extend)
    release = _off_loop(TaskQueue.release)
    drain = _off_loop(TaskQueue.drain)
    group_progress = _off_loop(TaskQueue.group_progress)
    save_schedules = _off_loop(TaskQueue.save_schedules)
    schedules = _off_loop(TaskQueue.schedules)
    pause_schedule = _off_loop(TaskQueue.pause_schedule)
    resume_schedule = _off_loop(TaskQueue.resume_schedule)
    remove_schedule = _off_loop(TaskQueue.remove_schedule)

    async def trigger(self, name: str) -> AsyncHandle[Any]:
        """Enqueue the task of a schedule now; as `TaskQueue.trigger`."""
        return self.awaitable(await asyncio.to_thread(self.queue.trigger, name))

    retention = _off_loop(TaskQueue.retention)
    set_retention = _off_loop(TaskQueue.set_retention)
    prune = _off_loop(TaskQueue.prune)

    @asynccontextmanager
    async def immediate(self) -> AsyncIterator[None]:
        """Within this block, ``enqueue`` runs the task before it returns; as `TaskQueue.immediate`."""
        mode = self.queue.immediate()
        await asyncio.to_thread(mode.__enter__)
        try:
            yield
        finally:
            await asyncio.to_thread(mode.__exit__, None, None, None)

    def awaitable(self, handle: Handle[R]) -> AsyncHandle[R]:
        """The same handle, its verbs to be awaited."""
        return AsyncHandle(handle, self.queue.watch)

    async def close(self) -> None:
        """Close the queue if it was opened here."""
        if self._owns_queue:
            await asyncio.to_thread(self.queue.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.queue.database.location!r})"


def _definition_of(function: Any) -> Any:
    """The definition of what is a task already."""
    return function.definition if isinstance(function, AsyncTask) else function


async def _unless_within(connection: Any, verb: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Off the loop, but for a caller's own transaction: its connection belongs to the thread that made it."""
    if connection is not None:
        return verb(*args, **kwargs)
    return await asyncio.to_thread(verb, *args, **kwargs)
